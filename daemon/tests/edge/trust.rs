//! Who is let in by TLS, and who is not.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair},
};
use keyhold::{
    directory::Directory,
    pki::{Authority, Revocation},
    tls::certificate_facts,
};
use kmip::ttlv::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    PublicKeyData,
};
use rustls::{
    HandshakeKind,
    pki_types::{CertificateDer, PrivateKeyDer},
    version::{TLS12, TLS13},
};
use store::{Client, Options, SqliteStore};
use time::{Duration, OffsetDateTime};

use crate::harness::{BOTH, Daemon, Identity, REFUSED_IN_KMIP, connect, exchange, keyhold};

pub(crate) fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.not_before = OffsetDateTime::now_utc() - Duration::days(30);
    params.not_after = OffsetDateTime::now_utc() + Duration::days(30);
    params
}

fn identity(certificate: &rcgen::Certificate, key: &KeyPair) -> Identity {
    Identity {
        chain: vec![certificate.der().clone()],
        key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
    }
}

/// The authority of a daemon.
pub(crate) fn authority_of(daemon: &Daemon) -> Issuer<'static, KeyPair> {
    let key = KeyPair::from_pem(&fs::read_to_string(daemon.dir.join("ca.key")).unwrap()).unwrap();
    let ca = fs::read_to_string(daemon.dir.join("ca.pem")).unwrap();
    Issuer::from_ca_cert_pem(&ca, key).unwrap()
}

/// A certificate that the authority of a daemon signs.
pub(crate) fn issued(daemon: &Daemon, params: &CertificateParams) -> Identity {
    let own = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&own, &authority_of(daemon)).unwrap();
    identity(&certificate, &own)
}

fn self_signed(params: &CertificateParams) -> Identity {
    let key = KeyPair::generate().unwrap();
    identity(&params.self_signed(&key).unwrap(), &key)
}

fn changed(
    params: &CertificateParams,
    change: impl FnOnce(&mut CertificateParams),
) -> CertificateParams {
    let mut changed = params.clone();
    change(&mut changed);
    changed
}

#[test]
fn both_versions_of_tls_are_spoken() {
    let (_folder, daemon) = Daemon::fresh();
    let identity = daemon.identity();
    for (version, wanted) in [(&TLS12, 0x0303), (&TLS13, 0x0304)] {
        let stream = daemon.ask(Some(&identity), &[version]).unwrap();
        assert_eq!(stream.conn.protocol_version().map(u16::from), Some(wanted));
    }
}

/// A client of TLS 1.2 that knows RSA alone gets the second certificate, and all others the first.
#[test]
fn a_second_certificate_serves_clients_of_rsa() {
    let (_folder, daemon) = Daemon::fresh();
    let key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let mut server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = server.signed_by(&key, &authority_of(&daemon)).unwrap();
    fs::write(daemon.dir.join("rsa.pem"), certificate.pem()).unwrap();
    let path = daemon.dir.join("rsa.key");
    fs::write(&path, key.serialize_pem()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    provider
        .cipher_suites
        .retain(|suite| format!("{:?}", suite.suite()).contains("_RSA_"));
    let identity = daemon.identity();
    let client = daemon.client_of(provider, Some(&identity), &[&TLS12]);
    assert!(
        exchange(&mut connect(daemon.kmip, client.clone())).is_err(),
        "no common suite"
    );

    daemon.reload(|text| {
        text.replace(
            "[tls]",
            "[tls]\nrsa_certificate = \"rsa.pem\"\nrsa_key = \"rsa.key\"",
        )
    });
    daemon.wait_for_log("the configuration is reloaded");
    let mut stream = connect(daemon.kmip, client);
    exchange(&mut stream).unwrap();
    assert_eq!(
        stream.conn.peer_certificates().unwrap()[0],
        *certificate.der()
    );
    for versions in [&[&TLS12][..], &[&TLS13]] {
        let stream = daemon.ask(Some(&identity), versions).unwrap();
        assert_ne!(
            stream.conn.peer_certificates().unwrap()[0],
            *certificate.der()
        );
    }
}

#[test]
fn strangers_are_refused_in_the_handshake() {
    let (_folder, daemon) = Daemon::fresh();
    let good = params("somebody");
    let authority = KeyPair::generate().unwrap();
    let foreign = Issuer::new(
        changed(&params("Foreign CA"), |own| {
            own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)
        }),
        authority,
    );
    let own = KeyPair::generate().unwrap();
    let yesterday = OffsetDateTime::now_utc() - Duration::days(1);
    let tomorrow = OffsetDateTime::now_utc() + Duration::days(1);
    let cases: Vec<(&str, Option<Identity>)> = vec![
        ("no certificate", None),
        ("self-signed", Some(self_signed(&good))),
        (
            "foreign",
            Some(identity(&good.signed_by(&own, &foreign).unwrap(), &own)),
        ),
        (
            "expired",
            Some(issued(
                &daemon,
                &changed(&good, |own| own.not_after = yesterday),
            )),
        ),
        (
            "not yet valid",
            Some(issued(
                &daemon,
                &changed(&good, |own| own.not_before = tomorrow),
            )),
        ),
        (
            "for servers",
            Some(issued(
                &daemon,
                &changed(&good, |own| {
                    own.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
                }),
            )),
        ),
    ];
    for versions in [&[&TLS12][..], &[&TLS13]] {
        for (what, client) in &cases {
            let refused = daemon.ask(client.as_ref(), versions).err().unwrap();
            assert_ne!(refused, REFUSED_IN_KMIP, "{what} is let in by {versions:?}");
        }
        // The very same, but good: it is let in, and refused in KMIP, because it is not enrolled.
        let stranger = issued(&daemon, &good);
        let refused = daemon.ask(Some(&stranger), versions).err().unwrap();
        assert_eq!(refused, REFUSED_IN_KMIP);
    }
    daemon.ask(Some(&daemon.identity()), BOTH).unwrap();
    let log = daemon.log();
    assert!(!log.contains("\"ERROR\""), "{log}");
}

#[test]
fn a_revocation_list_is_heeded_after_a_reload() {
    let (_folder, daemon) = Daemon::fresh();
    let identity = daemon.identity();
    let client = daemon.client(Some(&identity), &[&TLS13]);
    for _ in 0..2 {
        exchange(&mut connect(daemon.kmip, client.clone())).unwrap();
    }
    let mut resumed = connect(daemon.kmip, client.clone());
    exchange(&mut resumed).unwrap();
    assert_eq!(resumed.conn.handshake_kind(), Some(HandshakeKind::Resumed));

    let authority = Authority::load(&daemon.dir).unwrap();
    let facts = certificate_facts(&identity.chain[0]).unwrap();
    let now = Timestamp(OffsetDateTime::now_utc().unix_timestamp());
    let revocation = Revocation {
        serial: facts.serial,
        time: now,
    };
    authority.write_revocations(&[revocation], now).unwrap();
    daemon.reload(|text| {
        text.replace(
            "client_authorities",
            "revocation_lists = [\"ca.crl\"]\nclient_authorities",
        )
    });
    daemon.wait_for_log("the configuration is reloaded");
    for versions in [&[&TLS12][..], &[&TLS13]] {
        let refused = daemon.ask(Some(&identity), versions).err().unwrap();
        assert_ne!(refused, REFUSED_IN_KMIP);
    }
    let refused = exchange(&mut connect(daemon.kmip, client)).err().unwrap();
    assert_ne!(
        refused.to_string(),
        REFUSED_IN_KMIP,
        "nor by its old ticket"
    );
    assert_ne!(
        exchange(&mut resumed).err().unwrap().to_string(),
        REFUSED_IN_KMIP,
        "nor where it was connected before"
    );
    let another = daemon.ask(Some(&issued(&daemon, &params("another"))), BOTH);
    assert_eq!(
        another.err().unwrap(),
        REFUSED_IN_KMIP,
        "who is not on the list gets further"
    );
}

/// A client that is revoked while it is connected, and holds a ticket.
#[test]
fn a_revoked_client_is_gone_at_once() {
    let (_folder, daemon) = Daemon::fresh();
    let identity = daemon.identity();
    for versions in [&[&TLS12][..], &[&TLS13]] {
        daemon.ask(Some(&identity), versions).unwrap();
    }
    let clients = [&[&TLS12][..], &[&TLS13]].map(|own| daemon.client(Some(&identity), own));
    let mut open = Vec::new();
    for client in &clients {
        exchange(&mut connect(daemon.kmip, client.clone())).unwrap();
        let mut resumed = connect(daemon.kmip, client.clone());
        exchange(&mut resumed).unwrap();
        let kind = resumed.conn.handshake_kind();
        assert_eq!(kind, Some(HandshakeKind::Resumed));
        open.push(resumed);
    }
    let revoked = keyhold()
        .args(["client", "revoke", "dev", "--vault", "dev", "--dir"])
        .arg(&daemon.dir)
        .output()
        .unwrap();
    assert!(revoked.status.success(), "{revoked:?}");
    for stream in &mut open {
        let refused = exchange(stream).err().unwrap();
        assert_eq!(refused.to_string(), REFUSED_IN_KMIP, "its next message is");
    }
    for client in clients {
        let refused = exchange(&mut connect(daemon.kmip, client)).err().unwrap();
        assert_ne!(
            refused.to_string(),
            REFUSED_IN_KMIP,
            "its ticket is worth nothing"
        );
    }
    for versions in [&[&TLS12][..], &[&TLS13]] {
        let refused = daemon.ask(Some(&identity), versions).err().unwrap();
        assert_ne!(refused, REFUSED_IN_KMIP, "nor is its certificate");
    }
}

/// Certificates as appliances make them for themselves: let in once their key is enrolled, refused when it is revoked.
#[test]
fn enrolled_keys_are_let_in_whatever_their_certificate() {
    let (_folder, daemon) = Daemon::fresh();
    let dir = daemon.dir.clone();
    let authority = changed(&params("array-7"), |own| {
        own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    let own_authority = self_signed(&authority);
    let old = version_1();
    for stranger in [&own_authority, &old] {
        assert!(
            daemon.ask(Some(stranger), BOTH).err().unwrap() != REFUSED_IN_KMIP,
            "not enrolled yet"
        );
    }
    let ended = self_signed(&changed(&authority, |own| {
        own.not_after = OffsetDateTime::now_utc() - Duration::days(1);
    }));
    assert!(daemon.stop().success());
    enrol(&dir, "array", &own_authority, None);
    enrol(&dir, "old", &old, None);
    enrol(&dir, "ended", &ended, None);
    let daemon = Daemon::start(&dir);
    for versions in [&[&TLS12][..], &[&TLS13]] {
        daemon.ask(Some(&own_authority), versions).unwrap();
        daemon.ask(Some(&old), versions).unwrap();
        assert!(
            daemon.ask(Some(&ended), versions).err().unwrap() != REFUSED_IN_KMIP,
            "its time is over"
        );
        // The certificate of one with the key of another proves nothing.
        let stolen = Identity {
            chain: own_authority.chain.clone(),
            key: PrivateKeyDer::try_from(KeyPair::generate().unwrap().serialize_der()).unwrap(),
        };
        assert_ne!(
            daemon.ask(Some(&stolen), versions).err().unwrap(),
            REFUSED_IN_KMIP
        );
    }
    assert!(daemon.stop().success());
    enrol(&dir, "array", &own_authority, Some(Timestamp(1)));
    let daemon = Daemon::start(&dir);
    for versions in [&[&TLS12][..], &[&TLS13]] {
        assert!(
            daemon.ask(Some(&own_authority), versions).err().unwrap() != REFUSED_IN_KMIP,
            "revoked"
        );
        daemon.ask(Some(&old), versions).unwrap();
    }
}

fn enrol(dir: &Path, name: &str, identity: &Identity, revoked: Option<Timestamp>) {
    let store = SqliteStore::open(&dir.join("keyhold.db"), &Options::default()).unwrap();
    let directory = Directory::load(std::sync::Arc::new(store)).unwrap();
    let facts = certificate_facts(&identity.chain[0]).unwrap();
    let client = Client {
        name: name.to_owned(),
        vault: "dev".to_owned(),
        role: "user".to_owned(),
        spki_sha256: facts.identity.spki_sha256,
        serial: facts.serial,
        issued: facts.begins,
        expires: facts.ends,
        revoked,
        successor: None,
    };
    directory.put_client(&client).unwrap();
}

/// A self-signed certificate of version 1, which no library makes any more: names, dates, key, and nothing else.
fn version_1() -> Identity {
    let der = |tag: u8, contents: &[u8]| {
        let mut bytes = vec![tag];
        match u8::try_from(contents.len()) {
            Ok(short @ 0..0x80) => bytes.push(short),
            Ok(long) => bytes.extend([0x81, long]),
            Err(_) => {
                bytes.push(0x82);
                bytes.extend(u16::try_from(contents.len()).unwrap().to_be_bytes());
            }
        }
        bytes.extend(contents);
        bytes
    };
    let key = KeyPair::generate().unwrap();
    let pkcs8 = key.serialize_der();
    // ecdsa-with-SHA256
    let algorithm = der(
        0x30,
        &der(0x06, &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02]),
    );
    let common_name = [der(0x06, &[0x55, 0x04, 0x03]), der(0x0C, b"old array")].concat();
    let name = der(0x30, &der(0x31, &der(0x30, &common_name)));
    let dates = [der(0x17, b"200101000000Z"), der(0x17, b"491231235959Z")].concat();
    let contents = [
        der(0x02, &[0x11]),
        algorithm.clone(),
        name.clone(),
        der(0x30, &dates),
        name,
        key.subject_public_key_info(),
    ]
    .concat();
    let signed = der(0x30, &contents);
    let signer = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &pkcs8).unwrap();
    let signature = signer.sign(&SystemRandom::new(), &signed).unwrap();
    let bits = [&[0], signature.as_ref()].concat();
    let whole = der(0x30, &[signed, algorithm, der(0x03, &bits)].concat());
    Identity {
        chain: vec![CertificateDer::from(whole)],
        key: PrivateKeyDer::try_from(pkcs8).unwrap(),
    }
}
