//! Keys archived and recovered, replaced, checked, exported and imported; releasable ones and locked ones.

use keyhold_tests::{Appliance, VERSIONS, objects::*};
use kmip::{
    CryptographicUsageMask, ResultReason, RevocationReasonCode as Code, State, V1_4,
    attribute::{Attribute, AttributeKind},
    payload::{
        archive::{Archive, ArchiveRequest, Recover, RecoverRequest},
        check::{Check, CheckRequest},
        get::Get,
        import::{Export, ExportRequest, Import, ImportRequest},
        lease::{ObtainLease, ObtainLeaseRequest},
        rekey::{ReKey, ReKeyRequest},
    },
    ttlv::Interval,
};

on_each_backend!(
    an_archived_key_is_recovered,
    a_key_is_replaced_with_its_name,
    a_key_is_carried_over_itself,
    a_check_and_a_lease_tell_what_may_be_done,
);

const CIPHER: CryptographicUsageMask = CryptographicUsageMask(0xC);

fn an_archived_key_is_recovered(appliance: &Appliance) {
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        let class = if version < V1_4 {
            vec![]
        } else {
            locked().to_vec()
        };
        for class in [vec![], class] {
            let key = create_active(client, aes(128, CIPHER).into_iter().chain(class));
            client.call::<Archive>(&ArchiveRequest {
                unique_identifier: id(&key),
            });
            assert_eq!(
                client.refused::<Get>(&get(&key)),
                ResultReason::ObjectArchived
            );
            assert_eq!(state(client, &key), State::Active);
            client.call::<Recover>(&RecoverRequest {
                unique_identifier: id(&key),
            });
            revoke(client, &key, Code::Superseded);
            destroy(client, &key);
        }
    }
}

fn a_key_is_replaced_with_its_name(appliance: &Appliance) {
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        let class = if version < V1_4 {
            vec![]
        } else {
            locked().to_vec()
        };
        for (n, class) in [vec![], class].into_iter().enumerate() {
            let own = name(&format!("replaced in {version}, {n}"));
            let all = aes(128, CIPHER)
                .into_iter()
                .chain(class)
                .chain([own.clone()]);
            let old = create_active(client, all);
            let answer = client.call::<ReKey>(&ReKeyRequest {
                unique_identifier: id(&old),
                ..ReKeyRequest::default()
            });
            let new = text(&answer.unique_identifier);
            assert_ne!(new, old);
            assert_eq!(locate(client, [own.clone()]), std::slice::from_ref(&new));
            assert_eq!(attributes(client, &new, &[AttributeKind::Name]), [own]);
            assert_eq!(state(client, &new), State::Active);
        }
    }
}

fn a_key_is_carried_over_itself(appliance: &Appliance) {
    for version in VERSIONS.into_iter().filter(|version| *version >= V1_4) {
        let client = &mut appliance.client(version);
        let key = create_active(client, aes(256, CIPHER));
        let before = client.call::<Get>(&get(&key)).object;
        let exported = client.call::<Export>(&ExportRequest {
            unique_identifier: id(&key),
            ..ExportRequest::default()
        });
        let import = |replace_existing| ImportRequest {
            unique_identifier: key.as_str().into(),
            object_type: Some(exported.object_type),
            replace_existing,
            key_wrap_type: None,
            attributes: exported.attributes.clone(),
            object: exported.object.clone(),
        };
        assert_eq!(
            client.refused::<Import>(&import(None)),
            ResultReason::ObjectAlreadyExists
        );
        client.call::<Import>(&import(Some(true)));
        assert!(client.call::<Get>(&get(&key)).object == before);
        assert_eq!(state(client, &key), State::Active);
        let sealed = create(client, aes(256, CIPHER).into_iter().chain(locked()));
        let refused = client.refused::<Export>(&ExportRequest {
            unique_identifier: id(&sealed),
            ..ExportRequest::default()
        });
        assert_eq!(refused, ResultReason::Sensitive);
    }
}

fn a_check_and_a_lease_tell_what_may_be_done(appliance: &Appliance) {
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        let key = create_active(client, aes(128, CIPHER));
        let check = |mask| CheckRequest {
            unique_identifier: id(&key),
            cryptographic_usage_mask: Some(mask),
            ..CheckRequest::default()
        };
        client.call::<Check>(&check(CIPHER));
        let denied = if version.is_2() {
            ResultReason::IncompatibleCryptographicUsageMask
        } else {
            ResultReason::PermissionDenied
        };
        let sign = CryptographicUsageMask::Sign;
        assert_eq!(client.refused::<Check>(&check(sign)), denied);
        let lease = client.call::<ObtainLease>(&ObtainLeaseRequest {
            unique_identifier: id(&key),
        });
        let told = attributes(client, &key, &[AttributeKind::LeaseTime]);
        assert_eq!(told, [Attribute::LeaseTime(lease.lease_time)]);
        assert_ne!(lease.lease_time, Interval(0));
    }
}
