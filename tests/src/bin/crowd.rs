//! Many threads of one host that do all that hosts do with a token, for a while: `crowd MODULE THREADS SECONDS`. It fails
//! with the first call that does, and prints how many rounds there were and how long the longest took.

use std::{
    env,
    error::Error,
    thread,
    time::{Duration, Instant},
};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error as Failure, RvError},
    mechanism::{Mechanism, aead::GcmParams},
    object::{Attribute, AttributeType, ObjectHandle},
    session::{Session, UserType},
    slot::Slot,
    types::AuthPin,
};

/// What a thread's rounds came to.
#[derive(Default)]
struct Tally {
    rounds: u64,
    longest: Duration,
}

fn pin() -> AuthPin {
    AuthPin::new("1234".into())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let mut next = || arguments.next().ok_or("crowd MODULE THREADS SECONDS");
    let (path, threads, seconds) = (next()?, next()?.parse::<u32>()?, next()?.parse()?);
    let module = Pkcs11::new(path)?;
    module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
    let slots = module.get_slots_with_token()?;
    let slot = *slots.first().ok_or("there is no token")?;
    let first = module.open_rw_session(slot)?;
    first.login(UserType::User, Some(&pin()))?;
    let keys = keys(&first)?;
    let end = Instant::now() + Duration::from_secs(seconds);
    let tallies: Vec<Result<Tally, Failure>> = thread::scope(|scope| {
        let spawn = |number| {
            let (module, keys) = (&module, &keys);
            scope.spawn(move || rounds(module, slot, keys, number, end))
        };
        let threads: Vec<_> = (0..threads).map(spawn).collect();
        let joined = threads.into_iter().map(|thread| thread.join().unwrap());
        joined.collect()
    });
    let mut all = Tally::default();
    let mut idle = 0;
    for tally in tallies {
        let tally = tally?;
        all.rounds += tally.rounds;
        all.longest = all.longest.max(tally.longest);
        idle += u32::from(tally.rounds == 0);
    }
    first.logout()?;
    first.close()?;
    module.finalize()?;
    println!(
        "{} rounds, the longest took {} ms, {idle} threads had none",
        all.rounds,
        all.longest.as_millis()
    );
    Ok(())
}

/// The keys that all threads use: both halves of a pair on P-256, and one for AES.
struct Keys {
    public: ObjectHandle,
    private: ObjectHandle,
    secret: ObjectHandle,
}

fn keys(session: &Session) -> Result<Keys, Failure> {
    let token = [Attribute::Token(true), Attribute::Label(b"crowd".to_vec())];
    let p256 = vec![6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7];
    let of_public = [token.as_slice(), &[Attribute::EcParams(p256)]].concat();
    let (public, private) =
        session.generate_key_pair(&Mechanism::EccKeyPairGen, &of_public, &token)?;
    let of_secret = [token.as_slice(), &[Attribute::ValueLen(32.into())]].concat();
    let secret = session.generate_key(&Mechanism::AesKeyGen, &of_secret)?;
    Ok(Keys {
        public,
        private,
        secret,
    })
}

fn rounds(
    module: &Pkcs11,
    slot: Slot,
    keys: &Keys,
    thread: u32,
    end: Instant,
) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    while Instant::now() < end {
        let began = Instant::now();
        round(module, slot, keys, u64::from(thread) + tally.rounds)?;
        tally.longest = tally.longest.max(began.elapsed());
        tally.rounds += 1;
    }
    Ok(tally)
}

/// One session from its beginning to its end.
fn round(module: &Pkcs11, slot: Slot, keys: &Keys, number: u64) -> Result<(), Failure> {
    let session = if number.is_multiple_of(2) {
        module.open_ro_session(slot)?
    } else {
        module.open_rw_session(slot)?
    };
    // Libraries log in for each key they use, and are told that they are.
    match session.login(UserType::User, Some(&pin())) {
        Err(Failure::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
        other => panic!("the login of a host that is logged in came to {other:?}"),
    }
    let message = number.to_be_bytes();
    let signature = session.sign(&Mechanism::EcdsaSha256, keys.private, &message)?;
    session.verify(&Mechanism::EcdsaSha256, keys.public, &message, &signature)?;
    let (mut iv, mut again) = ([7; 12], [7; 12]);
    let gcm = Mechanism::AesGcm(GcmParams::new(&mut iv, b"", 128.into())?);
    let encrypted = session.encrypt(&gcm, keys.secret, &message)?;
    let gcm = Mechanism::AesGcm(GcmParams::new(&mut again, b"", 128.into())?);
    let decrypted = session.decrypt(&gcm, keys.secret, &encrypted)?;
    assert_eq!(decrypted, message);
    let mut random = [0; 32];
    session.generate_random_slice(&mut random)?;
    assert_ne!(random, [0; 32]);
    session.digest(&Mechanism::Sha256, &message)?;
    let found = session.find_objects(&[Attribute::Label(b"crowd".to_vec())])?;
    assert_eq!(found.len(), 3);
    session.get_attributes(keys.private, &[AttributeType::Label, AttributeType::Sign])?;
    // An object of the session's own, ended by it or with it.
    if number.is_multiple_of(5) {
        let own = session.generate_key(&Mechanism::AesKeyGen, &[Attribute::ValueLen(16.into())])?;
        session.encrypt(&Mechanism::AesCbcPad([1; 16]), own, &message)?;
        if number.is_multiple_of(10) {
            session.destroy_object(own)?;
        }
    }
    session.close()
}
