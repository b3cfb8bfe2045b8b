//! Keys with values that the tests know, brought into the module.

use cryptoki_sys as ck;
use keyhold_tests::api::{Api, Attribute, Ulong, bytes, flag, number};
use serde_json::Value;

use crate::oracle::field;

/// The curves, by the oracle's names, with `CKA_EC_PARAMS`, key type and bits.
pub const CURVES: &[(&str, &[u8], Ulong)] = &[
    (
        "p256",
        b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07",
        ck::CKK_EC,
    ),
    ("p384", b"\x06\x05\x2b\x81\x04\x00\x22", ck::CKK_EC),
    ("p521", b"\x06\x05\x2b\x81\x04\x00\x23", ck::CKK_EC),
    ("secp256k1", b"\x06\x05\x2b\x81\x04\x00\x0a", ck::CKK_EC),
    (
        "bp256",
        b"\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x07",
        ck::CKK_EC,
    ),
    (
        "p192",
        b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x01",
        ck::CKK_EC,
    ),
    ("p224", b"\x06\x05\x2b\x81\x04\x00\x21", ck::CKK_EC),
    ("ed25519", b"\x06\x03\x2b\x65\x70", ck::CKK_EC_EDWARDS),
    ("ed448", b"\x06\x03\x2b\x65\x71", ck::CKK_EC_EDWARDS),
    ("x25519", b"\x06\x03\x2b\x65\x6e", ck::CKK_EC_MONTGOMERY),
    ("x448", b"\x06\x03\x2b\x65\x6f", ck::CKK_EC_MONTGOMERY),
];

/// `CKA_EC_PARAMS` and the key type of a curve.
pub fn curve(name: &str) -> (&'static [u8], Ulong) {
    let row = CURVES.iter().find(|(own, ..)| *own == name);
    let (_, parameters, key_type) = row.unwrap_or_else(|| panic!("no curve {name}"));
    (parameters, *key_type)
}

/// A secret key of these bytes; triple DES of two keys has a type of its own.
pub fn secret(
    api: &Api,
    session: Ulong,
    key_type: Ulong,
    value: &[u8],
    uses: &[Ulong],
) -> Result<Ulong, Ulong> {
    let key_type = match (key_type, value.len()) {
        (ck::CKK_DES3, 16) => ck::CKK_DES2,
        _ => key_type,
    };
    let mut template = vec![
        number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
        number(ck::CKA_KEY_TYPE, key_type),
        bytes(ck::CKA_VALUE, value),
    ];
    template.extend(uses.iter().map(|kind| flag(*kind, true)));
    api.create(session, &template)
}

/// Both halves of a pair that the oracle made, the private one locked.
pub fn pair(
    api: &Api,
    session: Ulong,
    of: (&str, &Value),
    uses: (&[Ulong], &[Ulong]),
) -> (Ulong, Ulong) {
    brought(api, session, of, uses, &[])
}

/// The same, of which nothing is secret.
pub fn open_pair(
    api: &Api,
    session: Ulong,
    of: (&str, &Value),
    uses: (&[Ulong], &[Ulong]),
) -> (Ulong, Ulong) {
    let open = [
        flag(ck::CKA_SENSITIVE, false),
        flag(ck::CKA_EXTRACTABLE, true),
    ];
    brought(api, session, of, uses, &open)
}

fn brought(
    api: &Api,
    session: Ulong,
    (kind, of): (&str, &Value),
    (public, private): (&[Ulong], &[Ulong]),
    more: &[Attribute],
) -> (Ulong, Ulong) {
    let mut of_private = private_half(kind, of);
    of_private.push(number(ck::CKA_CLASS, ck::CKO_PRIVATE_KEY));
    of_private.extend(more.iter().cloned());
    let make = |mut template: Vec<Attribute>, uses: &[Ulong]| {
        template.extend(uses.iter().map(|kind| flag(*kind, true)));
        let made = api.create(session, &template);
        made.unwrap_or_else(|rv| panic!("{kind} is not taken: {rv:#x}"))
    };
    (
        make(public_half(kind, of), public),
        make(of_private, private),
    )
}

/// The template of a public key.
pub fn public_half(kind: &str, of: &Value) -> Vec<Attribute> {
    let class = number(ck::CKA_CLASS, ck::CKO_PUBLIC_KEY);
    if kind.starts_with("rsa-") {
        return vec![
            class,
            number(ck::CKA_KEY_TYPE, ck::CKK_RSA),
            bytes(ck::CKA_MODULUS, &field(of, "n")),
            bytes(ck::CKA_PUBLIC_EXPONENT, &field(of, "e")),
        ];
    }
    if kind.starts_with("dsa-") {
        let own = [class, bytes(ck::CKA_VALUE, &field(of, "point"))];
        return [&own[..], &dsa_domain(of)].concat();
    }
    if let Some((key_type, set)) = parameter_set(kind) {
        return vec![
            class,
            number(ck::CKA_KEY_TYPE, key_type),
            number(ck::CKA_PARAMETER_SET, set),
            bytes(ck::CKA_VALUE, &field(of, "point")),
        ];
    }
    let (parameters, key_type) = curve(kind);
    vec![
        class,
        number(ck::CKA_KEY_TYPE, key_type),
        bytes(ck::CKA_EC_PARAMS, parameters),
        bytes(ck::CKA_EC_POINT, &field(of, "point")),
    ]
}

/// The template of a private key, without its class.
fn private_half(kind: &str, of: &Value) -> Vec<Attribute> {
    if kind.starts_with("rsa-") {
        let numbers = [
            (ck::CKA_MODULUS, "n"),
            (ck::CKA_PUBLIC_EXPONENT, "e"),
            (ck::CKA_PRIVATE_EXPONENT, "d"),
            (ck::CKA_PRIME_1, "p"),
            (ck::CKA_PRIME_2, "q"),
            (ck::CKA_EXPONENT_1, "dp"),
            (ck::CKA_EXPONENT_2, "dq"),
            (ck::CKA_COEFFICIENT, "qi"),
        ];
        let numbers = numbers.map(|(kind, name)| bytes(kind, &field(of, name)));
        return [
            vec![number(ck::CKA_KEY_TYPE, ck::CKK_RSA)],
            numbers.to_vec(),
        ]
        .concat();
    }
    if kind.starts_with("dsa-") {
        let own = [bytes(ck::CKA_VALUE, &field(of, "value"))];
        return [&own[..], &dsa_domain(of)].concat();
    }
    let (parameters, key_type) = curve(kind);
    vec![
        number(ck::CKA_KEY_TYPE, key_type),
        bytes(ck::CKA_EC_PARAMS, parameters),
        bytes(ck::CKA_VALUE, &field(of, "value")),
    ]
}

/// What both halves of a DSA pair have.
fn dsa_domain(of: &Value) -> [Attribute; 4] {
    [
        number(ck::CKA_KEY_TYPE, ck::CKK_DSA),
        bytes(ck::CKA_PRIME, &field(of, "p")),
        bytes(ck::CKA_SUBPRIME, &field(of, "q")),
        bytes(ck::CKA_BASE, &field(of, "g")),
    ]
}

/// Key type and parameter set of a post-quantum algorithm, by the oracle's name.
pub fn parameter_set(kind: &str) -> Option<(Ulong, Ulong)> {
    Some(match kind {
        "ml-dsa-44" => (ck::CKK_ML_DSA, ck::CKP_ML_DSA_44),
        "ml-dsa-65" => (ck::CKK_ML_DSA, ck::CKP_ML_DSA_65),
        "ml-dsa-87" => (ck::CKK_ML_DSA, ck::CKP_ML_DSA_87),
        "ml-kem-512" => (ck::CKK_ML_KEM, ck::CKP_ML_KEM_512),
        "ml-kem-768" => (ck::CKK_ML_KEM, ck::CKP_ML_KEM_768),
        "ml-kem-1024" => (ck::CKK_ML_KEM, ck::CKP_ML_KEM_1024),
        _ => return None,
    })
}
