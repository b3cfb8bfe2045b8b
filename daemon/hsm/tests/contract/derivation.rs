//! Derivations against the vectors of their standards, and against what another implementation computed.

use hsm::{Base, Derived, Deriving, Error, Hsm, KeyRef, Material, Target, encoding, soft};
use kmip::{
    Secret,
    mechanism::{Cipher, Curve, Derivation, Hash, KeySpec, Padding, Prf},
};

use crate::{backends, terms};

const LABEL: &[u8] = b"derived data";
const PREFIX: &[u8] = b"prefix";

pub(crate) fn how(mechanism: &Derivation) -> Deriving<'_> {
    Deriving {
        mechanism,
        data: &[],
        iv: None,
        salt: &[],
        keys: &[],
        block: None,
        skipped_bytes: 0,
        peer: None,
    }
}

/// So many derived bytes, as they were sealed.
pub(crate) fn data(
    hsm: &dyn Hsm,
    base: Base<'_>,
    how: Deriving<'_>,
    bytes: usize,
) -> hsm::Result<Vec<u8>> {
    let target = Target::Data {
        bytes,
        prefix: PREFIX,
        label: LABEL,
    };
    match hsm.derive(base, &how, &target)? {
        Derived::Data(sealed) => {
            let whole = hsm.open(&sealed, LABEL)?;
            Ok(whole.expose().strip_prefix(PREFIX).unwrap().to_vec())
        }
        Derived::Key(_) => panic!("a key in place of data"),
    }
}

fn expect(base: &[u8], how: Deriving<'_>, expected: &str) {
    let expected = hex::decode(expected).unwrap();
    for (name, hsm) in backends() {
        let base = Secret::from(base);
        let derived = data(hsm.as_ref(), Base::Bytes(&base), how, expected.len());
        assert_eq!(derived, Ok(expected.clone()), "{name} {}", how.mechanism);
    }
}

#[test]
fn pbkdf2_as_rfc_6070_prints_it() {
    for (iterations, expected) in [
        (1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"),
        (2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"),
        (4096, "4b007901b765489abead49d926f721d065a429c1"),
    ] {
        let mechanism = Derivation::Pbkdf2 {
            hash: Hash::Sha1,
            iterations,
        };
        let how = Deriving {
            salt: b"salt",
            ..how(&mechanism)
        };
        expect(b"password", how, expected);
    }
}

#[test]
fn hkdf_as_rfc_5869_prints_it() {
    let mechanism = Derivation::Hkdf(Hash::Sha256);
    let salt: Vec<u8> = (0..=12).collect();
    let info: Vec<u8> = (0xf0..=0xf9).collect();
    let with = Deriving {
        salt: &salt,
        data: &info,
        ..how(&mechanism)
    };
    expect(
        &[0x0b; 22],
        with,
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    );
    expect(
        &[0x0b; 22],
        how(&mechanism),
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    );
    let half = "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5";
    let extract = Deriving {
        mechanism: &Derivation::HkdfExtract(Hash::Sha256),
        ..with
    };
    expect(&[0x0b; 22], extract, half);
    let expand = Deriving {
        data: &info,
        ..how(&Derivation::HkdfExpand(Hash::Sha256))
    };
    expect(
        &hex::decode(half).unwrap(),
        expand,
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    );
}

/// Computed by Python's `hmac` and, in counter mode, by its `cryptography`.
#[test]
fn sp_800_108_as_another_implementation_computes_it() {
    let key: Vec<u8> = (0..32).collect();
    let iv: Vec<u8> = (32..64).collect();
    let prf = Prf::Hmac(Hash::Sha256);
    let (counter, feedback, pipeline) = (
        Derivation::Counter(prf),
        Derivation::Feedback(prf),
        Derivation::DoublePipeline(prf),
    );
    let with = |mechanism| Deriving {
        data: b"label\0context",
        ..how(mechanism)
    };
    expect(
        &key,
        with(&counter),
        "18b8910606f09c475658fb393a63521855b7deee922916562c76d87ba4f91aa88d4d4fe95ec82226",
    );
    let second = Deriving {
        skipped_bytes: 16,
        ..with(&counter)
    };
    expect(
        &key,
        second,
        "55b7deee922916562c76d87ba4f91aa88d4d4fe95ec82226",
    );
    expect(
        &key,
        with(&feedback),
        "18b8910606f09c475658fb393a63521855b7deee922916562c76d87ba4f91aa8a3ffd992e13c77db",
    );
    let begun = Deriving {
        iv: Some(&iv),
        ..with(&feedback)
    };
    expect(
        &key,
        begun,
        "275bcf621cd42d26a34fb2b66e6a5165dd064152e89ff39808325dd58e3556aa0b7cacfc33b4a72e",
    );
    expect(
        &key,
        with(&pipeline),
        "80d3e0462dfaf65bdca1b3602dd52bd373e6c927a1a184164c6b71fe08fc665b5bb5a1a7788f40db",
    );
    let cmac = Derivation::Counter(Prf::AesCmac);
    for (name, hsm) in backends() {
        let key = exportable(hsm.as_ref(), &key);
        let derived = data(hsm.as_ref(), Base::Key(&key), with(&cmac), 40).unwrap();
        assert_eq!(
            hex::encode(derived),
            "0d66ab4d4ae92d34ae719cda65f2cc871e76bfd931e008bfd9cb540307780c43938918ad7ae46edb",
            "{name}"
        );
    }
}

pub(crate) fn exportable(hsm: &dyn Hsm, bytes: &[u8]) -> KeyRef {
    let material = Material::Secret {
        spec: KeySpec::Aes {
            bits: u16::try_from(bytes.len() * 8).unwrap(),
        },
        bytes: bytes.into(),
    };
    hsm.import(&material, &terms(true)).unwrap()
}

#[test]
fn agreements_as_rfc_7748_prints_them() {
    for (curve, private, public, expected) in [
        (
            Curve::X25519,
            "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
            "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
            "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
        ),
        (
            Curve::X448,
            "1c306a7ac2a0e2e0990b294470cba339e6453772b075811d8fad0d1d6927c120bb5ee8972b0d3e21374c9c921b09d1b0366f10b65173992d",
            "9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c22c5d9bbc836647241d953d40c5b12da88120d53177f80e532c41fa0",
            "07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282bb60c0b56fd2464c335543936521c24403085d59a449a5037514a879d",
        ),
    ] {
        let bytes = |text: &str| hex::decode(text).unwrap();
        let scalar = Secret::new(bytes(private));
        let material = Material::Private {
            spec: KeySpec::Ec(curve),
            pkcs8: encoding::scalar_to_pkcs8(curve, &scalar).unwrap(),
        };
        let peer = encoding::point_to_spki(curve, &bytes(public)).unwrap();
        let expected = bytes(expected);
        for (name, hsm) in backends() {
            let key = hsm.import(&material, &terms(true)).unwrap();
            let with = Deriving {
                peer: Some(&peer),
                ..how(&Derivation::Agreement)
            };
            let agreed = data(hsm.as_ref(), Base::Key(&key), with, expected.len());
            assert_eq!(agreed.as_ref(), Ok(&expected), "{name} {curve:?}");
            // ANSI X9.63 §5.6.3 and SP 800-56C §4.1, spelled out.
            for (mechanism, counter_leads) in [
                (Derivation::X963(Hash::Sha256), false),
                (Derivation::OneStep(Hash::Sha256), true),
            ] {
                let hashed = [1_u8, 2].map(|counter| {
                    let (counter, secret) = ([0, 0, 0, counter], &expected[..]);
                    let input = if counter_leads {
                        [&counter, secret, b"info"].concat()
                    } else {
                        [secret, &counter, b"info"].concat()
                    };
                    hsm::public::hash(Hash::Sha256, &input).unwrap()
                });
                let hashing = Deriving {
                    salt: b"info",
                    mechanism: &mechanism,
                    ..with
                };
                let agreed = data(hsm.as_ref(), Base::Key(&key), hashing, 40);
                assert_eq!(agreed.as_deref(), Ok(&hashed.concat()[..40]), "{name}");
            }
        }
    }
}

#[test]
fn both_sides_agree_on_every_curve_and_in_every_group() {
    let mut specs: Vec<_> = Curve::ALL.iter().map(|curve| KeySpec::Ec(*curve)).collect();
    specs.retain(|spec| !matches!(spec, KeySpec::Ec(curve) if curve.is_edwards()));
    specs.push(KeySpec::Dh { bits: 2048 });
    let other = soft::PlainKey::generate(KeySpec::Ec(Curve::P224)).unwrap();
    for spec in specs {
        let [(one, one_public), (two, two_public)] =
            [(), ()].map(|()| soft::PlainKey::generate(spec).unwrap());
        for (name, hsm) in backends() {
            let agree = |material: &Material, peer: &Option<Vec<u8>>| {
                let key = hsm.import(material, &terms(true)).unwrap();
                let with = Deriving {
                    peer: peer.as_deref(),
                    ..how(&Derivation::Agreement)
                };
                data(
                    hsm.as_ref(),
                    Base::Key(&key),
                    with,
                    usize::from(spec.bits().div_ceil(8)),
                )
            };
            let agreed = agree(&one, &two_public).unwrap();
            assert_eq!(agree(&two, &one_public), Ok(agreed), "{name} {spec}");
            if spec != KeySpec::Ec(Curve::P224) {
                let refused = agree(&one, &other.1).err();
                assert!(
                    matches!(refused, Some(Error::BadInput(_))),
                    "{name} {spec}: {refused:?}"
                );
            }
        }
    }
}

#[test]
fn the_plain_methods_give_what_the_other_operations_do() {
    let key = [7; 32];
    for (name, hsm) in backends() {
        let own = exportable(hsm.as_ref(), &key);
        let base = Base::Key(&own);
        let digest = data(
            hsm.as_ref(),
            base,
            how(&Derivation::Digest(Hash::Sha256)),
            32,
        )
        .unwrap();
        assert_eq!(
            digest,
            hsm::public::hash(Hash::Sha256, &key).unwrap(),
            "{name}"
        );
        let cbc = Cipher::AesCbc(Padding::None);
        let encrypted = Derivation::Encrypt(cbc.clone());
        let with = Deriving {
            iv: Some(&[9; 16]),
            data: &[3; 32],
            ..how(&encrypted)
        };
        let derived = data(hsm.as_ref(), base, with, 24).unwrap();
        let input = hsm::Encryption {
            iv: Some(&[9; 16]),
            associated: &[],
            plain: &[3; 32],
        };
        let made = hsm.encrypt(&own, &cbc, input).unwrap();
        assert_eq!(Some(derived.as_slice()), made.data.get(..24), "{name}");
        let without = Deriving { iv: None, ..with };
        let refused = data(hsm.as_ref(), base, without, 16).err();
        assert!(
            matches!(refused, Some(Error::BadInput(_))),
            "{name}: {refused:?}"
        );
    }
}

#[test]
fn nothing_longer_than_a_derivation_is_given() {
    let base = Secret::from(&[1; 32][..]);
    for (name, hsm) in backends() {
        for (mechanism, most) in [
            (Derivation::Digest(Hash::Sha256), 32),
            (Derivation::Hmac(Hash::Sha512), 64),
            (Derivation::Hkdf(Hash::Sha256), 255 * 32),
            (Derivation::HkdfExtract(Hash::Sha256), 32),
            (Derivation::HkdfExpand(Hash::Sha256), 255 * 32),
        ] {
            let derive = |bytes| data(hsm.as_ref(), Base::Bytes(&base), how(&mechanism), bytes);
            assert_eq!(derive(most).map(|all| all.len()), Ok(most), "{name}");
            for bytes in [most + 1, 0, 1 << 20] {
                assert!(matches!(derive(bytes), Err(Error::BadInput(_))), "{name}");
            }
        }
        let long = Derivation::Pbkdf2 {
            hash: Hash::Sha1,
            iterations: u32::MAX,
        };
        let refused = data(hsm.as_ref(), Base::Bytes(&base), how(&long), 40);
        assert!(matches!(refused, Err(Error::BadInput(_))), "{name}");
    }
}

#[test]
fn from_a_locked_key_comes_none_that_may_leave() {
    let spec = KeySpec::Aes { bits: 256 };
    let mechanism = Derivation::Hkdf(Hash::Sha256);
    for (name, hsm) in backends() {
        let (locked, _) = crate::generate(hsm.as_ref(), spec);
        let derive = |terms: &hsm::Terms| {
            let target = Target::Key { spec, terms };
            hsm.derive(Base::Key(&locked), &how(&mechanism), &target)
        };
        let salted = |terms: &hsm::Terms| {
            let how = Deriving {
                keys: std::slice::from_ref(&locked),
                ..how(&mechanism)
            };
            let base = Secret::from(&[1; 32][..]);
            hsm.derive(Base::Bytes(&base), &how, &Target::Key { spec, terms })
        };
        let listed = hsm.capabilities().derive.contains(&mechanism);
        let refused = derive(&terms(true)).err();
        if !listed {
            assert_eq!(refused, Some(Error::Unsupported), "{name}");
            assert_eq!(salted(&terms(true)), Err(Error::Unsupported), "{name}");
            continue;
        }
        assert_eq!(refused, Some(Error::NotExportable), "{name}");
        assert_eq!(salted(&terms(true)), Err(Error::NotExportable), "{name}");
        assert!(salted(&terms(false)).is_ok(), "{name}");
        let Ok(Derived::Key(key)) = derive(&terms(false)) else {
            panic!("{name} derives no locked key");
        };
        assert_eq!(hsm.export(&key).err(), Some(Error::NotExportable), "{name}");
    }
}
