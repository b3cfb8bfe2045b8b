//! Derivations read back as what was meant, and their parameters are told apart.

use kmip::{
    DerivationMethod,
    mechanism::{Curve, parameters},
};

use super::{
    super::{Part, Salt, Width},
    *,
};

#[test]
fn derivations_read_back_as_what_was_meant() {
    let base = KeySpec::Aes { bits: 256 };
    let derived = |mode, prf, parts| {
        let parameter = Parameter::Kdf(Kdf {
            prf,
            parts,
            iv: Vec::new(),
            more_keys: 0,
        });
        derivation(Meaning::Kdf(mode), parameter, base, &[40])
    };
    let fixed = |of_blocks| {
        vec![
            Part::Iteration(Some(big_endian(32))),
            Part::Bytes(b"label".to_vec()),
            Part::Length {
                of_blocks,
                width: big_endian(16),
            },
        ]
    };
    for (of_blocks, length) in [(false, [1, 64]), (true, [1, 128])] {
        let how = derived(Mode::Counter, ck::CKM_AES_CMAC, fixed(of_blocks)).unwrap();
        let own = how.parameters.cryptographic_parameters.unwrap();
        let read = parameters::derivation(how.method, Some(base), &own, None);
        assert_eq!(read, Ok(Derivation::Counter(Prf::AesCmac)));
        let data = how.parameters.derivation_data.first().unwrap();
        assert_eq!(data.expose(), [b"label".as_slice(), &length].concat());
    }
    let parts = vec![Part::Bytes(vec![1]), Part::Iteration(Some(big_endian(32)))];
    for (parts, said) in [
        (fixed(false), None),
        (vec![Part::Iteration(Some(big_endian(32)))], None),
        (
            vec![Part::Iteration(Some(big_endian(8)))],
            Some(vec![1, 0, 1]),
        ),
        (parts, Some(vec![4, 0, 4, 1])),
    ] {
        let how = derived(Mode::Counter, ck::CKM_SHA256_HMAC, parts).unwrap();
        assert_eq!(how.parameters.block.map(|block| block.0), said);
    }
    for parts in [
        vec![Part::Iteration(Some(big_endian(12)))],
        vec![Part::Iteration(Some(big_endian(40)))],
        vec![Part::Iteration(Some(big_endian(0)))],
        vec![Part::Iteration(None)],
        vec![
            Part::Iteration(Some(big_endian(32))),
            Part::Counter(big_endian(32)),
        ],
        fixed(true).into_iter().chain(fixed(true).pop()).collect(),
        Vec::new(),
    ] {
        let refused = derived(Mode::Counter, ck::CKM_SHA256_HMAC, parts);
        assert_eq!(refused.err(), Some(Rv::MECHANISM_PARAM_INVALID));
    }
}

const fn big_endian(bits: Ulong) -> Width {
    Width {
        bits,
        is_little_endian: false,
    }
}

/// 48 and 16 bytes of SHA-256 are three segments (PKCS #11 3.2 §6.42.8).
#[test]
fn several_keys_have_segments_of_their_own() {
    let base = KeySpec::Aes { bits: 256 };
    for (of_blocks, bits) in [(false, 512_u16), (true, 768)] {
        let parameter = |more_keys| {
            Parameter::Kdf(Kdf {
                prf: ck::CKM_SHA256_HMAC,
                parts: vec![
                    Part::Iteration(Some(big_endian(32))),
                    Part::Length {
                        of_blocks,
                        width: big_endian(16),
                    },
                ],
                iv: Vec::new(),
                more_keys,
            })
        };
        let derived = |more| {
            derivation(
                Meaning::Kdf(Mode::Counter),
                parameter(more),
                base,
                &[48, 16],
            )
        };
        let how = derived(1).unwrap();
        assert_eq!(how.segment_bytes, 32);
        let data = how.parameters.derivation_data.first().unwrap();
        assert_eq!(data.expose(), bits.to_be_bytes());
        for other in [0, 2, Ulong::MAX] {
            assert_eq!(derived(other).err(), Some(Rv::MECHANISM_PARAM_INVALID));
        }
    }
}

#[test]
fn hkdf_and_its_halves_are_told_apart() {
    let base = KeySpec::Aes { bits: 256 };
    let hkdf = |extracts, expands, hash, salt| {
        let parameter = Parameter::Hkdf(Hkdf {
            extracts,
            expands,
            hash,
            salt,
            info: vec![9],
        });
        let how = derivation(Meaning::Hkdf, parameter, base, &[32])?;
        let info = how.parameters.derivation_data.first().unwrap().len();
        Ok((how.method, how.parameters.salt.map(|salt| salt.0), info))
    };
    let (hash, salt) = (ck::CKM_SHA256, Salt::Bytes(vec![7]));
    let given = Some(vec![7]);
    for (extracts, expands, salt, expected) in [
        (
            true,
            true,
            salt.clone(),
            (DerivationMethod::HKDF, given.clone(), 1),
        ),
        (true, true, Salt::None, (DerivationMethod::HKDF, None, 1)),
        (true, true, Salt::Key(5), (DerivationMethod::HKDF, None, 1)),
        (
            true,
            false,
            salt.clone(),
            (DerivationMethod::HKDF_EXTRACT, given, 0),
        ),
        (
            false,
            true,
            Salt::None,
            (DerivationMethod::HKDF_EXPAND, None, 1),
        ),
    ] {
        assert_eq!(hkdf(extracts, expands, hash, salt), Ok(expected));
    }
    let neither = hkdf(false, false, hash, salt);
    assert_eq!(neither, Err(Rv::MECHANISM_PARAM_INVALID));
    let short = hkdf(false, true, ck::CKM_SHA384, Salt::None);
    assert_eq!(short, Err(Rv::KEY_SIZE_RANGE));
    let unknown = Salt::of_kind(9, Vec::new(), 0);
    assert_eq!(unknown, Err(Rv::MECHANISM_PARAM_INVALID));
}

#[test]
fn an_agreement_takes_points_of_its_own_curve() {
    let spec = KeySpec::Ec(Curve::X25519);
    let agree = |kdf, shared: &[u8], public: &[u8]| {
        let parameter = Parameter::Ecdh(kdf, shared.to_vec(), public.to_vec());
        derivation(Meaning::Agree, parameter, spec, &[32]).map(|how| (how.method, how.parameters))
    };
    assert!(agree(ck::CKD_NULL, b"", &[9; 32]).is_ok());
    let hashed = agree(ck::CKD_SHA256_KDF, b"info", &[9; 32]).unwrap();
    assert_eq!(hashed.0, DerivationMethod::AsymmetricKey);
    assert_eq!(hashed.1.salt.map(|salt| salt.0), Some(b"info".to_vec()));
    let one_step = agree(ck::CKD_SHA256_KDF_SP800, b"info", &[9; 32]).unwrap();
    assert_eq!(one_step.0, DerivationMethod::ONE_STEP);
    for (kdf, shared, public) in [
        (ck::CKD_NULL, b"info".as_slice(), [9; 32].as_slice()),
        (ck::CKD_NULL, b"", &[9; 31]),
        (ck::CKD_CPDIVERSIFY_KDF, b"", &[9; 32]),
    ] {
        let refused = agree(kdf, shared, public);
        assert_eq!(refused.err(), Some(Rv::MECHANISM_PARAM_INVALID));
    }
}
