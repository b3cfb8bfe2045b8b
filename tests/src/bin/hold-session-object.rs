//! Holds a key of a session, and does with it what it is told line by line: `use`, `close`, `finalize`.

use std::{
    env,
    error::Error,
    io::{self, BufRead},
};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    mechanism::{Mechanism, aead},
    object::Attribute,
    session::UserType,
    types::AuthPin,
};

fn main() -> Result<(), Box<dyn Error>> {
    let module = Pkcs11::new(env::var("KEYHOLD_MODULE")?)?;
    module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
    let slots = module.get_slots_with_token()?;
    let slot = *slots.first().ok_or("there is no token")?;
    let session = module.open_rw_session(slot)?;
    session.login(UserType::User, Some(&AuthPin::new("1234".into())))?;
    let template = [
        Attribute::Token(false),
        Attribute::ValueLen(32.into()),
        Attribute::Label(b"of a session".to_vec()),
    ];
    let key = session.generate_key(&Mechanism::AesKeyGen, &template)?;
    println!("ready");
    for line in io::stdin().lock().lines() {
        match line?.as_str() {
            "use" => {
                let mut iv = [7; 12];
                let how = aead::GcmParams::new(&mut iv, &[], 128.into())?;
                let encrypted = session.encrypt(&Mechanism::AesGcm(how), key, b"some data")?;
                println!("used {}", encrypted.len());
            }
            "close" => {
                session.close()?;
                println!("closed");
                break;
            }
            "finalize" => {
                module.finalize()?;
                println!("finalized");
                break;
            }
            other => return Err(format!("{other:?} is not known").into()),
        }
    }
    // Whoever asked looks before the process ends.
    for line in io::stdin().lock().lines() {
        drop(line);
    }
    Ok(())
}
