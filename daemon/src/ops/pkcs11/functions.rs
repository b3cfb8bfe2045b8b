//! The functions of PKCS #11: each is served, or listed with the reason why not.

use kmip::{PKCS11Function, PKCS11ReturnCode};

use super::{
    Call, cipher, create, derive, failure::Outcome, general, generate, object, tokens, wrap,
};
use crate::cryptoki::Kind;

/// What a function does with a call.
pub(super) type Function = fn(&mut Call<'_, '_>) -> Outcome;

/// The functions served.
pub(super) const FUNCTIONS: &[(PKCS11Function, Function)] = &[
    (PKCS11Function::CFinalize, general::finalize),
    (PKCS11Function::CGetInfo, general::info),
    (PKCS11Function::CGetSlotList, general::slot_list),
    (PKCS11Function::CGetSlotInfo, general::slot_info),
    (PKCS11Function::CGetTokenInfo, tokens::token_info),
    (PKCS11Function::CInitToken, tokens::init_token),
    (PKCS11Function::CInitPIN, tokens::init_pin),
    (PKCS11Function::CSetPIN, tokens::set_pin),
    (PKCS11Function::CGetMechanismList, general::mechanism_list),
    (PKCS11Function::CGetMechanismInfo, general::mechanism_info),
    (PKCS11Function::COpenSession, general::open_session),
    (PKCS11Function::CCloseSession, general::close_session),
    (
        PKCS11Function::CCloseAllSessions,
        general::close_all_sessions,
    ),
    (PKCS11Function::CGetSessionInfo, general::session_info),
    (PKCS11Function::CLogin, general::login),
    (PKCS11Function::CLogout, general::logout),
    (PKCS11Function::CLoginUser, general::login_user),
    (PKCS11Function::CSessionCancel, general::cancel),
    (PKCS11Function::CGetOperationState, |call| {
        general::answers(call, PKCS11ReturnCode::STATEUNSAVEABLE)
    }),
    (PKCS11Function::CSetOperationState, |call| {
        general::answers(call, PKCS11ReturnCode::SAVEDSTATEINVALID)
    }),
    (PKCS11Function::CGetFunctionStatus, |call| {
        general::answers(call, PKCS11ReturnCode::FUNCTIONNOTPARALLEL)
    }),
    (PKCS11Function::CCancelFunction, |call| {
        general::answers(call, PKCS11ReturnCode::FUNCTIONNOTPARALLEL)
    }),
    (PKCS11Function::CWaitForSlotEvent, general::wait_for_event),
    (PKCS11Function::CCreateObject, create::create),
    (PKCS11Function::CCopyObject, create::copy),
    (PKCS11Function::CDestroyObject, object::destroy),
    (PKCS11Function::CGetObjectSize, object::size),
    (PKCS11Function::CSetAttributeValue, create::set_attributes),
    (PKCS11Function::CGetAttributeValue, object::attribute_value),
    (PKCS11Function::CFindObjectsInit, object::find_init),
    (PKCS11Function::CFindObjects, object::find),
    (PKCS11Function::CFindObjectsFinal, object::find_final),
    (PKCS11Function::CEncryptInit, |call| {
        cipher::init(call, Kind::Encrypt)
    }),
    (PKCS11Function::CEncrypt, |call| {
        cipher::whole(call, Kind::Encrypt)
    }),
    (PKCS11Function::CEncryptUpdate, |call| {
        cipher::update(call, Kind::Encrypt)
    }),
    (PKCS11Function::CEncryptFinal, |call| {
        cipher::last(call, Kind::Encrypt)
    }),
    (PKCS11Function::CDecryptInit, |call| {
        cipher::init(call, Kind::Decrypt)
    }),
    (PKCS11Function::CDecrypt, |call| {
        cipher::whole(call, Kind::Decrypt)
    }),
    (PKCS11Function::CDecryptUpdate, |call| {
        cipher::update(call, Kind::Decrypt)
    }),
    (PKCS11Function::CDecryptFinal, |call| {
        cipher::last(call, Kind::Decrypt)
    }),
    (PKCS11Function::CDigestInit, |call| {
        cipher::init(call, Kind::Digest)
    }),
    (PKCS11Function::CDigest, |call| {
        cipher::whole(call, Kind::Digest)
    }),
    (PKCS11Function::CDigestUpdate, |call| {
        cipher::update(call, Kind::Digest)
    }),
    (PKCS11Function::CDigestFinal, |call| {
        cipher::last(call, Kind::Digest)
    }),
    (PKCS11Function::CSignInit, |call| {
        cipher::init(call, Kind::Sign)
    }),
    (PKCS11Function::CSign, |call| {
        cipher::whole(call, Kind::Sign)
    }),
    (PKCS11Function::CSignUpdate, |call| {
        cipher::update(call, Kind::Sign)
    }),
    (PKCS11Function::CSignFinal, |call| {
        cipher::last(call, Kind::Sign)
    }),
    (PKCS11Function::CVerifyInit, |call| {
        cipher::init(call, Kind::Verify)
    }),
    (PKCS11Function::CVerify, |call| {
        cipher::whole(call, Kind::Verify)
    }),
    (PKCS11Function::CVerifyUpdate, |call| {
        cipher::update(call, Kind::Verify)
    }),
    (PKCS11Function::CVerifyFinal, |call| {
        cipher::last(call, Kind::Verify)
    }),
    (PKCS11Function::CGenerateKey, generate::generate_key),
    (
        PKCS11Function::CGenerateKeyPair,
        generate::generate_key_pair,
    ),
    (PKCS11Function::CWrapKey, wrap::wrap_key),
    (PKCS11Function::CUnwrapKey, wrap::unwrap_key),
    (PKCS11Function::CDeriveKey, derive::derive_key),
    (PKCS11Function::CSeedRandom, |call| {
        general::answers(call, PKCS11ReturnCode::RANDOMSEEDNOTSUPPORTED)
    }),
    (PKCS11Function::CGenerateRandom, general::random),
];

/// The functions that are served to an application.
pub fn pkcs11_functions() -> impl Iterator<Item = PKCS11Function> {
    FUNCTIONS.iter().map(|(own, _)| *own)
}

/// The functions that are not served, and why.
pub const NOT_SERVED: &[(&[PKCS11Function], &str)] = {
    use PKCS11Function as F;
    &[
        (
            &[F::CInitialize],
            "it begins an application, and is answered before there is one",
        ),
        (
            &[F::CGetFunctionList, F::CGetInterfaceList, F::CGetInterface],
            "pointers to functions mean nothing to a caller elsewhere",
        ),
        (
            &[F::CDigestKey],
            "a digest of a key behind bytes of the caller's tells of the key",
        ),
        (
            &[
                F::CSignRecoverInit,
                F::CSignRecover,
                F::CVerifyRecoverInit,
                F::CVerifyRecover,
            ],
            "no mechanism with message recovery is served",
        ),
        (
            &[
                F::CDigestEncryptUpdate,
                F::CDecryptDigestUpdate,
                F::CSignEncryptUpdate,
                F::CDecryptVerifyUpdate,
            ],
            "two operations at once have no caller; each is served alone",
        ),
        (
            &[
                F::CMessageEncryptInit,
                F::CEncryptMessage,
                F::CEncryptMessageBegin,
                F::CEncryptMessageNext,
                F::CMessageEncryptFinal,
                F::CMessageDecryptInit,
                F::CDecryptMessage,
                F::CDecryptMessageBegin,
                F::CDecryptMessageNext,
                F::CMessageDecryptFinal,
                F::CMessageSignInit,
                F::CSignMessage,
                F::CSignMessageBegin,
                F::CSignMessageNext,
                F::CMessageSignFinal,
                F::CMessageVerifyInit,
                F::CVerifyMessage,
                F::CVerifyMessageBegin,
                F::CVerifyMessageNext,
                F::CMessageVerifyFinal,
            ],
            "their parameters come back changed, for which the profile's encoding has no place",
        ),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_served_or_listed_with_its_reason() {
        for function in PKCS11Function::ALL {
            let served = FUNCTIONS.iter().filter(|(own, _)| own == function);
            let listed = NOT_SERVED.iter().filter(|(own, why)| {
                assert!(!why.is_empty());
                own.contains(function)
            });
            assert_eq!(served.count() + listed.count(), 1, "{function:?}");
        }
    }
}
