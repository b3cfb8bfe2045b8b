//! Users: made with their credentials, told and removed.

use kmip::{Secret, message::Device, message::Password};

use super::{
    Admin, Deed, Execute, check_name, invalid,
    protocol::{DeviceText, SecretText, UserCreate, UserFacts, UserList, UserRemove, UserShow},
};
use crate::{
    audit::rfc3339,
    error::{Error, Result},
    fault::Fault,
    identity::{NewCredential, NewUser, User},
};

impl Execute for UserCreate {
    fn prepare(self, admin: &Admin, _: u32) -> Result<Deed<'_, UserFacts>> {
        check_user(admin, &self)?;
        let (name, vault) = (self.name.clone(), self.vault.clone());
        let role = self.role.clone();
        let user = NewUser {
            credentials: credentials(self)?,
            name: name.clone(),
            role: role.clone(),
        };
        let mut deed = Deed::on(&vault.clone(), &name.clone(), move || {
            admin.parts.service.accounts().add(&vault, &user)?;
            facts(&admin.user(&name, &vault)?, &vault)
        });
        deed.note = Some(format!("role {role}"));
        Ok(deed)
    }
}

impl Execute for UserList {
    fn prepare(self, admin: &Admin, _: u32) -> Result<Deed<'_, Vec<UserFacts>>> {
        admin.vault(&self.vault)?;
        Ok(Deed::new(move || {
            let users = admin.parts.service.accounts().users(&self.vault)?;
            users.iter().map(|user| facts(user, &self.vault)).collect()
        }))
    }
}

impl Execute for UserShow {
    fn prepare(self, admin: &Admin, _: u32) -> Result<Deed<'_, UserFacts>> {
        let user = admin.user(&self.name, &self.vault)?;
        Ok(Deed::on(&self.vault.clone(), &self.name, move || {
            facts(&user, &self.vault)
        }))
    }
}

impl Execute for UserRemove {
    fn prepare(self, admin: &Admin, _: u32) -> Result<Deed<'_, UserFacts>> {
        let user = admin.user(&self.name, &self.vault)?;
        Ok(Deed::on(
            &self.vault.clone(),
            &self.name.clone(),
            move || {
                admin
                    .parts
                    .service
                    .accounts()
                    .remove(&self.vault, &self.name)?;
                facts(&user, &self.vault)
            },
        ))
    }
}

impl Admin {
    fn user(&self, name: &str, vault: &str) -> Result<User> {
        self.vault(vault)?;
        let users = self.parts.service.accounts().users(vault)?;
        users
            .into_iter()
            .find(|user| user.name == name)
            .ok_or_else(|| {
                let message = format!(
                    "the vault {vault:?} has no user {name:?}; `keyhold user list` tells them"
                );
                Error::new(Fault::NoSuchObject, message)
            })
    }
}

fn check_user(admin: &Admin, new: &UserCreate) -> Result<()> {
    // A mail address is a good name for a user, though not for a client.
    check_name("user", &new.name.replace('@', "."), NAME_BYTES_MAX)?;
    if matches!(new.name.as_str(), "user" | "so") {
        return Err(invalid(
            "\"user\" and \"so\" are the names by which the vault's PINs are given",
        ));
    }
    admin.vault(&new.vault)?;
    if !admin.parts.service.has_role(&new.role) {
        return Err(invalid(format!("the policy has no role {:?}", new.role)));
    }
    Ok(())
}

fn credentials(new: UserCreate) -> Result<Vec<NewCredential>> {
    let mut credentials = Vec::new();
    let device = new.device.filter(|device| *device != DeviceText::default());
    match (new.password, device) {
        (password, Some(device)) => {
            credentials.push(NewCredential::Device(device_of(device, password)));
        }
        (Some(password), None) if new.hashed => {
            credentials.push(NewCredential::hashed(&new.name, &password.0)?);
        }
        (Some(password), None) => credentials.push(NewCredential::Password(password.0)),
        (None, None) => {}
    }
    if !new.one_time_passwords.is_empty() {
        let all: Vec<Secret> = new
            .one_time_passwords
            .into_iter()
            .map(|own| own.0)
            .collect();
        credentials.push(NewCredential::OneTime(all));
    }
    if credentials.is_empty() {
        return Err(invalid(
            "a user is recognised by a password, one-time passwords, or a device; name one",
        ));
    }
    Ok(credentials)
}

fn device_of(own: DeviceText, password: Option<SecretText>) -> Device {
    Device {
        device_serial_number: own.device_serial_number,
        password: password.map(|password| Password(password.0)),
        device_identifier: own.device_identifier,
        network_identifier: own.network_identifier,
        machine_identifier: own.machine_identifier,
        media_identifier: own.media_identifier,
    }
}

fn facts(user: &User, vault: &str) -> Result<UserFacts> {
    Ok(UserFacts {
        name: user.name.clone(),
        vault: vault.to_owned(),
        role: user.role.clone(),
        id: user.id.0.clone(),
        created: user.created.map(rfc3339).unwrap_or_default(),
        credentials: user
            .credentials
            .iter()
            .map(|kind| kind.name().unwrap_or_default().to_owned())
            .collect(),
    })
}

const NAME_BYTES_MAX: usize = 128;
