//! Objects that the attacks begin with, of each class, in a session or on the token.

use cryptoki_sys as ck;
use keyhold_tests::api::{Api, Attribute, Mechanism, Result, Ulong, bytes, flag, number};

/// The curve P-256 as `CKA_EC_PARAMS`.
pub const P256: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";

/// An AES key of 32 bytes that the module makes, with these attributes.
pub fn made(api: &Api, session: Ulong, more: &[Attribute]) -> Result<Ulong> {
    made_of(api, session, 32, more)
}

/// An AES key of so many bytes.
pub fn made_of(api: &Api, session: Ulong, length: Ulong, more: &[Attribute]) -> Result<Ulong> {
    let template = [&[number(ck::CKA_VALUE_LEN, length)], more].concat();
    api.generate(session, &Mechanism::from(ck::CKM_AES_KEY_GEN), &template)
}

/// An AES key whose value the attacker knows.
pub fn known(api: &Api, session: Ulong, value: &[u8], more: &[Attribute]) -> Result<Ulong> {
    let own = [
        number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
        number(ck::CKA_KEY_TYPE, ck::CKK_AES),
        bytes(ck::CKA_VALUE, value),
    ];
    api.create(session, &[&own, more].concat())
}

/// A pair on P-256; the attributes are the private key's.
pub fn pair(
    api: &Api,
    session: Ulong,
    public: &[Attribute],
    private: &[Attribute],
) -> Result<(Ulong, Ulong)> {
    let public = [&[bytes(ck::CKA_EC_PARAMS, P256)], public].concat();
    let mechanism = Mechanism::from(ck::CKM_EC_KEY_PAIR_GEN);
    api.generate_pair(session, &mechanism, &public, private)
}

/// Flags that are all set.
pub fn flags(kinds: &[Ulong]) -> Vec<Attribute> {
    kinds.iter().map(|kind| flag(*kind, true)).collect()
}
