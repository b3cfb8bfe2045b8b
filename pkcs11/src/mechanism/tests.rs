//! Mechanisms read back as what was meant, and nonsense is refused.

use kmip::mechanism::{Curve, Mac, PostQuantum, Prehash, Signing, parameters};

use super::*;

const RSA: KeySpec = KeySpec::Rsa { bits: 2048 };

#[test]
fn every_mechanism_stands_once_and_serves_something() {
    for (position, row) in ROWS.iter().enumerate() {
        assert!(!ROWS[..position].iter().any(|other| other.kind == row.kind));
        assert_ne!(row.flags & !ck::CKF_HW, 0);
    }
}

#[test]
fn what_is_sent_reads_back_as_what_was_meant() {
    let pss = Parameter::Pss(ck::CKM_SHA384, ck::CKG_MGF1_SHA256, 20);
    for (meaning, parameter, spec) in [
        (Meaning::RsaPkcs, Parameter::None, RSA),
        (Meaning::RsaPkcsHash(Hash::Sha512), Parameter::None, RSA),
        (Meaning::RsaPss(None), pss.clone(), RSA),
        (Meaning::RsaPss(Some(Hash::Sha384)), pss, RSA),
        (
            Meaning::Ecdsa(None),
            Parameter::None,
            KeySpec::Ec(Curve::P521),
        ),
        (
            Meaning::Ecdsa(Some(Hash::Sha256)),
            Parameter::None,
            KeySpec::Ec(Curve::P256),
        ),
        (Meaning::Eddsa, Parameter::None, KeySpec::Ec(Curve::Ed25519)),
    ] {
        let Ok(Authentication::Signature(signing, _)) = authentication(meaning, &parameter, spec)
        else {
            panic!("{meaning:?} is a signature");
        };
        let sent = signing_parameters(signing, &[]);
        assert_eq!(parameters::signing(spec, &sent), Ok(signing));
    }
}

#[test]
fn ciphers_read_back_as_what_was_meant() {
    let aes = KeySpec::Aes { bits: 256 };
    let oaep = Parameter::Oaep(Oaep {
        hash: ck::CKM_SHA256,
        mask: ck::CKG_MGF1_SHA1,
        label: b"label".to_vec(),
    });
    for (meaning, parameter, spec) in [
        (Meaning::AesEcb, Parameter::None, aes),
        (
            Meaning::AesCbc(Padding::Pkcs5),
            Parameter::Iv(vec![0; 16]),
            aes,
        ),
        (Meaning::AesCtr, Parameter::Counter(128, vec![0; 16]), aes),
        (
            Meaning::AesGcm,
            Parameter::Gcm(vec![0; 12], Vec::new(), 96),
            aes,
        ),
        (Meaning::RsaPkcs, Parameter::None, RSA),
        (Meaning::Oaep, oaep, RSA),
    ] {
        let used = cipher(meaning, parameter).unwrap();
        let sent = cipher_parameters(&used.cipher);
        assert_eq!(parameters::cipher(spec, &sent), Ok(used.cipher));
    }
}

#[test]
fn parameters_that_make_no_sense_are_refused() {
    let refused = Err(Rv::MECHANISM_PARAM_INVALID);
    let pss = |hash, mask, salt| {
        let parameter = Parameter::Pss(hash, mask, salt);
        authentication(Meaning::RsaPss(Some(Hash::Sha256)), &parameter, RSA).map(drop)
    };
    assert_eq!(pss(ck::CKM_SHA256, ck::CKG_MGF1_SHA256, 222), Ok(()));
    assert_eq!(pss(ck::CKM_SHA256, ck::CKG_MGF1_SHA256, 223), refused);
    assert_eq!(pss(ck::CKM_SHA384, ck::CKG_MGF1_SHA384, 32), refused);
    assert_eq!(pss(ck::CKM_SHA256, 99, 32), refused);
    let gcm = |iv: usize, bits| {
        cipher(
            Meaning::AesGcm,
            Parameter::Gcm(vec![0; iv], Vec::new(), bits),
        )
        .map(drop)
    };
    assert_eq!(gcm(12, 128), Ok(()));
    assert_eq!(gcm(0, 128), refused);
    assert_eq!(gcm(12, 127), refused);
}

/// PKCS #11 3.2 §6.3.16: by the curve and by what the structure says.
#[test]
fn a_structure_of_eddsa_names_one_of_five_schemes() {
    let scheme = |curve, is_prehashed, context: &[u8]| {
        let own = Context {
            bytes: context.to_vec(),
            is_prehashed,
            is_deterministic: false,
            hash: None,
        };
        let parameter = Parameter::Context(own);
        authentication(Meaning::Eddsa, &parameter, KeySpec::Ec(curve)).map(|own| match own {
            Authentication::Signature(signing, _) => signing,
            Authentication::Mac(..) => panic!("EdDSA is no MAC"),
        })
    };
    let in_context = |prehash| {
        Ok(Signing::InContext {
            prehash,
            deterministic: false,
        })
    };
    let invalid = Err(Rv::MECHANISM_PARAM_INVALID);
    let sha512 = Some(Prehash::Hash(Hash::Sha512));
    let shake = Some(Prehash::Shake256);
    let longest = &[7; 255][..];
    for (curve, is_prehashed, context, expected) in [
        (Curve::Ed25519, false, longest, in_context(None)),
        (Curve::Ed25519, false, b"", invalid),
        (Curve::Ed25519, true, longest, in_context(sha512)),
        (Curve::Ed25519, true, b"", in_context(sha512)),
        (Curve::Ed25519, true, &[7; 256], invalid),
        (Curve::Ed448, false, longest, in_context(None)),
        (Curve::Ed448, false, b"", Ok(Signing::Eddsa)),
        (Curve::Ed448, true, b"", in_context(shake)),
        (Curve::Ed448, false, &[7; 256], invalid),
    ] {
        assert_eq!(scheme(curve, is_prehashed, context), expected, "{curve:?}");
    }
}

#[test]
fn a_narrow_counter_ends_before_it_begins_anew() {
    let from = |bits, last| {
        let mut block = vec![0; 16];
        block[15] = last;
        cipher(Meaning::AesCtr, Parameter::Counter(bits, block))
    };
    let mut used = from(8, 254).unwrap();
    assert_eq!(used.count(16), Ok(()));
    assert_eq!(used.count(17), Err(Rv::DATA_LEN_RANGE));
    assert_eq!(used.count(1), Ok(()));
    assert_eq!(used.count(1), Err(Rv::DATA_LEN_RANGE));
    let mut whole = from(128, 255).unwrap();
    assert_eq!(whole.count(usize::MAX), Ok(()));
    for bits in [0, 129, Ulong::MAX] {
        let refused = from(bits, 0).err();
        assert_eq!(refused, Some(Rv::MECHANISM_PARAM_INVALID));
    }
}

#[test]
fn every_mac_reads_back_as_what_was_meant() {
    let hmac = KeySpec::Hmac {
        hash: Hash::Sha256,
        bits: 256,
    };
    let aes = KeySpec::Aes { bits: 128 };
    let triple_des = KeySpec::TripleDes { bits: 168 };
    for (kind, parameter, spec, expected) in [
        (
            ck::CKM_SHA512_256_HMAC,
            Parameter::None,
            hmac,
            (Mac::Hmac(Hash::Sha512_256), 32),
        ),
        (
            ck::CKM_SHA3_384_HMAC_GENERAL,
            Parameter::Number(12),
            hmac,
            (Mac::Hmac(Hash::Sha3_384), 12),
        ),
        (ck::CKM_AES_CMAC, Parameter::None, aes, (Mac::AesCmac, 16)),
        (
            ck::CKM_AES_CMAC_GENERAL,
            Parameter::Number(4),
            aes,
            (Mac::AesCmac, 4),
        ),
        (
            ck::CKM_DES3_CMAC,
            Parameter::None,
            triple_des,
            (Mac::TripleDesCmac, 8),
        ),
        (ck::CKM_AES_MAC, Parameter::None, aes, (Mac::AesCbcMac, 8)),
        (
            ck::CKM_AES_MAC_GENERAL,
            Parameter::Number(16),
            aes,
            (Mac::AesCbcMac, 16),
        ),
        (
            ck::CKM_DES3_MAC,
            Parameter::None,
            triple_des,
            (Mac::TripleDesCbcMac, 4),
        ),
    ] {
        let row = row(kind, ck::CKF_SIGN).unwrap();
        let Ok(Authentication::Mac(mac, bytes)) = authentication(row.meaning, &parameter, spec)
        else {
            panic!("{row:?} is a MAC");
        };
        assert_eq!((mac, bytes), expected);
        assert_eq!(parameters::mac(spec, &mac_parameters(mac)), Ok(mac));
    }
    for bytes in [0, 17] {
        let meaning = Meaning::Cmac(Block::Aes, true);
        let refused = authentication(meaning, &Parameter::Number(bytes), aes);
        assert_eq!(refused, Err(Rv::MECHANISM_PARAM_INVALID));
    }
}

#[test]
fn keys_are_wrapped_by_what_was_meant() {
    let oaep = Oaep {
        hash: ck::CKM_SHA256,
        mask: ck::CKG_MGF1_SHA256,
        label: Vec::new(),
    };
    let aes = KeySpec::Aes { bits: 256 };
    for (meaning, parameter, spec) in [
        (Meaning::AesKeyWrap, Parameter::None, aes),
        (Meaning::AesKeyWrapPadded, Parameter::None, aes),
        (Meaning::AesGcm, Parameter::GcmWithoutIv(vec![1], 128), aes),
        (
            Meaning::AesCbc(Padding::Pkcs5),
            Parameter::Iv(vec![7; 16]),
            aes,
        ),
        (Meaning::Oaep, Parameter::Oaep(oaep), RSA),
        (Meaning::RsaPkcs, Parameter::None, RSA),
    ] {
        let how = wrapping(meaning, parameter).unwrap();
        let sent = cipher_parameters(&how.cipher);
        assert_eq!(parameters::cipher(spec, &sent), Ok(how.cipher));
    }
    let bits = Parameter::GcmWithoutIv(Vec::new(), 100);
    assert_eq!(
        wrapping(Meaning::AesGcm, bits),
        Err(Rv::MECHANISM_PARAM_INVALID)
    );
    assert_eq!(
        wrapping(Meaning::AesCtr, Parameter::None),
        Err(Rv::MECHANISM_INVALID)
    );
}

/// What would show a base key piece by piece, or mix chosen bytes into it, is not there (Tookan, and CVE-2015-5464).
#[test]
fn no_mechanism_takes_a_key_apart() {
    for kind in [
        ck::CKM_EXTRACT_KEY_FROM_KEY,
        ck::CKM_XOR_BASE_AND_DATA,
        ck::CKM_CONCATENATE_BASE_AND_KEY,
        ck::CKM_CONCATENATE_BASE_AND_DATA,
        ck::CKM_CONCATENATE_DATA_AND_BASE,
        ck::CKM_AES_ECB_ENCRYPT_DATA,
        ck::CKM_RSA_X_509,
    ] {
        assert!(row(kind, Ulong::MAX).is_err());
    }
    // Nor does one wrap by a cipher alone.
    for kind in [ck::CKM_AES_ECB, ck::CKM_AES_CBC, ck::CKM_AES_CTR] {
        assert!(row(kind, ck::CKF_WRAP | ck::CKF_UNWRAP).is_err());
    }
}

#[test]
fn keys_of_one_kind_are_not_taken_for_another() {
    let ml_dsa = KeySpec::PostQuantum(PostQuantum::MlDsa65);
    assert!(Meaning::MlDsa.takes(ml_dsa, ck::CKK_ML_DSA));
    assert!(!Meaning::SlhDsa.takes(ml_dsa, ck::CKK_ML_DSA));
    let two_keys = KeySpec::Aes { bits: 256 };
    assert!(Meaning::AesXts.takes(two_keys, ck::CKK_AES_XTS));
    assert!(!Meaning::AesEcb.takes(two_keys, ck::CKK_AES_XTS));
    assert!(!Meaning::AesXts.takes(two_keys, ck::CKK_AES));
}
