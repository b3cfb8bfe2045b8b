//! The envelope: versions, identities, sizes, hostile bytes, and the trail without which nothing is served.

use std::sync::atomic::Ordering;

use keyhold::identity::{Caller, Peer};
use kmip::{
    ResultReason, V1_0, V1_2, V1_4, V2_0, V2_1, Version,
    attribute::Attribute,
    client::outgoing,
    message::{OutgoingItem, RequestHeader, Response, write_request},
    payload::{
        discover::{DiscoverVersions, DiscoverVersionsRequest},
        get::{Get, GetRequest},
        query::{Query, QueryRequest},
    },
};

use crate::fixture::{Fixture, peer, read};

fn discover(version: Version) -> OutgoingItem {
    outgoing::<DiscoverVersions>(
        &DiscoverVersionsRequest {
            protocol_version: vec![],
        },
        version,
    )
}

#[test]
fn the_intersection_of_versions_is_in_the_clients_order() {
    let mut fixture = Fixture::new();
    fixture.version = V1_2;
    let unknown = kmip::message::ProtocolVersion {
        protocol_version_major: 4,
        protocol_version_minor: 0,
    };
    let asked = vec![V1_0.into(), V2_1.into(), unknown];
    let answer = fixture
        .call::<DiscoverVersions>(&DiscoverVersionsRequest {
            protocol_version: asked.clone(),
        })
        .unwrap();
    assert!(answer.protocol_version == asked[..2]);
    let all = fixture
        .call::<DiscoverVersions>(&DiscoverVersionsRequest {
            protocol_version: vec![],
        })
        .unwrap();
    assert_eq!(all.protocol_version.len(), Version::SPOKEN.len());
}

#[test]
fn discover_versions_is_not_in_1_0() {
    let mut fixture = Fixture::new();
    fixture.version = V1_0;
    let items = fixture.batch(None, &[discover(V1_0)]);
    assert_eq!(
        items[0].result_reason,
        Some(ResultReason::OperationNotSupported)
    );
}

#[test]
fn a_version_that_is_not_spoken_is_told_so_and_may_discover() {
    let mut fixture = Fixture::new();
    let unknown = kmip::message::ProtocolVersion {
        protocol_version_major: 2,
        protocol_version_minor: 9,
    };
    let header = RequestHeader {
        protocol_version: unknown,
        ..fixture.header()
    };
    let query = outgoing::<Query>(
        &QueryRequest {
            query_function: vec![],
        },
        V2_1,
    );
    let request = write_request(&header, &[query], V2_1);
    let response = Response::read(
        &fixture
            .service
            .respond(&mut fixture.caller, request.bytes()),
    )
    .unwrap();
    assert_eq!(response.version, V2_1, "the nearest that is spoken");
    assert_eq!(
        response.items[0].result_reason,
        Some(ResultReason::UnsupportedProtocolVersion)
    );

    let request = write_request(&header, &[discover(V2_1)], V2_1);
    let response = Response::read(
        &fixture
            .service
            .respond(&mut fixture.caller, request.bytes()),
    )
    .unwrap();
    let answer = read::<DiscoverVersions>(&response.items[0], V2_1).unwrap();
    assert_eq!(answer.protocol_version.len(), Version::SPOKEN.len());
}

#[test]
fn who_is_not_enrolled_is_not_served() {
    let mut fixture = Fixture::new();
    for peer in [peer(77), Peer::Unix { uid: 0 }] {
        fixture.caller = Caller::new(peer);
        let items = fixture.batch(None, &[discover(V2_1)]);
        assert_eq!(
            items[0].result_reason,
            Some(ResultReason::AuthenticationNotSuccessful)
        );
    }
    let events = fixture.trail.events.lock().unwrap();
    assert_eq!(events.len(), 2, "refusals are recorded");
    assert!(
        events
            .iter()
            .all(|(.., outcome)| *outcome == "NotAuthenticated")
    );
}

#[test]
fn a_revoked_client_is_refused_with_its_next_message() {
    let mut fixture = Fixture::new();
    assert!(
        fixture.batch(None, &[discover(V2_1)])[0]
            .result_reason
            .is_none()
    );
    let client = fixture.service.directory().client_by_key(&[1; 32]).unwrap();
    let revoked = store::Client {
        revoked: Some(crate::fixture::NOON),
        ..(*client).clone()
    };
    fixture.service.directory().put_client(&revoked).unwrap();
    let items = fixture.batch(None, &[discover(V2_1)]);
    assert_eq!(
        items[0].result_reason,
        Some(ResultReason::AuthenticationNotSuccessful)
    );
}

/// The limit is the size of the whole message, to the byte.
#[test]
fn a_response_that_is_too_large_changes_nothing() {
    let mut fixture = Fixture::new();
    for (made, version) in (1..).zip([V1_0, V1_4, V2_1]) {
        fixture.version = version;
        let attributes = vec![
            Attribute::CryptographicAlgorithm(kmip::CryptographicAlgorithm::AES),
            Attribute::CryptographicUsageMask(kmip::CryptographicUsageMask::Encrypt),
        ];
        let create = [outgoing::<kmip::payload::create::Create>(
            &crate::fixture::create(attributes),
            version,
        )];
        let mut send = |bytes_max| {
            let header = RequestHeader {
                maximum_response_size: bytes_max,
                ..fixture.header()
            };
            let request = write_request(&header, &create, version);
            fixture
                .service
                .respond(&mut fixture.caller, request.bytes())
        };
        let whole = i32::try_from(send(None).len()).unwrap();
        let refused = Response::read(&send(Some(whole - 1))).unwrap();
        assert_eq!(
            refused.items[0].result_reason,
            Some(ResultReason::ResponseTooLarge)
        );
        assert_eq!(send(Some(whole)).len(), usize::try_from(whole).unwrap());
        let count = store::Store::count(&*fixture.store).unwrap();
        assert_eq!(count, 2 * made, "the refused request made no key");
    }
}

#[test]
fn what_cannot_be_audited_is_not_served() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    fixture.trail.is_full.store(true, Ordering::Relaxed);
    let get = GetRequest {
        unique_identifier: Some(id.as_str().into()),
        ..GetRequest::default()
    };
    assert_eq!(
        fixture.call::<Get>(&get).err(),
        Some(ResultReason::InternalServerError)
    );
    fixture.version = V1_4;
    assert_eq!(
        fixture.call::<Get>(&get).err(),
        Some(ResultReason::GeneralFailure)
    );
    let before = store::Store::count(&*fixture.store).unwrap();
    assert!(
        fixture
            .create(vec![
                Attribute::CryptographicAlgorithm(kmip::CryptographicAlgorithm::AES),
                Attribute::CryptographicUsageMask(kmip::CryptographicUsageMask::Encrypt),
            ])
            .is_err()
    );
    assert_eq!(
        store::Store::count(&*fixture.store).unwrap(),
        before,
        "nothing was committed"
    );
    fixture.trail.is_full.store(false, Ordering::Relaxed);
    assert!(fixture.call::<Get>(&get).is_ok());
}

/// Every prefix and every flipped bit of a request gives a response that can be read.
#[test]
fn hostile_bytes_are_answered() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    for version in [V1_0, V1_4, V2_0, V2_1] {
        fixture.version = version;
        let get = GetRequest {
            unique_identifier: Some(id.as_str().into()),
            ..GetRequest::default()
        };
        let header = RequestHeader {
            batch_count: 1,
            ..fixture.header()
        };
        let request =
            write_request(&header, &[outgoing::<Get>(&get, version)], version).into_bytes();
        for cut in 0..request.len() {
            let answer = fixture
                .service
                .respond(&mut fixture.caller, &request[..cut]);
            assert!(Response::read(&answer).is_ok(), "{version} cut at {cut}");
        }
        for at in 0..request.len() {
            for bit in 0..8 {
                let mut flipped = request.to_vec();
                flipped[at] ^= 1 << bit;
                let answer = fixture.service.respond(&mut fixture.caller, &flipped);
                assert!(
                    Response::read(&answer).is_ok(),
                    "{version} byte {at} bit {bit}"
                );
            }
        }
    }
}
