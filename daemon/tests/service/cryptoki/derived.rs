//! What goes into a derivation beside its base, and comes of it beside its key, by the encoding of the profile.

use cryptoki_sys as ck;
use kmip::{PKCS11Function as F, PKCS11ReturnCode as Rv, ResultReason};

use super::{Application, In, keys::Template};

type Handle = ck::CK_ULONG;

/// A generic secret of so many bytes that may be read.
fn readable(bytes: Handle) -> Template {
    let template = In::default()
        .number(ck::CKA_CLASS, ck::CKO_SECRET_KEY)
        .number(ck::CKA_KEY_TYPE, ck::CKK_GENERIC_SECRET)
        .number(ck::CKA_VALUE_LEN, bytes)
        .flag(ck::CKA_SENSITIVE, false)
        .flag(ck::CKA_EXTRACTABLE, true)
        .array(ck::CKA_LABEL, b"one of them");
    (6, template)
}

/// A base that may be read: the bytes from 0 to 31.
fn base(own: &mut Application) -> Handle {
    let session = own.open();
    let value: Vec<u8> = (0..32).collect();
    let input = In::default()
        .ulong(session)
        .count(6)
        .number(ck::CKA_CLASS, ck::CKO_SECRET_KEY)
        .number(ck::CKA_KEY_TYPE, ck::CKK_GENERIC_SECRET)
        .array(ck::CKA_VALUE, &value)
        .flag(ck::CKA_DERIVE, true)
        .flag(ck::CKA_SENSITIVE, false)
        .flag(ck::CKA_EXTRACTABLE, true);
    own.call(F::CCreateObject, &input).unwrap().ulong()
}

/// HMAC with SHA-256 of a counter of 32 bits and a label, and further keys by these templates.
fn counter(further: &[Template]) -> In {
    let all = In::default()
        .ulong(ck::CKM_SHA256_HMAC)
        .count(2)
        .ulong(ck::CK_SP800_108_ITERATION_VARIABLE)
        .bytes(&In::default().byte(0).ulong(32).0)
        .ulong(ck::CK_SP800_108_BYTE_ARRAY)
        .bytes(b"label")
        .count(further.len());
    let add = |all: In, (count, entries): &Template| all.count(*count).raw(&entries.0);
    further.iter().fold(all, add)
}

fn input(session: Handle, base: Handle, parameter: &In, template: &Template) -> In {
    In::default()
        .ulong(session)
        .mechanism(ck::CKM_SP800_108_COUNTER_KDF, Some(&parameter.0))
        .ulong(base)
        .count(template.0)
        .raw(&template.1.0)
}

/// Computed by Python's `hmac`: 48 bytes of the first two segments, 16 of the third, 33 of the two behind.
#[test]
fn further_keys_come_of_the_same_derivation() {
    let mut own = Application::new();
    let session = own.open();
    let base = base(&mut own);
    let parameter = counter(&[readable(16), readable(33)]);
    let asked = input(session, base, &parameter, &readable(48));
    let mut made = own.call(F::CDeriveKey, &asked).unwrap();
    let first = made.ulong();
    assert_eq!(made.count(), 2);
    let handles = [first, made.ulong(), made.ulong()];
    assert!(made.0.is_empty());
    for (handle, expected) in handles.into_iter().zip([
        "128e8456813e8ce45a12771b43c1e8a317ae0b4e6ef351a8b79d9e423a1c5d3f00bbe24364ea5a4b8443d84d323ff9c6",
        "65846ce1ef2dea155d1d413844d25c4a",
        "539ae1e541d627f6357f1c822955ada78b71f222b97ef2cb5ec1befe858518d16c",
    ]) {
        let value = own.told(handle, ck::CKA_VALUE).unwrap();
        assert_eq!(hex::encode(value), expected);
    }
    // One key alone is told as ever, whether its parameter says so by a count or by a number.
    let number = In::default().raw(&counter(&[]).0).count(0);
    for parameter in [counter(&[]), number] {
        let asked = input(session, base, &parameter, &readable(48));
        let made = own.call(F::CDeriveKey, &asked).unwrap();
        assert_eq!(made.0.len(), 8);
    }
}

#[test]
fn where_one_of_several_keys_cannot_be_made_none_is() {
    let mut own = Application::new();
    let session = own.open();
    let base = base(&mut own);
    // One that the function refuses, and one that only Derive Key does: nothing shorter than 112 bits is derived.
    let odd = (7, readable(16).1.flag(ck::CKA_VERIFY_RECOVER, true));
    for wrong in [odd, readable(13)] {
        let parameter = counter(&[readable(16), wrong, readable(16)]);
        let asked = input(session, base, &parameter, &readable(16));
        let answer = own.respond(F::CDeriveKey, &asked).unwrap();
        assert_eq!(answer.pkcs11_return_code, Rv::TEMPLATEINCONSISTENT);
        // The handle of the key whose template is wrong is the one that is none; of the others nothing is said.
        let unsaid = ck::CK_UNAVAILABLE_INFORMATION;
        let handles = In::default().ulong(unsaid).count(3).ulong(unsaid).ulong(0);
        let told = answer.pkcs11_output_parameters.unwrap();
        assert_eq!(told.expose(), handles.ulong(unsaid).0);
        let find = In::default()
            .ulong(session)
            .count(1)
            .array(ck::CKA_LABEL, b"one of them");
        own.call(F::CFindObjectsInit, &find).unwrap();
        let next = In::default().ulong(session).count(10);
        assert_eq!(own.call(F::CFindObjects, &next).unwrap().count(), 0);
        own.call(F::CFindObjectsFinal, &In::default().ulong(session))
            .unwrap();
    }
}

#[test]
fn wild_counts_of_further_keys_are_no_parameter() {
    let mut own = Application::new();
    let session = own.open();
    let base = base(&mut own);
    let many = counter(&vec![readable(16); 33]);
    let whole = counter(&[readable(16), readable(16)]);
    let cuts = (0..whole.0.len()).map(|cut| In(whole.0[..cut].to_vec()));
    for parameter in cuts.chain([many]) {
        let asked = input(session, base, &parameter, &readable(16));
        let answer = own.respond(F::CDeriveKey, &asked);
        let answer = answer.map(|own| own.pkcs11_return_code);
        let garbled = Err(ResultReason::PKCS11CodecError);
        assert!(
            answer == Ok(Rv::MECHANISMPARAMINVALID) || answer == garbled,
            "{answer:?}"
        );
    }
}
