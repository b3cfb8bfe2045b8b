//! The lists of `docs/operations.md`: operations, objects, attributes, outcomes and algorithms.

use std::{collections::BTreeMap, fs};

use hsm::{
    Capabilities, Hsm,
    soft::{Master, SECURE_HEAP_BYTES, SoftHsm},
};
use keyhold::{
    fault::Fault,
    ops::{
        CREDENTIALS, CREDENTIALS_NOT_SERVED, NOT_SERVED, OBJECT_TYPES, PKCS11_NOT_SERVED, ROUTES,
        name, pkcs11_functions,
    },
    policy::Access,
};
use keyhold_tests::{
    Appliance, Backend, Client,
    documents::{Document, table},
    objects::{
        Pair, aes, certificate_object, create, create_pair, get, opaque_object, register,
        registration, secret_object, symmetric,
    },
    programs::root,
};
use kmip::{
    CredentialType, CryptographicAlgorithm, CryptographicUsageMask as Usage, KeyFormatType,
    OpaqueDataType, PKCS11Function, RecommendedCurve, SecretDataType, V1_0, V1_4, V2_1, V3_0,
    attribute::{Attribute, AttributeKind, SetBy},
    mechanism::{Cipher, Hash, Mac, Padding, Signing},
    object::ManagedObject,
    payload::{
        get::{Get, GetRequest},
        register::Register,
    },
};

#[test]
fn functions_of_pkcs11_are_those_of_the_table() {
    let named = |own: &PKCS11Function| format!("`{}`", own.name().unwrap());
    let served: Vec<_> = pkcs11_functions().map(|own| named(&own)).collect();
    let rows = PKCS11_NOT_SERVED
        .iter()
        .filter(|(own, _)| !own.contains(&PKCS11Function::CInitialize))
        .map(|(own, why)| {
            let names: Vec<_> = own.iter().map(named).collect();
            [names.join(", "), (*why).to_owned()]
        });
    let list = format!(
        "Served: `C_Initialize`, {}.\n\nAnswered with `CKR_FUNCTION_NOT_SUPPORTED`:\n\n{}",
        served.join(", "),
        table(["functions", "why not"], rows)
    );
    Document::read("docs/messages.md")
        .with("functions over kmip", &list)
        .settle();
}

#[test]
fn are_those_of_the_tables() {
    Document::read("docs/operations.md")
        .with("served", &served())
        .with("not served", &not_served())
        .with(
            "credentials",
            &credentials(CREDENTIALS, "how a user is recognised"),
        )
        .with(
            "credentials not served",
            &credentials(CREDENTIALS_NOT_SERVED, "why not"),
        )
        .with("formats", &formats())
        .with("attributes", &attributes())
        .with("faults", &faults())
        .with("algorithms", &algorithms())
        .settle();
}

fn served() -> String {
    let rows = ROUTES.iter().map(|route| {
        let access = match route.access {
            Access::Use(usage) => format!("use ({})", names(usage)),
            other => other.name().to_owned(),
        };
        let mut since = route.since.to_string();
        if route.is_experimental {
            since.push_str(", experimental");
        }
        [route.name().to_owned(), since, access]
    });
    table(["operation", "since", "access"], rows)
}

fn names(usage: Usage) -> String {
    let all = Usage::ALL.iter().filter(|(bit, ..)| usage.contains(*bit));
    all.map(|(_, _, full, _)| *full)
        .collect::<Vec<_>>()
        .join(", ")
}

fn not_served() -> String {
    let rows = NOT_SERVED
        .iter()
        .map(|(code, why)| [name(*code).to_owned(), (*why).to_owned()]);
    table(["operation", "why not"], rows)
}

fn credentials(rows: &[(CredentialType, &str)], heading: &str) -> String {
    let rows = rows.iter().map(|(own, text)| {
        let since = own.since().map(|own| own.to_string());
        [
            own.name().unwrap_or_default().to_owned(),
            since.unwrap_or_default(),
            (*text).to_owned(),
        ]
    });
    table(["credential", "since", heading], rows)
}

/// Every type of credential is served, or listed with its reason.
#[test]
fn no_credential_is_forgotten() {
    for own in CredentialType::ALL {
        let mut all = CREDENTIALS.iter().chain(CREDENTIALS_NOT_SERVED);
        assert!(all.any(|row| row.0 == *own), "{own:?}");
    }
}

/// Asks an appliance: what a Get gives out, and whether a Register takes the same back.
fn formats() -> String {
    let appliance = Appliance::start(Backend::Embedded);
    let client = &mut appliance.client(V3_0);
    let pem = fs::read_to_string(appliance.file("ca.pem")).unwrap();
    let mut rows = Vec::new();
    for (what, id) in samples(client, &pem) {
        let mut both = Vec::new();
        for format in KeyFormatType::ALL {
            let request = GetRequest {
                key_format_type: Some(*format),
                ..get(&id)
            };
            let Ok(got) = client.try_call::<Get>(&request) else {
                continue;
            };
            // What has no key block comes in one form.
            let Some(block) = got.object.key_block() else {
                continue;
            };
            assert_eq!(block.key_format_type, *format);
            let usage = Attribute::CryptographicUsageMask(Usage::Verify);
            let back = registration(got.object, [usage]);
            let refused = client.try_call::<Register>(&back).err();
            assert!(
                refused.is_none(),
                "{what} comes as {format:?} and does not go: {refused:?}"
            );
            both.push(format!("{format:?}"));
        }
        let both = if both.is_empty() {
            "as it is".to_owned()
        } else {
            both.join(", ")
        };
        rows.push([what.to_owned(), both]);
    }
    let types: Vec<_> = OBJECT_TYPES.iter().map(|own| format!("{own:?}")).collect();
    format!(
        "Object types: {}.\n\n{}",
        types.join(", "),
        table(["value", "Key Format Types"], rows)
    )
}

fn samples(client: &mut Client, pem: &str) -> Vec<(&'static str, String)> {
    let hmac = symmetric(CryptographicAlgorithm::HMACSHA256, 256, Usage::MACGenerate);
    let p256 = Pair::Ec(RecommendedCurve::P256, 256);
    let mut all = vec![
        ("AES key", create(client, aes(256, Usage::Encrypt))),
        ("HMAC key", create(client, hmac)),
    ];
    for (kind, private, public) in [
        (Pair::Rsa(2048), "RSA private key", "RSA public key"),
        (p256, "EC private key", "EC public key"),
        (Pair::Ed25519, "Ed25519 private key", "Ed25519 public key"),
    ] {
        let (own, other) = create_pair(client, kind, []);
        all.extend([(private, own), (public, other)]);
    }
    let password = secret_object(SecretDataType::Password, KeyFormatType::Raw, b"secret");
    let opaque = opaque_object(OpaqueDataType(0x8000_0001), b"opaque");
    all.extend([
        ("Secret Data", register(client, password, [])),
        ("Certificate", register(client, certificate(pem), [])),
        ("Opaque Object", register(client, opaque, [])),
    ]);
    all
}

fn certificate(pem: &str) -> ManagedObject {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    certificate_object(&CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
}

fn attributes() -> String {
    let yes = |flag| if flag { "yes" } else { "no" }.to_owned();
    let rows = AttributeKind::ALL.iter().map(|kind| {
        let rule = kind.rule();
        let versions = match rule.until {
            None => format!("from {}", rule.since),
            Some(until) => format!("{} until before {until}", rule.since),
        };
        let set_by = match rule.set_by {
            SetBy::Client => "client",
            SetBy::Either => "client or server",
            SetBy::Server => "server",
        };
        [
            rule.name.to_owned(),
            versions,
            set_by.to_owned(),
            yes(rule.client_changes),
            yes(rule.client_deletes),
            yes(rule.multiple),
        ]
    });
    let headings = [
        "attribute",
        "versions",
        "set by",
        "changed by clients",
        "deleted by clients",
        "several",
    ];
    table(headings, rows)
}

fn faults() -> String {
    let meanings = meanings();
    let rows = Fault::ALL.iter().map(|fault| {
        let meaning = meanings
            .get(fault.name())
            .unwrap_or_else(|| panic!("{} has no sentence", fault.name()));
        let reason = |version| format!("{:?}", fault.reason(version));
        [
            fault.name().to_owned(),
            meaning.clone(),
            reason(V1_0),
            reason(V1_4),
            reason(V2_1),
        ]
    });
    table(["outcome", "meaning", "1.0", "1.4", "2.1"], rows)
}

/// The sentence over each row of the table of faults.
fn meanings() -> BTreeMap<String, String> {
    let source = fs::read_to_string(root().join("daemon/src/fault.rs")).unwrap();
    let (_, rows) = source.split_once("\nfaults! {\n").unwrap();
    let (rows, _) = rows.split_once("\n}\n").unwrap();
    let mut all = BTreeMap::new();
    let mut sentence = String::new();
    for line in rows.lines().map(str::trim) {
        match (line.strip_prefix("/// "), line.split_once(':')) {
            (Some(text), _) => sentence.push_str(text),
            (None, Some((name, _))) => {
                all.insert(name.to_owned(), std::mem::take(&mut sentence));
            }
            (None, None) => {}
        }
    }
    all
}

fn algorithms() -> String {
    hsm::soft::start(SECURE_HEAP_BYTES).unwrap();
    let hsm = SoftHsm::new(Master::ephemeral().unwrap(), 1);
    let Capabilities {
        generate,
        import,
        sign,
        cipher,
        mac,
        ..
    } = hsm.capabilities();
    assert_eq!(generate, import, "the list has one line for both");
    let keys: Vec<_> = generate.iter().map(ToString::to_string).collect();
    let mut rows = vec![["keys".to_owned(), keys.join(", ")]];
    let mut add = |what: &str, names: Vec<(String, String)>| {
        let mut families: Vec<(String, Vec<String>)> = Vec::new();
        for (family, detail) in names {
            match families.iter_mut().find(|(own, _)| *own == family) {
                Some((_, details)) if details.contains(&detail) => {}
                Some((_, details)) => details.push(detail),
                None => families.push((family, vec![detail])),
            }
        }
        rows.extend(families.into_iter().map(|(family, mut details)| {
            details.retain(|detail| !detail.is_empty());
            let text = match details.as_slice() {
                [] => family,
                _ => format!("{family}: {}", details.join(", ")),
            };
            [what.to_owned(), text]
        }));
    };
    add("signatures", sign.iter().map(signing).collect());
    add("encryption", cipher.iter().map(encryption).collect());
    add("authentication", mac.iter().map(authentication).collect());
    table(["what", "served"], rows)
}

fn signing(own: &Signing) -> (String, String) {
    let or_digest = |hash: &Option<Hash>| {
        hash.map_or("a digest made by the client", Hash::name)
            .to_owned()
    };
    match own {
        Signing::RsaPkcs1(hash) => ("RSA PKCS#1 v1.5".to_owned(), or_digest(hash)),
        Signing::RsaPss { hash, .. } => (
            "RSA PSS, any of these for MGF1".to_owned(),
            hash.name().to_owned(),
        ),
        Signing::Ecdsa(hash) => ("ECDSA".to_owned(), or_digest(hash)),
        Signing::Dsa(hash) => ("DSA".to_owned(), or_digest(hash)),
        Signing::Eddsa => ("Ed25519 and Ed448".to_owned(), String::new()),
        Signing::MlDsa => ("ML-DSA".to_owned(), String::new()),
        Signing::SlhDsa => ("SLH-DSA".to_owned(), String::new()),
        Signing::InContext { .. } => (
            "Ed25519, Ed448, ML-DSA and SLH-DSA in a context".to_owned(),
            String::new(),
        ),
    }
}

fn authentication(own: &Mac) -> (String, String) {
    let (family, detail) = match own {
        Mac::Hmac(hash) => ("HMAC", hash.name()),
        Mac::AesCmac => ("CMAC", "AES"),
        Mac::TripleDesCmac => ("CMAC", "triple DES"),
        Mac::AesCbcMac => ("CBC-MAC", "AES"),
        Mac::TripleDesCbcMac => ("CBC-MAC", "triple DES"),
    };
    (family.to_owned(), detail.to_owned())
}

fn encryption(own: &Cipher) -> (String, String) {
    let padded = |padding: &Padding| match padding {
        Padding::None => "without padding".to_owned(),
        Padding::Pkcs5 => "PKCS5 padding".to_owned(),
        Padding::Ssl3 => "SSL3 padding".to_owned(),
        Padding::Zeros => "zeros".to_owned(),
        Padding::AnsiX923 => "ANSI X9.23 padding".to_owned(),
        Padding::Iso10126 => "ISO 10126 padding".to_owned(),
    };
    let (family, detail) = match own {
        Cipher::AesEcb(padding) => ("AES ECB", padded(padding)),
        Cipher::AesCbc(padding) => ("AES CBC", padded(padding)),
        Cipher::AesCtr => ("AES CTR", String::new()),
        Cipher::AesCfb => ("AES CFB (128 bits)", String::new()),
        Cipher::AesOfb => ("AES OFB", String::new()),
        Cipher::AesXts => ("AES XTS", String::new()),
        Cipher::AesCcm { tag_bytes } => ("AES CCM, bytes of the tag", tag_bytes.to_string()),
        Cipher::TripleDesEcb(padding) => ("triple DES ECB", padded(padding)),
        Cipher::TripleDesCbc(padding) => ("triple DES CBC", padded(padding)),
        Cipher::TripleDesCfb => ("triple DES CFB (64 bits)", String::new()),
        Cipher::TripleDesOfb => ("triple DES OFB", String::new()),
        Cipher::ChaCha20 => ("ChaCha20", String::new()),
        Cipher::ChaCha20Poly1305 { tag_bytes } => {
            ("ChaCha20-Poly1305, bytes of the tag", tag_bytes.to_string())
        }
        Cipher::AesGcm { tag_bytes } => ("AES GCM, bytes of the tag", tag_bytes.to_string()),
        Cipher::AesKeyWrap => ("AES key wrap (RFC 3394)", String::new()),
        Cipher::AesKeyWrapPadded => ("AES key wrap with padding (RFC 5649)", String::new()),
        Cipher::RsaPkcs1 => ("RSA PKCS#1 v1.5", String::new()),
        Cipher::RsaOaep { hash, .. } => ("RSA OAEP, any of these for MGF1", hash.name().to_owned()),
    };
    (family.to_owned(), detail)
}
