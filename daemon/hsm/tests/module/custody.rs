//! Locked keys stay, exportable ones leave, destroyed ones are gone.

use cryptoki::object::{Attribute, AttributeType};
use hsm::{
    Encryption, Error, Hsm, Input, KeyRef, Material, Terms, module::ModuleHsm, public,
    soft::PlainKey,
};
use kmip::{
    CryptographicUsageMask as Usage, Secret,
    mechanism::{Cipher, Curve, Hash, KeySpec, Signing},
};

use super::common::{assert_hidden, look, secret, terms, with_token};

#[test]
fn locked_keys_cannot_be_read() {
    with_token(|token| {
        let hsm = token.open();
        let usage = Usage(u32::MAX);
        let specs = [
            KeySpec::Aes { bits: 256 },
            KeySpec::Hmac {
                hash: Hash::Sha512,
                bits: 512,
            },
            KeySpec::Rsa { bits: 2048 },
            KeySpec::Ec(Curve::P256),
            KeySpec::Ec(Curve::Ed25519),
        ];
        let mut made = Vec::new();
        for spec in specs {
            let id = format!("made {spec:?}");
            made.push((
                id.clone(),
                hsm.generate(spec, &terms(&id, usage)).unwrap().key,
            ));
            let id = format!("taken {spec:?}");
            let (material, _) = PlainKey::generate(spec).unwrap();
            made.push((
                id.clone(),
                hsm.import(&material, &terms(&id, usage)).unwrap(),
            ));
        }
        let session = look(token);
        for (id, key) in made {
            assert_eq!(hsm.export(&key).err(), Some(Error::NotExportable), "{id}");
            let found = session
                .find_objects(&[Attribute::Id(id.clone().into_bytes())])
                .unwrap();
            assert_eq!(
                found.len(),
                1,
                "{id}: the key, and no public half beside it"
            );
            let wanted = [
                AttributeType::Sensitive,
                AttributeType::Extractable,
                AttributeType::Private,
                AttributeType::Label,
            ];
            let attributes = session.get_attributes(found[0], &wanted).unwrap();
            assert!(
                attributes.contains(&Attribute::Sensitive(true)),
                "{id}: {attributes:?}"
            );
            assert!(attributes.contains(&Attribute::Extractable(false)), "{id}");
            assert!(attributes.contains(&Attribute::Private(true)), "{id}");
            assert!(
                attributes.contains(&Attribute::Label(b"a name".to_vec())),
                "{id}"
            );
            assert_hidden(&session, found[0], &id);
        }
    });
}

#[test]
fn exportable_keys_leave_and_work_and_are_no_token_objects() {
    with_token(|token| {
        let hsm = token.open();
        let exportable = Terms {
            exportable: true,
            ..terms("free", Usage::Sign)
        };
        let spec = KeySpec::Ec(Curve::P521);
        let made = hsm.generate(spec, &exportable).unwrap();
        let (private, public) = (made.key, made.public.unwrap());
        let signing = Signing::Ecdsa(Some(Hash::Sha512));
        let signature = hsm.sign(&private, signing, Input::Message(b"m")).unwrap();
        assert!(public::verify(&public, signing, Input::Message(b"m"), &signature).unwrap());

        let material = hsm.export(&private).unwrap();
        let back = hsm.import(&material, &exportable).unwrap();
        assert!(hsm.export(&back).unwrap() == material);
        let other = Terms {
            id: b"other".to_vec(),
            ..exportable
        };
        let mut moved = hsm.import(&material, &other).unwrap();
        // A reference whose identifier was changed does not open.
        let place = moved
            .0
            .windows(5)
            .position(|part| part == b"other")
            .unwrap();
        moved.0[place] ^= 1;
        assert_eq!(hsm.export(&moved).err(), Some(Error::Corrupt));

        let all = look(token).find_objects(&[Attribute::Token(true)]).unwrap();
        assert_eq!(all.len(), 1, "only the sealing key");
    });
}

#[test]
fn bad_material_never_reaches_the_token() {
    with_token(|token| {
        let hsm = token.open();
        let bad = [
            Material::Secret {
                spec: KeySpec::Aes { bits: 256 },
                bytes: Secret::new(vec![1; 31]),
            },
            Material::Private {
                spec: KeySpec::Rsa { bits: 2048 },
                pkcs8: Secret::new(vec![0x30, 0x00]),
            },
            Material::Private {
                spec: KeySpec::Ec(Curve::P256),
                pkcs8: match PlainKey::generate(KeySpec::Ec(Curve::P384)).unwrap().0 {
                    Material::Private { pkcs8, .. } => pkcs8,
                    Material::Secret { .. } => panic!("a pair"),
                },
            },
        ];
        for material in bad {
            let answer = hsm.import(&material, &terms("bad", Usage::Sign));
            assert!(
                matches!(answer, Err(Error::BadKey(_) | Error::KeyTypeMismatch)),
                "{answer:?}"
            );
        }
        let all = look(token).find_objects(&[Attribute::Token(true)]).unwrap();
        assert_eq!(all.len(), 1, "only the sealing key");
    });
}

#[test]
fn a_destroyed_key_is_gone_for_every_session() {
    with_token(|token| {
        let (hsm, other) = (token.open(), token.open());
        let spec = KeySpec::Aes { bits: 256 };
        let usage = Usage::Encrypt | Usage::Decrypt;
        let (gone, kept) = (secret(&hsm, spec, usage), secret(&hsm, spec, usage));
        let encrypt = |hsm: &ModuleHsm, key: &KeyRef| {
            let cipher = Cipher::AesGcm { tag_bytes: 16 };
            hsm.encrypt(
                key,
                &cipher,
                Encryption {
                    iv: None,
                    associated: &[],
                    plain: b"p",
                },
            )
        };
        encrypt(&hsm, &gone).unwrap();
        encrypt(&other, &gone).unwrap();
        hsm.destroy(&gone).unwrap();
        hsm.destroy(&gone).unwrap();
        hsm.destroy(&KeyRef(b"what is this".to_vec())).unwrap();
        assert_eq!(encrypt(&hsm, &gone).err(), Some(Error::KeyNotFound));
        // The other has the handle still; it looks again.
        assert_eq!(encrypt(&other, &gone).err(), Some(Error::KeyNotFound));
        encrypt(&hsm, &kept).unwrap();
        encrypt(&other, &kept).unwrap();
    });
}

#[test]
fn an_identifier_names_one_key() {
    with_token(|token| {
        let hsm = token.open();
        let spec = KeySpec::Aes { bits: 128 };
        hsm.generate(spec, &terms("one", Usage::Encrypt)).unwrap();
        let again = hsm.generate(spec, &terms("one", Usage::Encrypt));
        assert!(matches!(again, Err(Error::BadInput(_))), "{again:?}");
        for id in ["", "keyhold-sealing/12345678"] {
            let reserved = hsm.generate(spec, &terms(id, Usage::Encrypt));
            assert!(matches!(reserved, Err(Error::BadInput(_))), "{reserved:?}");
        }
    });
}

#[test]
fn usage_flags_are_the_tokens_too() {
    with_token(|token| {
        let hsm = token.open();
        let key = secret(&hsm, KeySpec::Aes { bits: 256 }, Usage::Decrypt);
        let answer = hsm.encrypt(
            &key,
            &Cipher::AesGcm { tag_bytes: 16 },
            Encryption {
                iv: None,
                associated: &[],
                plain: b"p",
            },
        );
        assert_eq!(answer.err(), Some(Error::Unsupported));
    });
}
