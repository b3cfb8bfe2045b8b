//! What is not split, what does not join, and what stays sensitive.

use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask, ObjectType, ResultReason, SplitKeyMethod, V1_4,
    attribute::Attribute,
    object::{KeyObject, ManagedObject, SplitKey},
    payload::split::CreateSplitKeyRequest,
    ttlv::BigInteger,
};

use super::{METHODS, join, part_of_four, raw, request, split, versions};
use crate::{
    fixture::Fixture,
    objects::{get, list, register},
};

#[test]
fn a_locked_key_is_never_split() {
    let mut fixture = Fixture::new();
    let (objects, _) = crate::locked::locked_objects(&mut fixture);
    for version in versions() {
        fixture.version = version;
        for (object_type, id) in &objects {
            let refusal = split(
                &mut fixture,
                &request(Some(id), SplitKeyMethod::PolynomialSharingGF28, (3, 2)),
            );
            let wanted = if version >= V1_4 {
                ResultReason::NotExtractable
            } else {
                ResultReason::PermissionDenied
            };
            assert_eq!(refusal, Err(wanted), "{version} {object_type:?}");
        }
    }
}

#[test]
fn parts_of_what_is_sensitive_are_sensitive_and_so_is_the_whole() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([Attribute::Sensitive(true)]);
    let mut asked = request(Some(&id), SplitKeyMethod::XOR, (2, 2));
    asked.attributes = list([Attribute::Sensitive(false)]);
    let parts = split(&mut fixture, &asked).unwrap();
    assert_eq!(
        get(&mut fixture, &parts[0], None).err(),
        Some(ResultReason::Sensitive)
    );
    let whole = join(&mut fixture, &parts, ObjectType::SymmetricKey).unwrap();
    assert_eq!(
        get(&mut fixture, &whole, None).err(),
        Some(ResultReason::Sensitive)
    );
}

#[test]
fn parts_of_different_keys_do_not_join() {
    let mut fixture = Fixture::new();
    let (one, two) = (fixture.aes_key([]), fixture.aes_key([]));
    for method in METHODS {
        let [one, two] =
            [&one, &two].map(|id| split(&mut fixture, &request(Some(id), method, (2, 2))).unwrap());
        let mixed = [one[0].clone(), two[1].clone()];
        assert_eq!(
            join(&mut fixture, &mixed, ObjectType::SymmetricKey),
            Err(ResultReason::CryptographicFailure),
            "{method:?}"
        );
        let twice = [one[0].clone(), one[0].clone()];
        assert_eq!(
            join(&mut fixture, &twice, ObjectType::SymmetricKey),
            Err(ResultReason::CryptographicFailure)
        );
    }
    let key = [one, two];
    assert_eq!(
        join(&mut fixture, &key, ObjectType::SymmetricKey),
        Err(ResultReason::InvalidObjectType)
    );
    assert_eq!(
        join(&mut fixture, &[], ObjectType::SymmetricKey),
        Err(ResultReason::CryptographicFailure)
    );
}

#[test]
fn parts_whose_numbers_make_no_sense_are_refused() {
    let mut fixture = Fixture::new();
    for senseless in [
        SplitKey {
            key_part_identifier: 5,
            ..part_of_four(1, &[7; 16])
        },
        SplitKey {
            key_part_identifier: 0,
            ..part_of_four(1, &[7; 16])
        },
        SplitKey {
            split_key_threshold: 5,
            ..part_of_four(1, &[7; 16])
        },
        SplitKey {
            split_key_method: SplitKeyMethod::XOR,
            ..part_of_four(1, &[7; 16])
        },
    ] {
        let refusal = register(&mut fixture, ManagedObject::SplitKey(senseless), list([]));
        assert_eq!(refusal, Err(ResultReason::InvalidField));
    }
}

#[test]
fn senseless_splits_are_refused() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    let gf8 = SplitKeyMethod::PolynomialSharingGF28;
    let by_prime = SplitKeyMethod::PolynomialSharingPrimeField;
    let with_prime = |prime: Option<BigInteger>| CreateSplitKeyRequest {
        prime_field_size: prime,
        ..request(Some(&id), by_prime, (3, 2))
    };
    let bad = ResultReason::BadCryptographicParameters;
    let unsupported = ResultReason::UnsupportedCryptographicParameters;
    for (asked, reason) in [
        (request(Some(&id), gf8, (3, 4)), bad),
        (request(Some(&id), gf8, (3, 1)), bad),
        (request(Some(&id), gf8, (0, 0)), bad),
        (request(Some(&id), gf8, (-1, 2)), bad),
        (request(Some(&id), gf8, (300, 2)), unsupported),
        (request(Some(&id), SplitKeyMethod::XOR, (3, 2)), bad),
        (
            request(Some(&id), SplitKeyMethod(0x77), (3, 2)),
            unsupported,
        ),
        (with_prime(None), ResultReason::InvalidField),
        (with_prime(Some(BigInteger::from_unsigned(&[15]))), bad),
        // 2¹²⁷ − 1 is smaller than most keys of 256 bits.
        (
            with_prime(Some(BigInteger::from_unsigned(&{
                let mut prime = [0xFF; 16];
                prime[0] = 0x7F;
                prime
            }))),
            bad,
        ),
        (
            request(Some("nothing"), gf8, (3, 2)),
            ResultReason::ObjectNotFound,
        ),
        (request(None, gf8, (3, 2)), ResultReason::InvalidField),
    ] {
        assert_eq!(split(&mut fixture, &asked), Err(reason));
    }
}

#[test]
fn who_may_not_read_a_key_may_not_split_it() {
    let policy = "version = 1\n[role.special]\nallow = [\"CreateSplitKey\", \"GetAttributes\"]\n";
    let mut fixture = Fixture::with_policy(keyhold::policy::Policy::parse(policy).unwrap());
    let id = fixture.aes_key([]);
    fixture.as_client(6);
    assert_eq!(
        split(
            &mut fixture,
            &request(Some(&id), SplitKeyMethod::XOR, (2, 2))
        ),
        Err(ResultReason::PermissionDenied)
    );
}

#[test]
fn a_symmetric_key_object_is_not_a_part() {
    let mut fixture = Fixture::new();
    let key = ManagedObject::SymmetricKey(KeyObject {
        key_block: raw(&[1; 16]),
    });
    let mask = CryptographicUsageMask::Encrypt;
    let with = list([
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicUsageMask(mask),
    ]);
    let id = register(&mut fixture, key, with).unwrap();
    assert_eq!(
        join(&mut fixture, &[id], ObjectType::SymmetricKey),
        Err(ResultReason::InvalidObjectType)
    );
}
