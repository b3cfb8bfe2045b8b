//! Keys that pkcs11-tool made in a token, adopted by a vault of that HSM.

use std::{
    fs,
    net::TcpListener,
    thread::sleep,
    time::{Duration, Instant},
};

use keyhold_tests::{
    Appliance, Token,
    objects::*,
    programs::{fail, output, peer, succeed},
};
use kmip::{
    HashingAlgorithm, KeyFormatType, ObjectType, ProtectionStorageMask, V2_1, ValidityIndicator,
    attribute::{Attribute, AttributeKind, CryptographicParameters},
    payload::{
        constraint::{Constraint, Constraints, ObjectTypes, SetConstraints, SetConstraintsRequest},
        encrypt::Encrypt,
        get::{Get, GetRequest},
        mac::{MAC, MACRequest},
        sign::{Sign, SignRequest, SignatureVerify, SignatureVerifyRequest},
    },
    ttlv::Bytes,
};
use rustix::process::Signal;
use serde_json::Value;

/// A token with keys of somebody else's.
fn token() -> Token {
    let token = Token::new();
    for key in [
        "--keypairgen --key-type EC:prime256v1 --id a1 --label old-signing",
        "--keygen --key-type AES:32 --id a2 --label old-files --extractable",
        "--keygen --key-type AES:16 --id a3 --label twins",
        "--keygen --key-type AES:16 --id a3 --label twins",
    ] {
        let words: Vec<_> = key.split(' ').collect();
        succeed(&mut token.tool(&words));
    }
    token
}

/// A generic secret that somebody else made in the token, and what it is.
fn generic(token: &Token, label: &str) -> Vec<u8> {
    let kind = "--keygen --key-type GENERIC:32 --id b1 --usage-sign --extractable --label";
    let words: Vec<_> = kind.split(' ').chain([label]).collect();
    succeed(&mut token.tool(&words));
    let file = token.objects().join("secret");
    let read = ["--read-object", "--type", "secrkey", "--id", "b1", "-o"];
    succeed(token.tool(&read).arg(&file));
    let secret = fs::read(&file).unwrap();
    fs::remove_file(file).unwrap();
    secret
}

fn adopt(appliance: &Appliance, words: &str) -> Value {
    let words = format!("--json key adopt --vault dev {words}");
    let words: Vec<_> = words.split(' ').collect();
    serde_json::from_str(&succeed(&mut appliance.keyhold(&words))).unwrap()
}

fn refused(appliance: &Appliance, words: &str) -> String {
    let words = format!("key adopt --vault dev {words}");
    let words: Vec<_> = words.split(' ').collect();
    fail(&mut appliance.keyhold(&words))
}

fn by_id<'a>(all: &'a Value, id: &str) -> &'a Value {
    let mut all = all.as_array().unwrap().iter();
    all.find(|own| own["id"] == id).unwrap()
}

fn signs(appliance: &Appliance, private: &str, public: &str) {
    let client = &mut appliance.client(V2_1);
    let parameters = Some(CryptographicParameters {
        hashing_algorithm: Some(HashingAlgorithm::SHA256),
        ..CryptographicParameters::default()
    });
    let signed = client.call::<Sign>(&SignRequest {
        unique_identifier: id(private),
        cryptographic_parameters: parameters.clone(),
        data: Some(b"signed by an old key"[..].into()),
        ..SignRequest::default()
    });
    let verified = client.call::<SignatureVerify>(&SignatureVerifyRequest {
        unique_identifier: id(public),
        cryptographic_parameters: parameters,
        data: Some(b"signed by an old key"[..].into()),
        signature_data: Some(Bytes(signed.signature_data.unwrap().0)),
        ..SignatureVerifyRequest::default()
    });
    assert_eq!(verified.validity_indicator, Some(ValidityIndicator::Valid));
}

#[test]
fn keys_that_others_made_are_adopted_where_they_are() {
    let mut appliance = Appliance::start_with(Some(token()), &[]);
    let all = adopt(&appliance, "--list");
    assert_eq!(all.as_array().unwrap().len(), 4, "{all}");
    let old = by_id(&all, "a1");
    assert_eq!(
        (&old["kind"], &old["is_locked"]),
        (&"ec-p256".into(), &true.into())
    );
    assert_eq!(by_id(&all, "a2")["is_locked"], false, "{all}");
    let twins = by_id(&all, "a3")["trouble"].as_str().unwrap();
    assert!(twins.contains("same CKA_ID"), "{twins}");
    assert!(refused(&appliance, "--label twins").contains("same CKA_ID"));

    let pair = adopt(&appliance, "--label old-signing --active");
    let of = |place: usize| pair[place]["id"].as_str().unwrap().to_owned();
    let (private, public) = (of(0), of(1));
    signs(&appliance, &private, &public);
    let again = refused(&appliance, "--id a1");
    assert!(again.contains("adopted already"), "{again}");

    let files = adopt(&appliance, "--id a2 --name files --relabel --active");
    assert_eq!(files[0]["names"][0], "files");
    let shown = ["key", "show", "files", "--vault", "dev"];
    let shown = succeed(&mut appliance.keyhold(&shown));
    assert!(
        shown.contains("Never Extractable") && shown.contains("false"),
        "{shown}"
    );
    let file = files[0]["id"].as_str().unwrap();
    appliance
        .client(V2_1)
        .call::<Encrypt>(&encryption(file, b"of a file"));
    let none = refused(&appliance, "--all");
    assert!(none.contains("no such key"), "{none}");

    let objects = succeed(&mut appliance.token().tool(&["--list-objects"]));
    assert!(
        objects.contains("old-signing") && !objects.contains("old-files"),
        "{objects}"
    );
    appliance.restart();
    signs(&appliance, &private, &public);
}

#[test]
fn a_secret_that_others_brought_makes_macs_with_any_hash() {
    let token = token();
    let secret = generic(&token, "old-mac");
    assert_eq!(secret.len(), 32);
    let appliance = Appliance::start_with(Some(token), &[]);
    let adopted = adopt(&appliance, "--label old-mac --active");
    assert_eq!(adopted[0]["algorithm"], "hmac-sha256-256", "{adopted}");
    assert_eq!(adopted[0]["usage"][0], "mac-generate", "{adopted}");
    let key = adopted[0]["id"].as_str().unwrap();
    let client = &mut appliance.client(V2_1);
    for (hash, name) in [
        (HashingAlgorithm::SHA256, "sha256"),
        (HashingAlgorithm::SHA1, "sha1"),
    ] {
        let made = client.call::<MAC>(&MACRequest {
            unique_identifier: id(key),
            cryptographic_parameters: Some(CryptographicParameters {
                hashing_algorithm: Some(hash),
                ..CryptographicParameters::default()
            }),
            data: Some(b"a message"[..].into()),
            ..MACRequest::default()
        });
        let file = appliance.scratch().join("message");
        fs::write(&file, "a message").unwrap();
        let mut openssl = peer("openssl");
        openssl.args(["dgst", &format!("-{name}"), "-mac", "HMAC", "-macopt"]);
        openssl
            .arg(format!("hexkey:{}", hex::encode(&secret)))
            .arg(&file);
        let expected = succeed(&mut openssl);
        let expected = expected.trim().rsplit(' ').next().unwrap();
        assert_eq!(hex::encode(made.mac_data.unwrap().0), expected, "{name}");
    }
}

#[test]
fn adopted_keys_are_as_the_constraints_want_them_and_have_the_digest_that_can_be_had() {
    let appliance = Appliance::start_with(Some(token()), &[]);
    let client = &mut appliance.client(V2_1);
    let constraint = Constraint {
        object_types: Some(ObjectTypes {
            object_type: vec![ObjectType::SymmetricKey],
        }),
        attributes: list([Attribute::CryptographicLength(128)]),
        ..Constraint::default()
    };
    client.call::<SetConstraints>(&SetConstraintsRequest {
        constraints: Some(Constraints {
            constraint: vec![constraint],
        }),
    });
    let before = succeed(&mut appliance.keyhold(&["key", "list", "--vault", "dev"]));
    let said = refused(&appliance, "--label old-files --relabel");
    assert!(said.contains("constraints"), "{said}");
    // Nothing is adopted, and nothing of the token is changed.
    assert!(refused(&appliance, "--all --active").contains("constraints"));
    assert_eq!(
        succeed(&mut appliance.keyhold(&["key", "list", "--vault", "dev"])),
        before
    );

    let pair = adopt(&appliance, "--label old-signing");
    let public = pair[1]["id"].as_str().unwrap();
    let digests = attributes(client, public, &[AttributeKind::Digest]);
    let [Attribute::Digest(digest)] = digests.as_slice() else {
        panic!("{digests:?}");
    };
    let response = client.call::<Get>(&GetRequest {
        key_format_type: Some(KeyFormatType::X509),
        ..get(public)
    });
    let file = appliance.scratch().join("public");
    fs::write(&file, bytes(&response.object)).unwrap();
    let computed = succeed(peer("sha256sum").arg(&file));
    let value = digest.digest_value.as_ref().unwrap();
    assert!(computed.starts_with(&hex::encode(&value.0)), "{computed}");
    let private = pair[0]["id"].as_str().unwrap();
    let told = attributes(client, private, &[AttributeKind::ProtectionStorageMask]);
    let expected = Attribute::ProtectionStorageMask(ProtectionStorageMask::Hardware);
    assert_eq!(told, [expected]);
}

#[test]
fn who_listens_for_new_objects_is_given_what_is_public_of_adopted_ones() {
    let appliance = Appliance::start_with(Some(token()), &[]);
    // Nobody answers there, so that what is to be given waits.
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let entry = format!(
        "\n[[notify]]\nclient = \"dev\"\nvault = \"dev\"\naddress = \"{}\"\nauthorities = [\"ca.pem\"]\n\
         new_objects = true\n",
        socket.local_addr().unwrap()
    );
    let path = appliance.file("keyhold.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text + &entry).unwrap();
    appliance.signal(Signal::HUP);
    let waiting = || {
        // Other parts of the status may have something to complain of.
        let told = output(&mut appliance.keyhold(&["status", "--json"]));
        let told: Value = serde_json::from_slice(&told.stdout).unwrap();
        told["listeners"][0]["waiting"].as_u64()
    };
    let began = Instant::now();
    while waiting().is_none() {
        assert!(began.elapsed() < Duration::from_secs(10), "nobody listens");
        sleep(Duration::from_millis(20));
    }
    assert_eq!(waiting(), Some(0));
    adopt(&appliance, "--label old-signing");
    assert_eq!(waiting(), Some(1));
    // Of a secret key nothing is public.
    adopt(&appliance, "--label old-files");
    assert_eq!(waiting(), Some(1));
}
