//! Keys that go from one HSM into another: the embedded one, and a token in either custody.

use hsm::{
    CustodyMode, Departure, Encryption, Error, Hsm, Input, KeyRef, Parcel, TRANSPORT, Terms,
    Wrapped,
    module::{ModuleConfig, ModuleHsm},
    public,
    soft::{self, Master, PlainKey, SoftHsm},
};
use kmip::{
    CryptographicUsageMask as Usage,
    mechanism::{Cipher, Curve, Hash, KeySpec, Mac, Padding, Signing},
};

use cryptoki::object::{Attribute, AttributeType};

use super::common::{Token, assert_hidden, look, terms, with_token};

const EVERYTHING: Usage =
    Usage(Usage::Sign.0 | Usage::Encrypt.0 | Usage::Decrypt.0 | Usage::MACGenerate.0);

const KINDS: [KeySpec; 7] = [
    KeySpec::Aes { bits: 128 },
    KeySpec::Aes { bits: 256 },
    KeySpec::TripleDes { bits: 168 },
    KeySpec::Hmac {
        hash: Hash::Sha1,
        bits: 160,
    },
    KeySpec::Rsa { bits: 2048 },
    KeySpec::Ec(Curve::P256),
    KeySpec::Ec(Curve::P521),
];

fn embedded() -> SoftHsm {
    // The heap may be there already.
    drop(soft::start(soft::SECURE_HEAP_BYTES));
    SoftHsm::new(Master::ephemeral().unwrap(), 10).with_keys_that_may_move(true)
}

fn module(token: &Token, keys_may_move: bool) -> ModuleHsm {
    ModuleHsm::open(&ModuleConfig {
        keys_may_move,
        ..token.config()
    })
    .unwrap()
}

fn kept(id: &str, custody: CustodyMode) -> Terms {
    Terms {
        custody,
        ..terms(id, EVERYTHING)
    }
}

fn generate(hsm: &dyn Hsm, spec: KeySpec, terms: &Terms) -> (KeyRef, Vec<u8>) {
    let made = hsm.generate(spec, terms).unwrap();
    (made.key, made.public.unwrap_or_default())
}

/// Sends a key from one HSM to another.
fn send(
    (from, key): (&dyn Hsm, &KeyRef),
    to: &dyn Hsm,
    (spec, public): (KeySpec, &[u8]),
    terms: &Terms,
) -> hsm::Result<KeyRef> {
    let transport = to.transport(TRANSPORT, &self::terms("transport", Usage::UnwrapKey))?;
    let parcel = from.wrap_for(key, &transport.public, &transport.hashes)?;
    assert_eq!(parcel.public, public);
    let wrapped = Wrapped {
        hash: parcel.hash,
        bytes: &parcel.bytes,
        spec,
        public,
    };
    let made = to.unwrap(&transport.key, &wrapped, terms)?;
    assert_eq!(made.public.unwrap_or_default(), public);
    to.destroy(&transport.key)?;
    Ok(made.key)
}

/// What a key makes of a message, or, of a private key, that it is the one of its public key.
fn mark(hsm: &dyn Hsm, key: &KeyRef, spec: KeySpec, public: &[u8]) -> Vec<u8> {
    let cipher = match spec {
        KeySpec::Hmac { hash, .. } => return hsm.mac(key, Mac::Hmac(hash), b"m").unwrap(),
        KeySpec::Aes { .. } => Cipher::AesCbc(Padding::Pkcs5),
        KeySpec::TripleDes { .. } => Cipher::TripleDesCbc(Padding::Pkcs5),
        _ => {
            let signing = match spec {
                KeySpec::Rsa { .. } => Signing::RsaPkcs1(Some(Hash::Sha256)),
                _ => Signing::Ecdsa(Some(Hash::Sha256)),
            };
            let signature = hsm.sign(key, signing, Input::Message(b"m")).unwrap();
            assert!(public::verify(public, signing, Input::Message(b"m"), &signature).unwrap());
            return Vec::new();
        }
    };
    let input = Encryption {
        iv: Some(&[7; 16][..cipher.iv_bytes().unwrap()]),
        associated: &[],
        plain: b"a message",
    };
    hsm.encrypt(key, &cipher, input).unwrap().data
}

#[test]
fn keys_travel_and_stay_what_they_are() {
    with_token(|token| {
        let (soft, hard) = (embedded(), module(token, true));
        for spec in KINDS {
            let name = |what: &str| format!("{what} {spec:?}");
            let (own, public) = generate(&soft, spec, &kept(&name("0"), CustodyMode::Resident));
            let expected = mark(&soft, &own, spec, &public);
            let kind = (spec, &*public);
            assert_eq!(soft.departure(&own), Ok(Departure::Wrapped));

            let resident = kept(&name("1"), CustodyMode::Resident);
            let one = send((&soft, &own), &hard, kind, &resident).unwrap();
            assert_eq!(mark(&hard, &one, spec, &public), expected, "{spec:?}");
            assert_eq!(hard.departure(&one), Ok(Departure::Never));
            let stays = send((&hard, &one), &soft, kind, &resident);
            assert_eq!(stays, Err(Error::NotExportable));

            let wrapped = kept(&name("2"), CustodyMode::Wrapped);
            let two = send((&soft, &own), &hard, kind, &wrapped).unwrap();
            assert_eq!(mark(&hard, &two, spec, &public), expected, "{spec:?}");
            assert_eq!(hard.departure(&two), Ok(Departure::Wrapped));

            let back = send((&hard, &two), &soft, kind, &resident).unwrap();
            assert_eq!(mark(&soft, &back, spec, &public), expected, "{spec:?}");
            assert_eq!(soft.export(&back).err(), Some(Error::NotExportable));
        }
        // The sealing and the wrapping key, and what is resident: no transport key stays.
        let session = look(token);
        let all = session.find_objects(&[Attribute::Token(true)]).unwrap();
        assert_eq!(all.len(), 2 + KINDS.len());
        for object in all {
            assert_hidden(&session, object, "a token object");
        }
        let may_leave = [Attribute::Extractable(true)];
        assert!(session.find_objects(&may_leave).unwrap().is_empty());
    });
}

#[test]
fn keys_stay_where_the_configuration_does_not_let_them_go() {
    with_token(|token| {
        let hard = module(token, false);
        let spec = KeySpec::Aes { bits: 256 };
        let (key, _) = generate(&hard, spec, &kept("a", CustodyMode::Wrapped));
        assert_eq!(hard.departure(&key), Ok(Departure::Forbidden));
        let soft = embedded();
        let refused = send(
            (&hard, &key),
            &soft,
            (spec, &[]),
            &kept("b", CustodyMode::Resident),
        );
        assert_eq!(refused, Err(Error::NotExportable));

        let strict = SoftHsm::new(Master::ephemeral().unwrap(), 10);
        let (key, _) = generate(&strict, spec, &kept("c", CustodyMode::Resident));
        assert_eq!(strict.departure(&key), Ok(Departure::Forbidden));
        let refused = send(
            (&strict, &key),
            &soft,
            (spec, &[]),
            &kept("d", CustodyMode::Resident),
        );
        assert_eq!(refused, Err(Error::NotExportable));
    });
}

#[test]
fn what_was_changed_on_the_way_is_not_taken() {
    with_token(|token| {
        let (soft, hard) = (embedded(), module(token, true));
        let spec = KeySpec::Aes { bits: 256 };
        let (key, _) = generate(&soft, spec, &kept("a", CustodyMode::Resident));
        let resident = kept("b", CustodyMode::Resident);
        for to in [&soft as &dyn Hsm, &hard] {
            let transport = to
                .transport(TRANSPORT, &terms("transport", Usage::UnwrapKey))
                .unwrap();
            let parcel = soft.wrap_for(&key, &transport.public, &transport.hashes);
            let Parcel { hash, bytes, .. } = parcel.unwrap();
            let take = |bytes: &[u8], spec, public: &[u8]| {
                let wrapped = Wrapped {
                    hash,
                    bytes,
                    spec,
                    public,
                };
                to.unwrap(&transport.key, &wrapped, &resident)
            };
            for place in [0, 100, 383, 384, 400, bytes.len() - 1] {
                let mut changed = bytes.clone();
                changed[place] ^= 1;
                assert!(take(&changed, spec, &[]).is_err(), "byte {place}");
            }
            for len in [0, 1, 383, 384, 392, bytes.len() - 8] {
                assert!(take(&bytes[..len], spec, &[]).is_err(), "{len} bytes");
            }
            // As another kind of key than it is, and as the private half of somebody else's public key.
            let other = KeySpec::Aes { bits: 128 };
            assert!(take(&bytes, other, &[]).is_err());
            let (_, public) = PlainKey::generate(KeySpec::Ec(Curve::P256)).unwrap();
            assert!(take(&bytes, KeySpec::Ec(Curve::P256), &public.unwrap()).is_err());
            take(&bytes, spec, &[]).unwrap();
            // As when the journey was cut short after this, and is made again.
            take(&bytes, spec, &[]).unwrap();
        }
        let ids = [Attribute::Id(b"b".to_vec())];
        assert_eq!(look(token).find_objects(&ids).unwrap().len(), 1);
        // A journey that was begun anew has one pair, not two.
        hard.transport(TRANSPORT, &terms("transport", Usage::UnwrapKey))
            .unwrap();
        let pairs = [Attribute::Id(b"transport".to_vec())];
        assert_eq!(look(token).find_objects(&pairs).unwrap().len(), 1);
    });
}

#[test]
fn the_public_half_is_found_out_where_it_can_be() {
    with_token(|token| {
        let (soft, hard) = (embedded(), module(token, true));
        for (spec, is_told) in [
            (KeySpec::Rsa { bits: 2048 }, true),
            // SoftHSM2 has no CKA_EC_POINT of a private key.
            (KeySpec::Ec(Curve::P256), false),
        ] {
            let name = |what: &str| format!("{what} {spec:?}");
            let (own, public) = generate(&soft, spec, &kept(&name("0"), CustodyMode::Resident));
            for to in [&soft as &dyn Hsm, &hard] {
                for custody in [CustodyMode::Resident, CustodyMode::Wrapped] {
                    let transport = to.transport(TRANSPORT, &terms("t", Usage::UnwrapKey));
                    let transport = transport.unwrap();
                    let parcel = soft.wrap_for(&own, &transport.public, &transport.hashes);
                    let parcel = parcel.unwrap();
                    let wrapped = Wrapped {
                        public: &[],
                        ..parcel.wrapped(spec)
                    };
                    let id = name(&format!("{custody:?}"));
                    let made = to.unwrap(&transport.key, &wrapped, &kept(&id, custody));
                    if is_told || !to.keeps_keys() {
                        assert_eq!(made.unwrap().public.unwrap(), public);
                    } else {
                        let error = made.unwrap_err();
                        assert!(matches!(error, Error::BadKey(why) if why.contains("public half")));
                        let ids = [Attribute::Id(id.into_bytes())];
                        assert!(look(token).find_objects(&ids).unwrap().is_empty());
                    }
                }
            }
        }
        for weak in [KeySpec::Rsa { bits: 1024 }, KeySpec::Ec(Curve::P256)] {
            for hsm in [&soft as &dyn Hsm, &hard] {
                let refused = hsm.transport(weak, &terms("weak", Usage::UnwrapKey));
                assert!(matches!(refused, Err(Error::BadKey(_))), "{weak:?}");
            }
        }
    });
}

#[test]
fn wrapped_keys_become_objects_of_the_token() {
    with_token(|token| {
        let hard = module(token, false);
        for spec in KINDS {
            let id = format!("{spec:?}");
            let (wrapped, public) = generate(&hard, spec, &kept(&id, CustodyMode::Wrapped));
            let expected = mark(&hard, &wrapped, spec, &public);
            let terms = kept(&id, CustodyMode::Resident);
            let housed = hard.house(&wrapped, &terms).unwrap();
            assert_eq!(mark(&hard, &housed, spec, &public), expected, "{spec:?}");
            assert_eq!(hard.departure(&housed), Ok(Departure::Never));
            assert_eq!(hard.house(&housed, &terms), Err(Error::Unsupported));
            // As when the change was cut short after this, and is made again.
            let again = hard.house(&wrapped, &terms).unwrap();
            assert_eq!(mark(&hard, &again, spec, &public), expected, "{spec:?}");
            let session = look(token);
            let found = session.find_objects(&[Attribute::Id(id.into_bytes())]);
            let [object] = found.unwrap()[..] else {
                panic!("one object of {spec:?}");
            };
            assert_hidden(&session, object, "housed");
            let locked = [
                AttributeType::Sensitive,
                AttributeType::Extractable,
                AttributeType::Token,
            ];
            assert_eq!(
                session.get_attributes(object, &locked).unwrap(),
                [
                    Attribute::Sensitive(true),
                    Attribute::Extractable(false),
                    Attribute::Token(true)
                ]
            );
        }
    });
}
