//! States and dates: every transition there is, none that there is not, and what each state permits.

use keyhold_tests::{Appliance, Client, VERSIONS, objects::*};
use kmip::{
    BlockCipherMode, CryptographicUsageMask, ResultReason, RevocationReasonCode as Code, State,
    V2_0, Version,
    attribute::{Attribute, AttributeKind, CryptographicParameters, SingleAttribute, UsageLimits},
    payload::{
        activate::{Activate, ActivateRequest},
        attribute::{ModifyAttribute, ModifyAttributeRequest},
        destroy::{Destroy, DestroyRequest},
        encrypt::{Decrypt, DecryptRequest, Encrypt, EncryptRequest, EncryptResponse},
        get::Get,
        revoke::Revoke,
    },
    ttlv::{Bytes, Timestamp},
};

on_each_backend!(
    a_key_goes_through_its_states,
    a_compromised_key_does_not_protect,
    dates_move_the_state_by_themselves,
    dates_within_the_active_state_bound_the_use,
    the_usage_mask_bounds_the_use,
    usage_limits_are_counted,
);

/// 2.0 has a reason for states, and its test cases expect the older one all the same.
fn wrong_state(version: Version) -> ResultReason {
    if version.is_2() && version != V2_0 {
        ResultReason::WrongKeyLifecycleState
    } else {
        ResultReason::PermissionDenied
    }
}

fn destroying(key: &str) -> DestroyRequest {
    DestroyRequest {
        unique_identifier: id(key),
    }
}

fn activating(key: &str) -> ActivateRequest {
    ActivateRequest {
        unique_identifier: id(key),
    }
}

fn encrypting(key: &str) -> EncryptRequest {
    EncryptRequest {
        unique_identifier: id(key),
        cryptographic_parameters: Some(CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::CTR),
            ..CryptographicParameters::default()
        }),
        data: Some(b"sixteen bytes of".as_slice().into()),
        iv_counter_nonce: Some(Bytes(vec![7; 16])),
        ..EncryptRequest::default()
    }
}

fn decrypting(key: &str, encrypted: &EncryptResponse) -> DecryptRequest {
    DecryptRequest {
        unique_identifier: id(key),
        cryptographic_parameters: encrypting(key).cryptographic_parameters,
        data: encrypted.data.clone(),
        iv_counter_nonce: Some(Bytes(vec![7; 16])),
        ..DecryptRequest::default()
    }
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_secs()).unwrap()
}

fn date(client: &mut Client, key: &str, kind: AttributeKind) -> Option<i64> {
    match attributes(client, key, &[kind]).as_slice() {
        [] => None,
        [
            Attribute::ActivationDate(date)
            | Attribute::DeactivationDate(date)
            | Attribute::DestroyDate(date)
            | Attribute::CompromiseDate(date)
            | Attribute::InitialDate(date)
            | Attribute::LastChangeDate(date),
        ] => Some(date.0),
        other => panic!("not one date: {other:?}"),
    }
}

fn a_key_goes_through_its_states(appliance: &Appliance) {
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        let key = create(client, aes(256, CIPHER));
        assert_eq!(state(client, &key), State::PreActive);
        assert!((now() - date(client, &key, AttributeKind::InitialDate).unwrap()).abs() < 60);
        assert_eq!(date(client, &key, AttributeKind::ActivationDate), None);
        // A key may be fetched before it is active (pg_tde, Rook), but not used.
        assert_eq!(bytes(&client.call::<Get>(&get(&key)).object).len(), 32);
        if has_cryptography(version) {
            assert_eq!(
                client.refused::<Encrypt>(&encrypting(&key)),
                wrong_state(version)
            );
        }
        activate(client, &key);
        assert_eq!(state(client, &key), State::Active);
        assert!((now() - date(client, &key, AttributeKind::ActivationDate).unwrap()).abs() < 60);
        assert_eq!(
            client.refused::<Activate>(&activating(&key)),
            wrong_state(version)
        );
        assert_eq!(
            client.refused::<Destroy>(&destroying(&key)),
            wrong_state(version)
        );
        let encrypted =
            has_cryptography(version).then(|| client.call::<Encrypt>(&encrypting(&key)));

        revoke(client, &key, Code::CessationOfOperation);
        assert_eq!(state(client, &key), State::Deactivated);
        assert!(date(client, &key, AttributeKind::DeactivationDate).is_some());
        assert_eq!(
            client.refused::<Activate>(&activating(&key)),
            wrong_state(version)
        );
        if let Some(encrypted) = encrypted {
            assert_eq!(
                client.refused::<Encrypt>(&encrypting(&key)),
                wrong_state(version)
            );
            let plain = client
                .call::<Decrypt>(&decrypting(&key, &encrypted))
                .data
                .unwrap();
            assert_eq!(
                plain.expose(),
                b"sixteen bytes of",
                "what was protected can be read"
            );
        }
        destroy(client, &key);
        is_a_tombstone(client, &key);
    }
}

/// The value is gone for good; the attributes stay (KMIP 2.1 §6.1.15).
fn is_a_tombstone(client: &mut Client, key: &str) {
    assert_eq!(state(client, key), State::Destroyed);
    assert!(date(client, key, AttributeKind::DestroyDate).is_some());
    let all = attributes(client, key, &[]);
    assert!(
        all.contains(&Attribute::CryptographicLength(256)),
        "{all:?}"
    );
    // 1.x has another reason for each operation (KMIP 1.4 §11.12, §11.22).
    let (gone, again) = if client.version.is_2() {
        let gone = ResultReason::ObjectDestroyed;
        (gone, gone)
    } else {
        (ResultReason::ItemNotFound, ResultReason::PermissionDenied)
    };
    assert_eq!(client.refused::<Get>(&get(key)), gone);
    assert_eq!(client.refused::<Destroy>(&destroying(key)), again);
    assert!(client.try_call::<Activate>(&activating(key)).is_err());
}

fn a_compromised_key_does_not_protect(appliance: &Appliance) {
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        let (before, active, done) = (
            create(client, aes(128, CIPHER)),
            create_active(client, aes(128, CIPHER)),
            create_active(client, aes(128, CIPHER)),
        );
        revoke(client, &done, Code::Superseded);
        // Only a compromise revokes what is not active.
        let refused = client.refused::<Revoke>(&revocation(&before, Code::Superseded));
        assert_eq!(refused, wrong_state(version));
        for key in [&before, &active, &done] {
            revoke(client, key, Code::KeyCompromise);
            assert_eq!(state(client, key), State::Compromised);
            assert!(date(client, key, AttributeKind::CompromiseDate).is_some());
            if has_cryptography(version) {
                assert_eq!(
                    client.refused::<Encrypt>(&encrypting(key)),
                    wrong_state(version)
                );
            }
            destroy(client, key);
            assert_eq!(state(client, key), State::DestroyedCompromised);
        }
        let gone = create(client, aes(128, CIPHER));
        destroy(client, &gone);
        revoke(client, &gone, Code::KeyCompromise);
        assert_eq!(state(client, &gone), State::DestroyedCompromised);
    }
}

fn dates_move_the_state_by_themselves(appliance: &Appliance) {
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        let with = |extra: Vec<Attribute>| aes(128, CIPHER).into_iter().chain(extra);
        let past = Attribute::ActivationDate(Timestamp(now() - 100));
        let key = create(client, with(vec![past.clone()]));
        assert_eq!(
            state(client, &key),
            State::Active,
            "the activation date is past"
        );
        let over = Attribute::DeactivationDate(Timestamp(now() - 50));
        let key = create(client, with(vec![past, over]));
        assert_eq!(state(client, &key), State::Deactivated);

        let key = create(
            client,
            with(vec![Attribute::ActivationDate(Timestamp(now() + 2))]),
        );
        assert_eq!(state(client, &key), State::PreActive);
        if version == VERSIONS[0] || version == VERSIONS[6] {
            std::thread::sleep(std::time::Duration::from_secs(3));
            assert_eq!(state(client, &key), State::Active, "by time alone");
        }
        // Moving the date into the past activates; once active, it stands.
        let key = create(client, aes(128, CIPHER));
        let moved = |to: i64| ModifyAttributeRequest {
            unique_identifier: id(&key),
            current_attribute: None,
            new_attribute: SingleAttribute {
                index: None,
                attribute: Attribute::ActivationDate(Timestamp(to)),
            },
        };
        activate(client, &key);
        let refused = client.refused::<ModifyAttribute>(&moved(now() + 1000));
        assert_eq!(refused, wrong_state(version));
    }
}

fn dates_within_the_active_state_bound_the_use(appliance: &Appliance) {
    for version in VERSIONS
        .into_iter()
        .filter(|version| has_cryptography(*version))
    {
        let client = &mut appliance.client(version);
        let with = |extra: Attribute| aes(128, CIPHER).into_iter().chain([extra]);
        let stopped = create_active(
            client,
            with(Attribute::ProtectStopDate(Timestamp(now() - 10))),
        );
        assert_eq!(
            client.refused::<Encrypt>(&encrypting(&stopped)),
            wrong_state(version)
        );
        let waiting = create_active(
            client,
            with(Attribute::ProcessStartDate(Timestamp(now() + 1000))),
        );
        let encrypted = client.call::<Encrypt>(&encrypting(&waiting));
        let refused = client.refused::<Decrypt>(&decrypting(&waiting, &encrypted));
        assert_eq!(refused, wrong_state(version));
    }
}

fn the_usage_mask_bounds_the_use(appliance: &Appliance) {
    for version in VERSIONS
        .into_iter()
        .filter(|version| has_cryptography(*version))
    {
        let client = &mut appliance.client(version);
        let expected = if version.is_2() {
            ResultReason::IncompatibleCryptographicUsageMask
        } else {
            ResultReason::PermissionDenied
        };
        let only = create_active(client, aes(128, CryptographicUsageMask::Encrypt));
        let encrypted = client.call::<Encrypt>(&encrypting(&only));
        assert_eq!(
            client.refused::<Decrypt>(&decrypting(&only, &encrypted)),
            expected
        );
        let none = create_active(client, aes(128, CryptographicUsageMask(0)));
        assert_eq!(client.refused::<Encrypt>(&encrypting(&none)), expected);
        assert_eq!(
            bytes(&client.call::<Get>(&get(&none)).object).len(),
            16,
            "mask 0 may be fetched"
        );
    }
}

fn usage_limits_are_counted(appliance: &Appliance) {
    for version in VERSIONS
        .into_iter()
        .filter(|version| has_cryptography(*version))
    {
        let client = &mut appliance.client(version);
        let limits = |total, count, unit| {
            Attribute::UsageLimits(UsageLimits {
                usage_limits_total: total,
                usage_limits_count: count,
                usage_limits_unit: unit,
            })
        };
        let unit = kmip::UsageLimitsUnit::Byte;
        let key = create_active(
            client,
            aes(128, CIPHER).into_iter().chain([limits(32, None, unit)]),
        );
        let encrypted = client.call::<Encrypt>(&encrypting(&key));
        let left = attributes(client, &key, &[AttributeKind::UsageLimits]);
        assert_eq!(left, [limits(32, Some(16), unit)]);
        client.call::<Encrypt>(&encrypting(&key));
        assert_eq!(
            client.refused::<Encrypt>(&encrypting(&key)),
            ResultReason::PermissionDenied
        );
        // Reading what was protected costs nothing.
        client.call::<Decrypt>(&decrypting(&key, &encrypted));
    }
}
