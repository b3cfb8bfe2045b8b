//! Cryptography: every mechanism, in one part and in several, by the two-call rule.

mod ciphers;
mod deriving;
mod digests;
mod dual;
mod guarded;
mod message_signatures;
mod messages;
mod recovery;
mod signing;
mod states;
mod templates;
mod verifying;
mod wrapping;

use cryptoki_sys as ck;

use crate::common::{
    Api,
    api::{bytes, number},
};

type Handle = ck::CK_OBJECT_HANDLE;

pub fn rsa(api: &Api, session: u64) -> (Handle, Handle) {
    let public = [number(ck::CKA_MODULUS_BITS, 2048)];
    api.generate_pair(session, ck::CKM_RSA_PKCS_KEY_PAIR_GEN, &public, &[])
        .unwrap()
}

fn ec(api: &Api, session: u64, kind: u64, oid: &[u8]) -> (Handle, Handle) {
    api.generate_pair(session, kind, &[bytes(ck::CKA_EC_PARAMS, oid)], &[])
        .unwrap()
}
