//! Requests for certificates as other programs make them: PKCS #10 of OpenSSL, and CRMF.

use std::{path::Path, process::Command};

use kmip::{CertificateRequestType, ResultReason};

use super::{authority, certify, crmf, der, of_request, openssl_verifies};
use crate::{fixture::Fixture, objects::attributes};

#[test]
fn a_crmf_request_is_certified() {
    let mut fixture = Fixture::new();
    let authority = authority(&fixture, "ec-p256");
    let asked = of_request(CertificateRequestType::CRMF, &crmf(true));
    let id = certify(&mut fixture, &asked).unwrap();
    let made = der(&mut fixture, &id);
    assert!(openssl_verifies(&authority.certificate, &made));
    let own = attributes(&mut fixture, &id);
    assert_eq!(own.certificate_subject_cn.first().unwrap(), "crmf");
    let wrong = of_request(CertificateRequestType::CRMF, &crmf(false));
    assert_eq!(certify(&mut fixture, &wrong), Err(ResultReason::InvalidCSR));
}

fn openssl_request(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let done = Command::new("openssl")
        .current_dir(folder)
        .args([
            "req", "-new", "-nodes", "-keyout", "key.pem", "-subj", "/CN=rsa", "-outform", "DER",
        ])
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    done.stdout
}

#[test]
fn requests_of_openssl_are_certified() {
    let mut fixture = Fixture::new();
    let authority = authority(&fixture, "ec-p256");
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["-newkey", "rsa:2048", "-sha256"][..],
        &["-newkey", "rsa:2048", "-sha1"],
        &[
            "-newkey",
            "rsa:2048",
            "-sha384",
            "-sigopt",
            "rsa_padding_mode:pss",
            "-sigopt",
            "rsa_pss_saltlen:48",
        ],
        &[
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:secp384r1",
            "-sha512",
        ],
        &["-newkey", "ed25519"],
    ] {
        let request = openssl_request(folder.path(), arguments);
        let asked = of_request(CertificateRequestType::PKCS10, &request);
        let id = certify(&mut fixture, &asked)
            .unwrap_or_else(|reason| panic!("{arguments:?}: {reason:?}"));
        assert!(openssl_verifies(
            &authority.certificate,
            &der(&mut fixture, &id)
        ));
        // Each bit that is turned makes it another request, or none.
        let mut broken = request.clone();
        let last = broken.len() - 5;
        broken[last] ^= 1;
        let asked = of_request(CertificateRequestType::PKCS10, &broken);
        assert_eq!(certify(&mut fixture, &asked), Err(ResultReason::InvalidCSR));
    }
}

#[test]
fn a_strict_vault_believes_no_sha_1() {
    let mut fixture = Fixture::new();
    authority(&fixture, "ec-p256");
    let vault = fixture.service.directory().vault("one").unwrap();
    let strict = store::Vault {
        strict: true,
        ..(*vault).clone()
    };
    fixture.service.directory().put_vault(&strict).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let request = openssl_request(folder.path(), &["-newkey", "rsa:2048", "-sha1"]);
    let asked = of_request(CertificateRequestType::PKCS10, &request);
    assert_eq!(certify(&mut fixture, &asked), Err(ResultReason::InvalidCSR));
}
