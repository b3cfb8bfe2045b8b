//! Certificate authorities of vaults: made and told.

use kmip::mechanism::{KeySpec, KeySpecUnknown};
use x509_parser::certificate::X509Certificate;

use super::{
    Admin, Deed, Execute, invalid,
    protocol::{CaCreate, CaFacts, CaShow},
};
use crate::{
    audit::rfc3339,
    authority::{Authority, Options},
    certificate,
    error::{Error, Result},
    fault::Fault,
    names,
};

impl Execute for CaCreate {
    fn prepare(self, admin: &Admin, _: u32) -> Result<Deed<'_, CaFacts>> {
        let vault = admin.vault(&self.vault)?;
        let key: KeySpec = self
            .key
            .parse()
            .map_err(|error: KeySpecUnknown| invalid(error.to_string()))?;
        for days in [self.days, self.issue_days] {
            if !(1..=DAYS_MAX).contains(&days) {
                return Err(invalid(format!(
                    "a certificate is good for 1 to {DAYS_MAX} days"
                )));
            }
        }
        let usual = Options::usual(&vault.name);
        let subject = self.subject.unwrap_or(usual.subject);
        if names::encoded(&subject).is_none() {
            return Err(invalid(
                "the name of the authority is not as RFC 4514 writes it: CN=example,O=example,C=AU",
            ));
        }
        let options = Options {
            subject,
            key,
            days: self.days,
            issue_days: self.issue_days,
            purposes: self.purposes,
        };
        let mut deed = Deed::on(&vault.name.clone(), "authority", move || {
            let made = admin.parts.service.create_authority(&vault, &options)?;
            facts(&vault.name, &made)
        });
        deed.note = Some(format!("key {key}"));
        Ok(deed)
    }
}

impl Execute for CaShow {
    fn prepare(self, admin: &Admin, _: u32) -> Result<Deed<'_, CaFacts>> {
        let vault = admin.vault(&self.vault)?;
        let found = admin.parts.service.authority(&vault.name)?;
        let authority = found.ok_or_else(|| {
            let message = format!(
                "the vault {:?} has no certificate authority; `keyhold ca create --vault {}` makes one",
                vault.name, vault.name
            );
            Error::new(Fault::NoSuchObject, message)
        })?;
        Ok(Deed::on(&self.vault, "authority", move || {
            facts(&vault.name, &authority)
        }))
    }
}

fn facts(vault: &str, authority: &Authority) -> Result<CaFacts> {
    let own: X509Certificate<'_> = certificate::parse(&authority.certificate)?;
    let date = |seconds: i64| rfc3339(kmip::ttlv::Timestamp(seconds));
    Ok(CaFacts {
        vault: vault.to_owned(),
        subject: names::distinguished_name(own.subject()),
        key: authority
            .spec()
            .map(|spec| spec.to_string())
            .unwrap_or_default(),
        serial: hex::encode(own.raw_serial()),
        begins: date(own.validity().not_before.timestamp()),
        ends: date(own.validity().not_after.timestamp()),
        issue_days: authority.issue_days,
        purposes: authority.purposes.clone(),
        certificate: hsm::chain::pem(&authority.certificate)?,
    })
}

/// A hundred years.
const DAYS_MAX: u32 = 36_525;
