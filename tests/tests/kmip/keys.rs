//! Keys that OpenSSL's own program made, in every encoding that KMIP has for them.

use std::{fs, path::Path};

use keyhold_tests::programs::{peer, succeed};

/// A key pair outside any HSM.
pub struct OpenSsl {
    /// PKCS #8.
    pub pkcs8: Vec<u8>,
    /// PKCS #1 of an RSA key, SEC 1 of an elliptic curve's.
    pub traditional: Vec<u8>,
    /// SubjectPublicKeyInfo.
    pub spki: Vec<u8>,
    /// PKCS #1 of an RSA public key.
    pub pkcs1_public: Vec<u8>,
    /// A self-signed certificate.
    pub certificate: Vec<u8>,
}

impl OpenSsl {
    /// An RSA key.
    pub fn rsa(folder: &Path) -> Self {
        let mut own = Self::make(
            folder,
            &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        );
        own.pkcs1_public = convert(folder, &["rsa", "-in", "key.pem", "-RSAPublicKey_out"]);
        own
    }

    /// A key on a curve that OpenSSL names so.
    pub fn ec(folder: &Path, curve: &str) -> Self {
        let option = format!("ec_paramgen_curve:{curve}");
        Self::make(folder, &["-algorithm", "EC", "-pkeyopt", &option])
    }

    /// An Ed25519 key.
    pub fn ed25519(folder: &Path) -> Self {
        Self::make(folder, &["-algorithm", "ED25519"])
    }

    fn make(folder: &Path, how: &[&str]) -> Self {
        let key = ["genpkey", "-out", "key.pem"];
        succeed(peer("openssl").args(key).args(how).current_dir(folder));
        let traditional = if how.contains(&"ED25519") {
            Vec::new()
        } else {
            convert(folder, &["pkey", "-in", "key.pem", "-traditional"])
        };
        let self_signed = [
            "req",
            "-x509",
            "-key",
            "key.pem",
            "-subj",
            "/C=CH/O=Test & Co/CN=object",
            "-days",
            "30",
        ];
        Self {
            pkcs8: convert(folder, &["pkcs8", "-topk8", "-nocrypt", "-in", "key.pem"]),
            traditional,
            spki: convert(folder, &["pkey", "-in", "key.pem", "-pubout"]),
            pkcs1_public: Vec::new(),
            certificate: convert(folder, &self_signed),
        }
    }
}

fn convert(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let out = ["-outform", "DER", "-out", "converted"];
    succeed(
        peer("openssl")
            .args(arguments)
            .args(out)
            .current_dir(folder),
    );
    fs::read(folder.join("converted")).unwrap()
}

/// Lets OpenSSL's program verify a signature over a message: `options` are those of `pkeyutl`.
pub fn verifies(
    folder: &Path,
    spki: &[u8],
    message: &[u8],
    signature: &[u8],
    options: &[&str],
) -> bool {
    fs::write(folder.join("public.der"), spki).unwrap();
    fs::write(folder.join("message"), message).unwrap();
    fs::write(folder.join("signature"), signature).unwrap();
    let mut command = peer("openssl");
    command.args([
        "pkeyutl",
        "-verify",
        "-pubin",
        "-keyform",
        "DER",
        "-inkey",
        "public.der",
        "-rawin",
    ]);
    command
        .args(["-in", "message", "-sigfile", "signature"])
        .args(options)
        .current_dir(folder);
    let output = keyhold_tests::programs::output(&mut command);
    let said = keyhold_tests::programs::text(&output.stdout);
    assert!(said.contains("Signature Verif"), "{output:?}");
    said.contains("Verified Successfully")
}

/// Lets OpenSSL's program do something with data that goes in and comes out as files.
pub fn openssl(folder: &Path, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    fs::write(folder.join("in"), input).unwrap();
    succeed(
        peer("openssl")
            .args(arguments)
            .args(["-in", "in", "-out", "out"])
            .current_dir(folder),
    );
    fs::read(folder.join("out")).unwrap()
}
