//! A vault moves from a token into the embedded HSM and back, and its keys from the store into the token, with all in use, and
//! a daemon that is killed on the way.

use std::{
    fs,
    thread::sleep,
    time::{Duration, Instant},
};

use hsm::soft::{Master, MasterSource};
use keyhold_tests::{
    Appliance, Client, Token,
    objects::*,
    programs::{output, succeed},
};
use kmip::{
    BlockCipherMode, CryptographicUsageMask, PaddingMethod, RevocationReasonCode, V2_1,
    attribute::CryptographicParameters,
    payload::{
        encrypt::{Decrypt, DecryptRequest, Encrypt, EncryptRequest},
        sign::{Sign, SignRequest},
    },
    ttlv::Bytes,
};
use rustix::process::Signal;

const KEYS: usize = 60;
const MESSAGE: &[u8] = b"what was encrypted before";
/// Moves the vault back, as objects of the token.
const BACK: [&str; 7] = [
    "vault",
    "move",
    "dev",
    "--to",
    "hsm",
    "--custody",
    "resident",
];

/// A vault on a token whose locked keys are wrapped and may move, beside an embedded HSM.
fn appliance(token: Token) -> Appliance {
    let mut appliance = Appliance::start_with(Some(token), &["--wrapped"]);
    appliance.stop(Signal::TERM);
    let master = appliance.file("other.key");
    Master::create(&MasterSource::File(master)).unwrap();
    let path = appliance.file("keyhold.toml");
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replacen("[[backend]]\n", "[[backend]]\nkeys_may_move = true\n", 1);
    let other = "[[backend]]\nname = \"other\"\nkind = \"embedded\"\nmaster = \"other.key\"\nkeys_may_move = true\n";
    fs::write(&path, format!("{text}\n{other}")).unwrap();
    appliance.restart();
    appliance
}

fn parameters() -> CryptographicParameters {
    CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::CBC),
        padding_method: Some(PaddingMethod::PKCS5),
        ..CryptographicParameters::default()
    }
}

fn encrypt(client: &mut Client, key: &str) -> Vec<u8> {
    let made = client.call::<Encrypt>(&EncryptRequest {
        unique_identifier: id(key),
        cryptographic_parameters: Some(parameters()),
        data: Some(MESSAGE.into()),
        iv_counter_nonce: Some(Bytes(vec![7; 16])),
        ..EncryptRequest::default()
    });
    made.data.unwrap().0
}

fn decrypts(client: &mut Client, key: &str, data: &[u8]) {
    let back = client.call::<Decrypt>(&DecryptRequest {
        unique_identifier: id(key),
        cryptographic_parameters: Some(parameters()),
        data: Some(Bytes(data.to_vec())),
        iv_counter_nonce: Some(Bytes(vec![7; 16])),
        ..DecryptRequest::default()
    });
    assert_eq!(back.data.unwrap().expose(), MESSAGE);
}

/// How many objects were moved by now, as the trail has it.
fn moved(appliance: &Appliance) -> usize {
    let trail = fs::read_dir(appliance.file("audit")).unwrap();
    let texts = trail.map(|file| fs::read_to_string(file.unwrap().path()).unwrap_or_default());
    texts
        .map(|text| text.matches("vault.move.object").count())
        .sum()
}

#[test]
fn a_vault_moves_though_the_daemon_is_killed_on_the_way() {
    moves(appliance(Token::new()));
}

#[test]
fn a_vault_moves_from_kryoptic_and_back() {
    moves(appliance(Token::kryoptic()));
}

fn moves(mut appliance: Appliance) {
    let client = &mut appliance.client(V2_1);
    let keys: Vec<_> = (0..KEYS)
        .map(|_| create_active(client, aes(256, CIPHER).into_iter().chain(locked())))
        .collect();
    let (rsa, public) = create_pair(client, Pair::Rsa(2048), locked());
    let open = create_active(client, aes(128, CIPHER));
    let all: Vec<_> = keys.iter().chain([&open]).cloned().collect();
    let data: Vec<_> = all.iter().map(|key| encrypt(client, key)).collect();
    certify(client, &public);

    let told =
        succeed(&mut appliance.keyhold(&["vault", "move", "dev", "--to", "other", "--check"]));
    assert!(
        told.contains("obstacles") && told.contains("locked"),
        "{told}"
    );
    let mut moving = appliance
        .keyhold(&["vault", "move", "dev", "--to", "other"])
        .spawn()
        .unwrap();
    // Killed once some are there, and before all are.
    while moved(&appliance) == 0 {
        sleep(Duration::from_millis(5));
    }
    appliance.kill();
    assert!(moved(&appliance) < all.len());
    let _ = moving.wait().unwrap();
    appliance.restart();

    // Whatever was moved by then, every key is used from where it is.
    let client = &mut appliance.client(V2_1);
    for (key, data) in all.iter().zip(&data) {
        decrypts(client, key, data);
    }
    certify(client, &public);
    let told = succeed(&mut appliance.keyhold(&["vault", "move", "dev", "--to", "other"]));
    assert!(told.contains("are in other now"), "{told}");
    for (key, data) in all.iter().zip(&data) {
        decrypts(client, key, data);
    }
    let signing = SignRequest {
        unique_identifier: id(&rsa),
        data: Some(MESSAGE.into()),
        ..SignRequest::default()
    };
    client.call::<Sign>(&signing);
    certify(client, &public);
    let shown = succeed(&mut appliance.keyhold(&["vault", "show", "dev"]));
    assert!(shown.contains("other"), "{shown}");
    // The sealing key and the wrapping key, as there were before.
    assert_eq!(appliance.token().count(), 2);
    comes_back(&appliance, client, &all, &data);
    client.call::<Sign>(&signing);
    certify(client, &public);
    appliance.stop(Signal::TERM);
    appliance.restart();
    certify(&mut appliance.client(V2_1), &public);
    succeed(&mut appliance.keyhold(&["audit", "verify"]));
}

/// Moves the vault back, as objects of the token, from where nothing moves any more.
fn comes_back(appliance: &Appliance, client: &mut Client, all: &[String], data: &[Vec<u8>]) {
    // What this one does, no token does with a locked key.
    let deriving = aes(256, CryptographicUsageMask::DeriveKey);
    create(client, deriving.into_iter().chain(locked()));
    let told = succeed(&mut appliance.keyhold(&[&BACK[..], &["--check"]].concat()));
    assert!(told.contains("no key is derived from it"), "{told}");
    assert!(told.contains("DOES LESS THERE"), "{told}");
    succeed(&mut appliance.keyhold(&BACK));
    for (key, data) in all.iter().zip(data) {
        decrypts(client, key, data);
    }
    assert!(appliance.token().count() > 2 + KEYS);
    let arguments = ["vault", "move", "dev", "--to", "other", "--check"];
    let refused = output(&mut appliance.keyhold(&arguments));
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert!(told.contains("gives none away"), "{told}");
    // The authority is in the way too, and can be left.
    assert!(told.contains("--leave-authority"), "{told}");
    let left = output(&mut appliance.keyhold(&[&arguments[..], &["--leave-authority"]].concat()));
    let told = String::from_utf8_lossy(&left.stdout).into_owned();
    assert!(told.contains("gives none away"), "{told}");
    assert!(!told.contains("--leave-authority"), "{told}");
}

#[test]
fn the_pair_of_a_journey_that_nobody_takes_up_again_does_not_stay() {
    let mut appliance = appliance(Token::failing());
    let client = &mut appliance.client(V2_1);
    let key = create_active(client, aes(256, CIPHER).into_iter().chain(locked()));
    let data = encrypt(client, &key);
    succeed(&mut appliance.keyhold(&["vault", "move", "dev", "--to", "other"]));
    let own = appliance.token().count();
    let until = |reached: &dyn Fn() -> bool| {
        let began = Instant::now();
        while !reached() {
            assert!(began.elapsed() < Duration::from_secs(10));
            sleep(Duration::from_millis(50));
        }
    };
    appliance
        .token()
        .fail(Some("C_GenerateKeyPair hang-after once"));
    let mut moving = appliance.keyhold(&BACK).spawn().unwrap();
    until(&|| appliance.token().has_done());
    appliance.kill();
    assert!(!moving.wait().unwrap().success());
    appliance.restart();
    until(&|| appliance.token().count() == own);
    // It is taken up after all, and leaves the key alone there.
    succeed(&mut appliance.keyhold(&BACK));
    decrypts(&mut appliance.client(V2_1), &key, &data);
    // The key and the authority's.
    until(&|| appliance.token().count() == own + 2);
}

/// What `keyhold vault move` is asked, and what it says.
fn custody(appliance: &Appliance, words: &[&str]) -> (bool, String) {
    let told = appliance
        .keyhold(&[&["vault", "move", "dev", "--custody"], words].concat())
        .output()
        .unwrap();
    let said = [told.stdout, told.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    (told.status.success(), said)
}

/// Wrapped keys become objects of their own token, whoever is killed meanwhile; and there is no way back.
fn keys_are_housed(token: Token) {
    let mut appliance = Appliance::start_with(Some(token), &["--wrapped"]);
    let client = &mut appliance.client(V2_1);
    let keys: Vec<_> = (0..KEYS)
        .map(|_| create_active(client, aes(256, CIPHER).into_iter().chain(locked())))
        .collect();
    let (rsa, public) = create_pair(client, Pair::Rsa(2048), locked());
    let open = create_active(client, aes(128, CIPHER));
    let all: Vec<_> = keys.iter().chain([&open]).cloned().collect();
    let data: Vec<_> = all.iter().map(|key| encrypt(client, key)).collect();
    let own = appliance.token().count();

    let (is_possible, said) = custody(&appliance, &["resident", "--check"]);
    // The pair's private key is one, and the authority's.
    let housed = format!("{}", KEYS + 2);
    assert!(is_possible && said.contains(&housed), "{said}");
    assert_eq!(appliance.token().count(), own, "nothing is moved by asking");
    let command = ["vault", "move", "dev", "--custody", "resident"];
    let mut moving = appliance.keyhold(&command).spawn().unwrap();
    while moved(&appliance) == 0 {
        sleep(Duration::from_millis(5));
    }
    appliance.kill();
    let _ = moving.wait().unwrap();
    appliance.restart();
    let client = &mut appliance.client(V2_1);
    for (key, data) in all.iter().zip(&data) {
        decrypts(client, key, data);
    }
    let (is_done, said) = custody(&appliance, &["resident"]);
    assert!(is_done, "{said}");
    for (key, data) in all.iter().zip(&data) {
        decrypts(client, key, data);
    }
    let signing = SignRequest {
        unique_identifier: id(&rsa),
        data: Some(MESSAGE.into()),
        ..SignRequest::default()
    };
    client.call::<Sign>(&signing);
    certify(client, &public);
    assert_eq!(appliance.token().count(), own + KEYS + 2);
    let shown = succeed(&mut appliance.keyhold(&["vault", "show", "dev"]));
    assert!(shown.contains("resident"), "{shown}");
    // Asked once more, nothing is left to do.
    let (_, said) = custody(&appliance, &["resident"]);
    assert!(said.starts_with("0 objects"), "{said}");

    let (is_possible, said) = custody(&appliance, &["wrapped", "--check"]);
    assert!(!is_possible && said.contains("gives none away"), "{said}");
    assert!(!custody(&appliance, &["wrapped"]).0);
    destroy_all(client, &keys);
    assert_eq!(appliance.token().count(), own + 2);
    succeed(&mut appliance.keyhold(&["audit", "verify"]));
}

fn destroy_all(client: &mut Client, keys: &[String]) {
    for key in keys {
        revoke(client, key, RevocationReasonCode::Unspecified);
        destroy(client, key);
    }
}

#[test]
fn wrapped_keys_become_objects_of_their_token() {
    keys_are_housed(Token::new());
}

#[test]
fn wrapped_keys_become_objects_of_kryoptic() {
    keys_are_housed(Token::kryoptic());
}
