//! Signs a file by a key of a vault: what docs/clients/rust.md shows.

use std::{env, error::Error, fs};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    mechanism::Mechanism,
    object::{Attribute, ObjectClass},
    session::UserType,
    types::AuthPin,
};

fn main() -> Result<(), Box<dyn Error>> {
    let module = Pkcs11::new(env::var("KEYHOLD_MODULE")?)?;
    module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
    let slots = module.get_slots_with_token()?;
    let slot = *slots.first().ok_or("there is no token")?;

    let session = module.open_ro_session(slot)?;
    session.login(UserType::User, Some(&AuthPin::new("1234".into())))?;
    let found = session.find_objects(&[
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::Label(b"signer".to_vec()),
    ])?;
    let key = *found.first().ok_or("there is no key")?;
    let signature = session.sign(&Mechanism::Sha256RsaPkcs, key, &fs::read("message")?)?;
    fs::write("signature", signature)?;
    Ok(())
}
