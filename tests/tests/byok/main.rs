//! Keys that OpenSSL wrapped come into HSMs that nobody else sees them in; what was tampered with or is weak does not, and
//! leaves nothing behind.

mod faces;

use std::{fs, path::PathBuf, time::Duration};

use keyhold_tests::{
    Appliance, Backend, Client,
    objects::*,
    programs::{fail, peer, run_python, succeed},
};
use kmip::{
    BlockCipherMode, HashingAlgorithm, PaddingMethod, ResultReason, V2_1,
    attribute::CryptographicParameters,
    payload::{
        encrypt::{Encrypt, EncryptRequest},
        get::Get,
        sign::{Sign, SignRequest},
    },
    ttlv::Bytes,
};
use serde_json::Value;

const MESSAGE: &[u8] = b"signed by a key that was brought along";

/// An appliance with a transport key, and what OpenSSL needs to wrap for it.
struct Bench {
    appliance: Appliance,
    /// The hash function by which the transport key unwraps.
    hash: String,
}

impl Bench {
    fn new(appliance: Appliance) -> Self {
        let mut own = Self::without_transport(appliance);
        let public = own.path("kek.pem");
        let made = own.json(&format!(
            "key transport kek --vault dev --out {}",
            public.display()
        ));
        assert_eq!(made["key"]["usage"], serde_json::json!(["unwrap-key"]));
        assert_eq!(made["key"]["class"], "locked");
        made["hashes"][0]
            .as_str()
            .unwrap()
            .clone_into(&mut own.hash);
        own
    }

    const fn without_transport(appliance: Appliance) -> Self {
        Self {
            appliance,
            hash: String::new(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.appliance.scratch().join(name)
    }

    fn json(&self, words: &str) -> Value {
        let words = format!("--json {words}");
        let words: Vec<_> = words.split(' ').collect();
        serde_json::from_str(&succeed(&mut self.appliance.keyhold(&words))).unwrap()
    }

    fn refused(&self, words: &str) -> String {
        let words: Vec<_> = words.split(' ').collect();
        fail(&mut self.appliance.keyhold(&words))
    }

    fn shell(&self, script: &str) -> String {
        let mut command = peer("bash");
        command.args(["-e", "-c", script]);
        succeed(command.current_dir(self.appliance.scratch()))
    }

    /// Makes a private key and its public half, as PKCS #8 and in PEM.
    fn private(&self, name: &str, how: &str) {
        self.shell(&format!(
            "openssl genpkey {how} -out {name}.pem
             openssl pkcs8 -topk8 -nocrypt -in {name}.pem -outform DER -out {name}
             openssl pkey -in {name}.pem -pubout -out {name}.pub"
        ));
    }

    /// Wraps a file for the transport key.
    fn wrap(&self, name: &str) {
        self.wrap_by(name, &self.hash);
    }

    fn wrap_by(&self, name: &str, hash: &str) {
        self.shell(&format!(
            "openssl rand 32 >between
             openssl pkeyutl -encrypt -pubin -inkey kek.pem -in between -pkeyopt rsa_padding_mode:oaep \
               -pkeyopt rsa_oaep_md:{hash} -pkeyopt rsa_mgf1_md:{hash} -out {name}.wrapped
             openssl enc -id-aes256-wrap-pad -iv A65959A6 -K $(od -An -v -tx1 between | tr -d ' \\n') \
               -in {name} >>{name}.wrapped"
        ));
    }

    fn words(&self, name: &str, spec: &str) -> String {
        let wrapped = self.path(&format!("{name}.wrapped"));
        format!(
            "key import {name} --vault dev --type {spec} --wrapped {} --with kek --active --hash {}",
            wrapped.display(),
            self.hash
        )
    }

    /// Imports a private key, with its public half where the HSM does not tell it.
    fn import_private(&self, name: &str, spec: &str) -> Value {
        let words = self.words(name, spec);
        let tried: Vec<_> = words.split(' ').collect();
        let first = self
            .appliance
            .keyhold(&[&["--json"], &tried[..]].concat())
            .output()
            .unwrap();
        if first.status.success() {
            return serde_json::from_slice(&first.stdout).unwrap();
        }
        let said = String::from_utf8_lossy(&first.stderr).into_owned();
        assert!(said.contains("does not tell its public half"), "{said}");
        let public = self.path(&format!("{name}.pub"));
        self.json(&format!("{words} --public {}", public.display()))
    }

    fn client(&self) -> Client {
        self.appliance.client(V2_1)
    }

    /// The objects of the vault, and of the token.
    fn count(&self) -> (Value, usize) {
        let total = self.json("key list --vault dev")["total"].clone();
        let objects = match self.appliance.backend() {
            Backend::Embedded => 0,
            _ => succeed(&mut self.appliance.token().tool(&["--list-objects"]))
                .matches("Object;")
                .count(),
        };
        (total, objects)
    }
}

fn is_locked(client: &mut Client, key: &str) {
    let refused = client.refused::<Get>(&get(key));
    let known = [
        ResultReason::NotExtractable,
        ResultReason::PermissionDenied,
        ResultReason::Sensitive,
    ];
    assert!(known.contains(&refused), "{refused:?}");
}

/// The key signs, and OpenSSL verifies.
fn signs(bench: &Bench, key: &str, name: &str) {
    let signed = bench.client().call::<Sign>(&SignRequest {
        unique_identifier: id(key),
        cryptographic_parameters: Some(CryptographicParameters {
            hashing_algorithm: Some(HashingAlgorithm::SHA256),
            padding_method: name.starts_with("rsa").then_some(PaddingMethod::PKCS1V15),
            ..CryptographicParameters::default()
        }),
        data: Some(MESSAGE.into()),
        ..SignRequest::default()
    });
    let mut signature = signed.signature_data.unwrap().0;
    if !name.starts_with("rsa") {
        signature = der_of(&signature);
    }
    fs::write(bench.path("signature"), signature).unwrap();
    fs::write(bench.path("message"), MESSAGE).unwrap();
    bench.shell(&format!(
        "openssl dgst -sha256 -verify {name}.pub -signature signature message"
    ));
}

/// ECDSA's two numbers as OpenSSL has them, where they came side by side.
fn der_of(signature: &[u8]) -> Vec<u8> {
    if signature.len() != 64 {
        return signature.to_vec();
    }
    let number = |bytes: &[u8]| {
        let mut own: Vec<u8> = bytes
            .iter()
            .copied()
            .skip_while(|byte| *byte == 0)
            .collect();
        if own.first().is_none_or(|first| *first > 127) {
            own.insert(0, 0);
        }
        [&[2, u8::try_from(own.len()).unwrap()][..], &own].concat()
    };
    let both = [number(&signature[..32]), number(&signature[32..])].concat();
    [&[0x30, u8::try_from(both.len()).unwrap()][..], &both].concat()
}

fn key_of(made: &Value) -> String {
    made[0]["id"].as_str().unwrap().to_owned()
}

fn keys_arrive(appliance: Appliance) {
    let bench = Bench::new(appliance);
    let client = &mut bench.client();
    for (name, spec, how) in [
        (
            "ec",
            "ec-p256",
            "-algorithm EC -pkeyopt ec_paramgen_curve:P-256",
        ),
        (
            "rsa",
            "rsa-2048",
            "-algorithm RSA -pkeyopt rsa_keygen_bits:2048",
        ),
        (
            "rsa3",
            "rsa-3072",
            "-algorithm RSA -pkeyopt rsa_keygen_bits:3072",
        ),
    ] {
        bench.private(name, how);
        bench.wrap(name);
        let made = bench.import_private(name, spec);
        assert_eq!(made[0]["names"], serde_json::json!([name]), "{made}");
        assert_eq!(
            made[1]["names"],
            serde_json::json!([format!("{name}.public")])
        );
        assert_eq!(
            (&made[0]["class"], &made[0]["state"]),
            (&"locked".into(), &"Active".into())
        );
        assert_eq!(made[1]["usage"], serde_json::json!(["verify"]));
        signs(&bench, &key_of(&made), name);
        is_locked(client, &key_of(&made));
    }
    a_secret_arrives(&bench, client);
    // Under the same name nothing arrives a second time.
    let before = bench.count();
    let twice = bench.refused(&bench.words("aes", "aes-256"));
    assert!(twice.contains("has this name"), "{twice}");
    assert_eq!(bench.count(), before);
    let report = bench.json("audit verify");
    assert!(report.is_object(), "{report}");
}

/// An AES key encrypts, and OpenSSL decrypts.
fn a_secret_arrives(bench: &Bench, client: &mut Client) {
    let aes: Vec<u8> = (0..32).collect();
    fs::write(bench.path("aes"), &aes).unwrap();
    bench.wrap("aes");
    let made = bench.json(&bench.words("aes", "aes-256"));
    is_locked(client, &key_of(&made));
    let encrypted = client.call::<Encrypt>(&EncryptRequest {
        unique_identifier: id(&key_of(&made)),
        cryptographic_parameters: Some(CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::CBC),
            padding_method: Some(PaddingMethod::PKCS5),
            ..CryptographicParameters::default()
        }),
        data: Some(MESSAGE.into()),
        iv_counter_nonce: Some(Bytes(vec![7; 16])),
        ..EncryptRequest::default()
    });
    fs::write(bench.path("encrypted"), encrypted.data.unwrap().0).unwrap();
    let plain = bench.shell(&format!(
        "openssl enc -d -aes-256-cbc -K {} -iv {} -in encrypted",
        hex::encode(&aes),
        "07".repeat(16)
    ));
    assert_eq!(plain.as_bytes(), MESSAGE);
}

/// An RSA key whose public exponent is one, so that everybody signs with it.
const EXPONENT_OF_ONE: &str = r#"
import sys
from cryptography.hazmat.primitives import serialization
own = serialization.load_pem_private_key(open(sys.argv[1], "rb").read(), None).private_numbers()
def tlv(tag, body):
    n = len(body)
    size = bytes([n]) if n < 128 else bytes([0x82, n >> 8, n & 255]) if n > 255 else bytes([0x81, n])
    return bytes([tag]) + size + body
def number(value):
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))
numbers = [0, own.public_numbers.n, 1, 1, own.p, own.q, 1, 1, own.iqmp]
rsa = tlv(0x30, b"".join(map(number, numbers)))
algorithm = tlv(0x30, bytes.fromhex("06092a864886f70d0101010500"))
open(sys.argv[2], "wb").write(tlv(0x30, number(0) + algorithm + tlv(4, rsa)))
"#;

fn what_is_wrong_is_refused(appliance: Appliance) {
    let bench = Bench::new(appliance);
    bench.private("rsa", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    bench.private("other", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    bench.private("ec", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    let paths = ["rsa.pem", "one"].map(|name| bench.path(name).display().to_string());
    run_python(EXPONENT_OF_ONE, &paths.each_ref().map(String::as_str));
    for name in ["rsa", "ec", "one"] {
        bench.wrap(name);
    }
    let before = bench.count();
    let whole = fs::read(bench.path("rsa.wrapped")).unwrap();
    for place in [5, 383, 384, 700, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        fs::write(bench.path("bad.wrapped"), changed).unwrap();
        let said = bench.refused(&bench.words("bad", "rsa-2048"));
        assert!(said.contains("does not unwrap"), "byte {place}: {said}");
    }
    for bytes in [0, 100, 384, 392] {
        fs::write(bench.path("bad.wrapped"), &whole[..bytes]).unwrap();
        bench.refused(&bench.words("bad", "rsa-2048"));
    }
    fs::write(bench.path("bad.wrapped"), &whole).unwrap();
    for spec in ["aes-256", "rsa-3072", "ec-p256", "hmac-sha256-256"] {
        bench.refused(&bench.words("bad", spec));
    }
    let public = bench.path("other.pub");
    let words = bench.words("bad", "rsa-2048");
    bench.refused(&format!("{words} --public {}", public.display()));
    let one = bench.refused(&bench.words("one", "rsa-2048"));
    assert!(
        one.contains("not valid") || one.contains("does not unwrap"),
        "{one}"
    );
    let words = bench
        .words("rsa", "rsa-2048")
        .replace(" --with kek", " --with nobody");
    assert!(bench.refused(&words).contains("no key \"nobody\""));
    let unknown = bench.words("rsa", "rsa-2048").replace(&bench.hash, "md5");
    assert!(bench.refused(&unknown).contains("no hash function"));
    // Wrapped with one hash function, and said to be with another.
    let other = if bench.hash == "sha1" {
        "sha256"
    } else {
        "sha1"
    };
    let words = bench.words("rsa", "rsa-2048").replace(&bench.hash, other);
    let said = bench.refused(&words);
    assert!(
        said.contains("does not unwrap") || said.contains(&bench.hash),
        "{said}"
    );
    assert_eq!(bench.count(), before, "nothing is left behind");
    // What is right still arrives.
    let made = bench.import_private("rsa", "rsa-2048");
    signs(&bench, &key_of(&made), "rsa");
}

macro_rules! on {
    ($($name:ident: $backend:expr;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn keys_that_openssl_wrapped_arrive() {
                keys_arrive($backend);
            }

            #[test]
            fn what_was_tampered_with_or_is_weak_leaves_nothing_behind() {
                what_is_wrong_is_refused($backend);
            }
        }
    )*};
}

on! {
    embedded: Appliance::start(Backend::Embedded);
    softhsm: Appliance::start(Backend::SoftHsm);
    wrapped: Appliance::start(Backend::Wrapped);
    kryoptic: Appliance::start(Backend::Kryoptic);
    group: Appliance::on_a_group(Duration::from_secs(30));
}
