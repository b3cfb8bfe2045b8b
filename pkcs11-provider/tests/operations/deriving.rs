//! Derived keys: each mechanism with its parameter, what the new key is, and the error for each thing that is wrong.

use cryptoki_sys as ck;
use kmip::{OperationCode as Op, ResultReason};

use crate::common::{
    Api, CONFIG, alone,
    api::{Attribute, bytes, flag, mechanism, number, plain},
};

use super::{Handle, ec};

const P384: &[u8] = &[6, 5, 0x2B, 0x81, 4, 0, 0x22];

fn generic() -> Vec<Attribute> {
    vec![
        number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
        number(ck::CKA_KEY_TYPE, ck::CKK_GENERIC_SECRET),
    ]
}

fn ecdh(kdf: u64, shared: &mut [u8], public: &mut [u8]) -> ck::CK_ECDH1_DERIVE_PARAMS {
    ck::CK_ECDH1_DERIVE_PARAMS {
        kdf,
        ulSharedDataLen: shared.len() as u64,
        pSharedData: if shared.is_empty() {
            std::ptr::null_mut()
        } else {
            shared.as_mut_ptr()
        },
        ulPublicDataLen: public.len() as u64,
        pPublicData: public.as_mut_ptr(),
    }
}

fn hkdf(hash: u64, salt: &mut [u8], info: &mut [u8]) -> ck::CK_HKDF_PARAMS {
    ck::CK_HKDF_PARAMS {
        bExtract: ck::CK_TRUE,
        bExpand: ck::CK_TRUE,
        prfHashMechanism: hash,
        ulSaltType: ck::CKF_HKDF_SALT_DATA,
        pSalt: salt.as_mut_ptr(),
        ulSaltLen: salt.len() as u64,
        hSaltKey: 0,
        pInfo: info.as_mut_ptr(),
        ulInfoLen: info.len() as u64,
    }
}

/// A key that derives and does nothing else.
fn base(api: &Api, session: u64) -> Handle {
    let template = [number(ck::CKA_VALUE_LEN, 32), flag(ck::CKA_DERIVE, true)];
    api.generate(session, ck::CKM_GENERIC_SECRET_KEY_GEN, &template)
        .unwrap()
}

#[test]
fn two_agree_on_a_key() {
    alone(
        "operations::deriving::two_agree_on_a_key",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            let (public, private) = ec(api, session, ck::CKM_EC_KEY_PAIR_GEN, P384);
            let mut wrapped_point = api.get(session, public, ck::CKA_EC_POINT).unwrap();
            let mut bare = wrapped_point[2..].to_vec();
            fake.take_requests();
            // Java passes the bare point, others its encoding; neither says how long the secret is.
            for point in [&mut bare, &mut wrapped_point] {
                let mut own = ecdh(ck::CKD_NULL, &mut [], point);
                let mut how = mechanism(ck::CKM_ECDH1_DERIVE, Some(&mut own));
                let secret = api.derive(session, &mut how, private, &generic()).unwrap();
                let of = |kind| api.get(session, secret, kind).unwrap();
                assert_eq!(of(ck::CKA_VALUE_LEN), 48_u64.to_ne_bytes());
                assert_eq!(of(ck::CKA_LOCAL), [0]);
                assert_eq!(of(ck::CKA_SENSITIVE), [1]);
                assert_eq!(of(ck::CKA_KEY_GEN_MECHANISM), u64::MAX.to_ne_bytes());
            }
            let asked = fake.take_requests();
            assert_eq!(asked[..2], [vec![Op::DeriveKey], vec![Op::GetAttributes]]);
            let derived = |kdf, shared: &mut [u8], public: &mut [u8], template: &[Attribute]| {
                let mut own = ecdh(kdf, shared, public);
                let mut how = mechanism(ck::CKM_ECDH1_COFACTOR_DERIVE, Some(&mut own));
                api.derive(session, &mut how, private, template)
            };
            let aes = [
                number(ck::CKA_KEY_TYPE, ck::CKK_AES),
                number(ck::CKA_VALUE_LEN, 32),
            ];
            derived(ck::CKD_SHA256_KDF, &mut [1, 2], &mut bare, &aes).unwrap();
            let bad = Err(ck::CKR_MECHANISM_PARAM_INVALID);
            // Shared information has nowhere to go without a function.
            assert_eq!(derived(ck::CKD_NULL, &mut [1], &mut bare, &aes), bad);
            assert_eq!(derived(0x99, &mut [], &mut bare, &aes), bad);
            let short = bare.len() - 1;
            assert_eq!(
                derived(ck::CKD_NULL, &mut [], &mut bare[..short], &aes),
                bad
            );
        },
    );
}

#[test]
fn keys_are_derived_by_hkdf_and_by_sp_800_108() {
    alone(
        "operations::deriving::keys_are_derived_by_hkdf_and_by_sp_800_108",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let base = base(api, session);
            let aes = [
                number(ck::CKA_KEY_TYPE, ck::CKK_AES),
                number(ck::CKA_VALUE_LEN, 16),
            ];
            let (mut salt, mut info) = ([7; 13], *b"info");
            let mut own = hkdf(ck::CKM_SHA256, &mut salt, &mut info);
            let mut how = mechanism(ck::CKM_HKDF_DERIVE, Some(&mut own));
            let key = api.derive(session, &mut how, base, &aes).unwrap();
            assert_eq!(
                api.get(session, key, ck::CKA_VALUE_LEN).unwrap(),
                16_u64.to_ne_bytes()
            );
            // Without a length there is no telling which of its lengths is wanted.
            assert_eq!(
                api.derive(session, &mut how, base, &aes[..1]),
                Err(ck::CKR_TEMPLATE_INCOMPLETE)
            );
            // What comes of a base leaves no more freely than it.
            let free = [&aes[..], &[flag(ck::CKA_EXTRACTABLE, true)]].concat();
            assert_eq!(
                api.derive(session, &mut how, base, &free),
                Err(ck::CKR_TEMPLATE_INCONSISTENT)
            );
            let mut neither = hkdf(ck::CKM_SHA256, &mut salt, &mut info);
            (neither.bExtract, neither.bExpand) = (0, 0);
            let mut how = mechanism(ck::CKM_HKDF_DERIVE, Some(&mut neither));
            let bad = Err(ck::CKR_MECHANISM_PARAM_INVALID);
            assert_eq!(api.derive(session, &mut how, base, &aes), bad);
            let mut unknown = hkdf(ck::CKM_AES_GCM, &mut salt, &mut info);
            let mut how = mechanism(ck::CKM_HKDF_DERIVE, Some(&mut unknown));
            assert_eq!(api.derive(session, &mut how, base, &aes), bad);

            let mut counter = ck::CK_SP800_108_COUNTER_FORMAT {
                bLittleEndian: ck::CK_FALSE,
                ulWidthInBits: 32,
            };
            let mut label = *b"label";
            let mut parts = [
                ck::CK_PRF_DATA_PARAM {
                    type_: ck::CK_SP800_108_ITERATION_VARIABLE,
                    pValue: (&raw mut counter).cast(),
                    ulValueLen: size_of_val(&counter) as u64,
                },
                ck::CK_PRF_DATA_PARAM {
                    type_: ck::CK_SP800_108_BYTE_ARRAY,
                    pValue: label.as_mut_ptr().cast(),
                    ulValueLen: 5,
                },
            ];
            let mut own = ck::CK_SP800_108_KDF_PARAMS {
                prfType: ck::CKM_SHA256_HMAC,
                ulNumberOfDataParams: 2,
                pDataParams: parts.as_mut_ptr(),
                ulAdditionalDerivedKeys: 0,
                pAdditionalDerivedKeys: std::ptr::null_mut(),
            };
            let mut how = mechanism(ck::CKM_SP800_108_COUNTER_KDF, Some(&mut own));
            api.derive(session, &mut how, base, &aes).unwrap();
            // Further keys have a place each, and there are not too many.
            let nowhere = &mut ck::CK_DERIVED_KEY {
                pTemplate: std::ptr::null_mut(),
                ulAttributeCount: 0,
                phKey: std::ptr::null_mut(),
            };
            for (first, count) in [
                (std::ptr::null_mut(), 1),
                (&raw mut *nowhere, 1),
                (&raw mut *nowhere, 33),
                (&raw mut *nowhere, u64::MAX),
            ] {
                (own.pAdditionalDerivedKeys, own.ulAdditionalDerivedKeys) = (first, count);
                let mut how = mechanism(ck::CKM_SP800_108_COUNTER_KDF, Some(&mut own));
                assert_eq!(api.derive(session, &mut how, base, &aes), bad, "{count}");
            }
            own.ulAdditionalDerivedKeys = 0;
            own.ulNumberOfDataParams = 0;
            let mut how = mechanism(ck::CKM_SP800_108_COUNTER_KDF, Some(&mut own));
            assert_eq!(api.derive(session, &mut how, base, &aes), bad);
        },
    );
}

/// A key for HKDF would be no use if it made MACs, and no secret if it did both.
#[test]
fn a_key_for_hkdf_derives_and_makes_no_macs() {
    alone(
        "operations::deriving::a_key_for_hkdf_derives_and_makes_no_macs",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let hkdf = number(ck::CKA_KEY_TYPE, ck::CKK_HKDF);
            let brought = [
                number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
                hkdf.clone(),
                bytes(ck::CKA_VALUE, &[7; 32]),
            ];
            let signs = [hkdf, flag(ck::CKA_SIGN, true)];
            let generate = |template: &[Attribute]| {
                let made = api.generate(session, ck::CKM_HKDF_KEY_GEN, template);
                made.unwrap()
            };
            for (key, derives) in [
                (generate(&[]), 1),
                (generate(&signs), 0),
                (api.create(session, &brought).unwrap(), 1),
            ] {
                let flags = [ck::CKA_DERIVE, ck::CKA_SIGN];
                let told = flags.map(|kind| api.get(session, key, kind).unwrap());
                assert_eq!(told, [vec![derives], vec![1 - derives]]);
            }
        },
    );
}

#[test]
fn each_wrong_argument_of_a_derivation_has_its_error() {
    alone(
        "operations::deriving::each_wrong_argument_of_a_derivation_has_its_error",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            let base = base(api, session);
            let (mut salt, mut info) = ([7; 13], *b"info");
            let aes = vec![
                number(ck::CKA_KEY_TYPE, ck::CKK_AES),
                number(ck::CKA_VALUE_LEN, 16),
            ];
            let mut derive = |base, template: &[Attribute]| {
                let mut own = hkdf(ck::CKM_SHA256, &mut salt, &mut info);
                let mut how = mechanism(ck::CKM_HKDF_DERIVE, Some(&mut own));
                api.derive(session, &mut how, base, template).unwrap_err()
            };
            assert_eq!(derive(999, &aes), ck::CKR_KEY_HANDLE_INVALID);
            let (public, private) = ec(api, session, ck::CKM_EC_KEY_PAIR_GEN, P384);
            for other in [public, private] {
                assert_eq!(derive(other, &aes), ck::CKR_KEY_TYPE_INCONSISTENT);
            }
            let signs = [number(ck::CKA_VALUE_LEN, 32), flag(ck::CKA_SIGN, true)];
            let signs = api
                .generate(session, ck::CKM_GENERIC_SECRET_KEY_GEN, &signs)
                .unwrap();
            assert_eq!(derive(signs, &aes), ck::CKR_KEY_FUNCTION_NOT_PERMITTED);
            let with = |more: Attribute| [aes.clone(), vec![more]].concat();
            for (more, rv) in [
                (
                    bytes(ck::CKA_VALUE, &[7; 16]),
                    ck::CKR_TEMPLATE_INCONSISTENT,
                ),
                (
                    number(ck::CKA_CLASS, ck::CKO_PRIVATE_KEY),
                    ck::CKR_TEMPLATE_INCONSISTENT,
                ),
                (
                    flag(ck::CKA_ALWAYS_SENSITIVE, true),
                    ck::CKR_ATTRIBUTE_READ_ONLY,
                ),
                (bytes(0x8000_0001, b"x"), ck::CKR_ATTRIBUTE_TYPE_INVALID),
                (bytes(ck::CKA_TOKEN, &[2]), ck::CKR_ATTRIBUTE_VALUE_INVALID),
            ] {
                assert_eq!(derive(base, &with(more)), rv);
            }
            let odd = [aes[0].clone(), number(ck::CKA_VALUE_LEN, 15)];
            assert_eq!(derive(base, &odd), ck::CKR_ATTRIBUTE_VALUE_INVALID);
            assert_eq!(
                api.derive(session, &mut plain(ck::CKM_HKDF_DERIVE), base, &aes),
                Err(ck::CKR_MECHANISM_PARAM_INVALID)
            );
            // What would show the base key piece by piece is not served.
            for kind in [
                ck::CKM_EXTRACT_KEY_FROM_KEY,
                ck::CKM_XOR_BASE_AND_DATA,
                ck::CKM_CONCATENATE_BASE_AND_DATA,
            ] {
                assert_eq!(
                    api.derive(session, &mut plain(kind), base, &aes),
                    Err(ck::CKR_MECHANISM_INVALID)
                );
            }
            for (reason, rv) in [
                (
                    ResultReason::InvalidAttributeValue,
                    ck::CKR_ATTRIBUTE_VALUE_INVALID,
                ),
                (ResultReason::ObjectNotFound, ck::CKR_KEY_HANDLE_INVALID),
                (
                    ResultReason::UnsupportedCryptographicParameters,
                    ck::CKR_MECHANISM_PARAM_INVALID,
                ),
            ] {
                fake.refuse(Some((Op::DeriveKey, reason)));
                assert_eq!(derive(base, &aes), rv, "{reason:?}");
            }
        },
    );
}
