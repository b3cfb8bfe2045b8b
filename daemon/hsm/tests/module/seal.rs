//! Data sealed under keys of the token.

use cryptoki::object::Attribute;
use hsm::{Error, Hsm, Sealed, module::ModuleHsm};
use kmip::{
    Secret,
    mechanism::{Cipher, Hash},
};

use super::common::{assert_hidden, look, oaep, with_token};

#[test]
fn a_seal_opens_under_its_label_only() {
    with_token(|token| {
        seals(&token.open());
    });
}

#[test]
fn a_module_without_gcm_seals_with_cbc_and_hmac() {
    with_token(|token| {
        let with = token.open();
        let sealed = with.seal(&Secret::from(&b"before"[..]), b"l").unwrap();

        let mut config = token.config();
        config.mechanisms_disabled = vec![cryptoki_sys::CKM_AES_GCM, cryptoki_sys::CKM_RSA_X_509];
        let without = ModuleHsm::open(&config).unwrap();
        let found = without.capabilities();
        assert!(!found.cipher.contains(&Cipher::AesGcm { tag_bytes: 16 }));
        // Without the bare RSA operation the module takes the paddings off, those it can.
        assert!(!found.cipher.contains(&Cipher::RsaPkcs1));
        assert!(!found.cipher.contains(&oaep(Hash::Sha256, b"")));
        assert!(found.cipher.contains(&oaep(Hash::Sha1, b"")));
        seals(&without);
        assert_eq!(without.open(&sealed, b"l").unwrap().expose(), b"before");
        let sealed = without.seal(&Secret::from(&b"after"[..]), b"l").unwrap();
        assert_eq!(with.open(&sealed, b"l").unwrap().expose(), b"after");
    });
}

fn seals(hsm: &ModuleHsm) {
    for plain in [&b""[..], b"root", &[3; 70_000]] {
        let plain = Secret::from(plain);
        let sealed = hsm.seal(&plain, b"label").unwrap();
        assert!(hsm.open(&sealed, b"label").unwrap() == plain);
        assert_ne!(
            hsm.seal(&plain, b"label").unwrap(),
            sealed,
            "each has an IV of its own"
        );
        for label in [&b""[..], b"labe", b"label2"] {
            assert_eq!(hsm.open(&sealed, label).err(), Some(Error::Corrupt));
        }
        for place in (0..sealed.0.len().min(80)).chain([sealed.0.len() - 1]) {
            let mut changed = sealed.clone();
            changed.0[place] ^= 1;
            assert_eq!(
                hsm.open(&changed, b"label").err(),
                Some(Error::Corrupt),
                "byte {place}"
            );
        }
        for len in 0..60.min(sealed.0.len()) {
            let cut = Sealed(sealed.0[..len].to_vec());
            assert_eq!(
                hsm.open(&cut, b"label").err(),
                Some(Error::Corrupt),
                "{len} bytes"
            );
        }
    }
}

#[test]
fn two_daemons_share_a_token() {
    with_token(|token| {
        let (one, other) = (token.open(), token.open());
        let sealed = one.seal(&Secret::from(&b"shared"[..]), b"l").unwrap();
        assert_eq!(other.open(&sealed, b"l").unwrap().expose(), b"shared");
        let by_label = [
            Attribute::Label(b"keyhold-sealing".to_vec()),
            Attribute::Token(true),
        ];
        let session = look(token);
        let found = session.find_objects(&by_label).unwrap();
        assert_eq!(found.len(), 1, "the second found the key of the first");
        assert_hidden(&session, found[0], "the sealing key");
    });
}

#[test]
fn random_bytes_are_the_tokens() {
    with_token(|token| {
        let hsm = token.open();
        let (mut one, mut other) = ([0; 64], [0; 64]);
        hsm.random(&mut one).unwrap();
        hsm.random(&mut other).unwrap();
        assert_ne!(one, other);
        hsm.random(&mut []).unwrap();
    });
}
