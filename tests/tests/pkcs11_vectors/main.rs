//! Project Wycheproof's vectors through the module: what is valid is taken, what is not is refused, for every mechanism that
//! the module serves and that has vectors. `KEYHOLD_TEST_LONG` runs the sets of long keys, and every
//! agreement, too.

mod ciphers;
mod encryption;
mod handling;
mod macs;
mod signatures;

use std::env;

use cryptoki_sys as ck;
use keyhold_tests::{
    Appliance, Backend,
    api::{Api, Attribute, Mechanism, Ulong, bytes, flag, number, with_module},
};
use serde_json::Value;

/// Runs a test's body against the real module and the real daemon.
fn on_module<F: FnOnce(&Api)>(body: F) {
    with_module(|| Appliance::start(Backend::Embedded), body);
}

/// Whether everything is run.
fn is_long() -> bool {
    env::var_os("KEYHOLD_TEST_LONG").is_some()
}

/// A set of vectors: its text is read, and each of its cases given with its group.
fn each_case(text: &str, mut run: impl FnMut(&Value, &Value)) {
    let set: Value = serde_json::from_str(text).unwrap();
    for group in set["testGroups"].as_array().unwrap() {
        for case in group["tests"].as_array().unwrap() {
            run(group, case);
        }
    }
}

/// A field of bytes.
fn field(of: &Value, name: &str) -> Vec<u8> {
    hex::decode(of[name].as_str().unwrap_or_else(|| panic!("no {name}"))).unwrap()
}

/// A field of a number.
fn count(of: &Value, name: &str) -> usize {
    usize::try_from(of[name].as_u64().unwrap()).unwrap()
}

/// What a vector wants of an outcome: some may be either, for there are reasons to refuse what is right.
fn check(set: &str, case: &Value, is_taken: bool) {
    let id = &case["tcId"];
    match case["result"].as_str().unwrap() {
        "valid" => assert!(is_taken, "{set} {id} is refused: {case}"),
        "invalid" => assert!(!is_taken, "{set} {id} is taken: {case}"),
        "acceptable" => {}
        other => panic!("what is {other}?"),
    }
}

/// A secret key of these bytes, of which nothing is protected.
fn secret(
    api: &Api,
    session: Ulong,
    key_type: Ulong,
    value: &[u8],
    uses: &[Ulong],
) -> Result<Ulong, Ulong> {
    let mut template = vec![
        number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
        number(ck::CKA_KEY_TYPE, key_type),
        bytes(ck::CKA_VALUE, value),
        flag(ck::CKA_SENSITIVE, false),
        flag(ck::CKA_EXTRACTABLE, true),
    ];
    template.extend(uses.iter().map(|kind| flag(*kind, true)));
    api.create(session, &template)
}

/// An RSA key's numbers as its template.
fn rsa_private(of: &Value) -> Vec<Attribute> {
    let numbers = [
        (ck::CKA_MODULUS, "modulus"),
        (ck::CKA_PUBLIC_EXPONENT, "publicExponent"),
        (ck::CKA_PRIVATE_EXPONENT, "privateExponent"),
        (ck::CKA_PRIME_1, "prime1"),
        (ck::CKA_PRIME_2, "prime2"),
        (ck::CKA_EXPONENT_1, "exponent1"),
        (ck::CKA_EXPONENT_2, "exponent2"),
        (ck::CKA_COEFFICIENT, "coefficient"),
    ];
    let mut template = vec![
        number(ck::CKA_CLASS, ck::CKO_PRIVATE_KEY),
        number(ck::CKA_KEY_TYPE, ck::CKK_RSA),
        flag(ck::CKA_DECRYPT, true),
    ];
    template.extend(numbers.map(|(kind, name)| bytes(kind, &field(of, name))));
    template
}

/// The hash functions by the vectors' names: mechanism, mask generation function, HMAC.
fn hash(name: &str) -> (Ulong, Ulong) {
    match name {
        "SHA-1" => (ck::CKM_SHA_1, ck::CKG_MGF1_SHA1),
        "SHA-224" => (ck::CKM_SHA224, ck::CKG_MGF1_SHA224),
        "SHA-256" => (ck::CKM_SHA256, ck::CKG_MGF1_SHA256),
        "SHA-384" => (ck::CKM_SHA384, ck::CKG_MGF1_SHA384),
        "SHA-512" => (ck::CKM_SHA512, ck::CKG_MGF1_SHA512),
        // PKCS #11 has no mask generation function of these.
        "SHA-512/224" => (ck::CKM_SHA512_224, 0),
        "SHA-512/256" => (ck::CKM_SHA512_256, 0),
        other => panic!("what is {other}?"),
    }
}

/// A key that is the same for many vectors in a row is brought once.
struct Kept<'a> {
    api: &'a Api,
    session: Ulong,
    last: Option<(String, Result<Ulong, Ulong>)>,
}

impl<'a> Kept<'a> {
    const fn new(api: &'a Api, session: Ulong) -> Self {
        Self {
            api,
            session,
            last: None,
        }
    }

    /// The key of this mark, made when it is another than the last.
    fn key(
        &mut self,
        mark: &str,
        make: impl FnOnce(&Api, Ulong) -> Result<Ulong, Ulong>,
    ) -> Result<Ulong, Ulong> {
        if let Some((own, key)) = &self.last
            && own == mark
        {
            return *key;
        }
        if let Some((_, Ok(old))) = self.last.take() {
            self.api.destroy(self.session, old).unwrap();
        }
        let key = make(self.api, self.session);
        self.last = Some((mark.to_owned(), key));
        key
    }
}

/// The mechanism of a number alone.
fn plain(kind: Ulong) -> Mechanism {
    Mechanism::from(kind)
}
