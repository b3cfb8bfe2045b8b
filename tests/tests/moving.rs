//! A vault moves from SoftHSM2 into the embedded HSM and back, with its keys in use, and a daemon that is killed on the way.

use std::{fs, thread::sleep, time::Duration};

use hsm::soft::{Master, MasterSource};
use keyhold_tests::{Appliance, Backend, Client, objects::*, programs::succeed};
use kmip::{
    BlockCipherMode, PaddingMethod, V2_1,
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

/// A vault on SoftHSM2 whose locked keys are wrapped and may move, beside an embedded HSM.
fn appliance() -> Appliance {
    let mut appliance = Appliance::start(Backend::Wrapped);
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

fn objects(appliance: &Appliance) -> usize {
    let told = succeed(&mut appliance.token().tool(&["--list-objects"]));
    told.matches("Object;").count()
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
    let mut appliance = appliance();
    let client = &mut appliance.client(V2_1);
    let keys: Vec<_> = (0..KEYS)
        .map(|_| create_active(client, aes(256, CIPHER).into_iter().chain(locked())))
        .collect();
    let (rsa, _) = create_pair(client, Pair::Rsa(2048), locked());
    let open = create_active(client, aes(128, CIPHER));
    let all: Vec<_> = keys.iter().chain([&open]).cloned().collect();
    let data: Vec<_> = all.iter().map(|key| encrypt(client, key)).collect();

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
    let shown = succeed(&mut appliance.keyhold(&["vault", "show", "dev"]));
    assert!(shown.contains("other"), "{shown}");
    // The sealing key and the wrapping key, as there were before.
    assert_eq!(objects(&appliance), 2);
    comes_back(&appliance, client, &all, &data);
    client.call::<Sign>(&signing);
    succeed(&mut appliance.keyhold(&["audit", "verify"]));
}

/// Moves the vault back, as objects of the token, from where nothing moves any more.
fn comes_back(appliance: &Appliance, client: &mut Client, all: &[String], data: &[Vec<u8>]) {
    let arguments = [
        "vault",
        "move",
        "dev",
        "--to",
        "hsm",
        "--custody",
        "resident",
    ];
    succeed(&mut appliance.keyhold(&arguments));
    for (key, data) in all.iter().zip(data) {
        decrypts(client, key, data);
    }
    assert!(objects(appliance) > 2 + KEYS);
    let arguments = ["vault", "move", "dev", "--to", "other", "--check"];
    let refused = appliance.keyhold(&arguments).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert!(told.contains("gives none away"), "{told}");
}
