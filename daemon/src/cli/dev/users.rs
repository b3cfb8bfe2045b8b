//! The users that the standard's test cases log in as, furnished by `keyhold dev --conformance` and nothing else.

use kmip::{
    Secret,
    message::{Device, Password},
};

use crate::{
    cli::Failure,
    identity::{NewCredential, NewUser},
    server::Appliance,
};

/// Makes the users, unless they are there.
pub(super) fn furnish(appliance: &Appliance, vault: &str) -> Result<(), Failure> {
    let accounts = appliance.service.accounts();
    for user in users() {
        accounts.furnish(vault, &user).map_err(|error| {
            Failure::failed(format!("the user {:?}: {}", user.name, error.message()))
        })?;
    }
    Ok(())
}

fn users() -> [NewUser; 5] {
    let user = |name: &str, role: &str, credential| NewUser {
        name: name.to_owned(),
        role: role.to_owned(),
        credentials: vec![credential],
    };
    [
        user("Fred", "user", NewCredential::Password(secret("password1"))),
        // Who may know of Fred's keys, and may do nothing with them.
        user(
            "Barney",
            "auditor",
            NewCredential::Password(secret("secret2")),
        ),
        user(
            "administrator",
            "administrator",
            NewCredential::Password(secret("password")),
        ),
        // Cases say the one password both ways; several use it, so it is good as often.
        NewUser {
            credentials: vec![
                NewCredential::OneTime(vec![secret("one-time-password"); 16]),
                NewCredential::Password(secret("one-time-password")),
            ],
            ..user("one-time-user", "user", NewCredential::OneTime(vec![]))
        },
        user("device", "user", NewCredential::Device(device())),
    ]
}

fn device() -> Device {
    let text = |text: &str| Some(text.to_owned());
    Device {
        device_serial_number: text("serNum123456"),
        password: Some(Password(secret("secret"))),
        device_identifier: text("devID2233"),
        network_identifier: text("netID9000"),
        machine_identifier: text("machineID1"),
        media_identifier: text("mediaID313"),
    }
}

fn secret(text: &str) -> Secret {
    Secret::from(text.as_bytes())
}
