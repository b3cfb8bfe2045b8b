//! Versions: negotiated per message, each answered in its own words; Query; TLS 1.2 and 1.3.

use keyhold_tests::{Appliance, Backend, Batch, Client, VERSIONS, objects::*, pki};
use kmip::{
    ObjectType, OperationCode, QueryFunction, ResultReason, ResultStatus, V1_0, V1_1, V1_2, V1_4,
    V2_0, V2_1, V3_0,
    message::{ProtocolVersion, Response},
    payload::{
        discover::{DiscoverVersions, DiscoverVersionsRequest},
        get::Get,
        query::{Query, QueryRequest},
    },
};
use rustls::version::{TLS12, TLS13};

fn version(major: i32, minor: i32) -> ProtocolVersion {
    ProtocolVersion {
        protocol_version_major: major,
        protocol_version_minor: minor,
    }
}

fn discover(client: &mut Client, asked: Vec<ProtocolVersion>) -> Vec<ProtocolVersion> {
    let request = DiscoverVersionsRequest {
        protocol_version: asked,
    };
    client.call::<DiscoverVersions>(&request).protocol_version
}

#[test]
fn versions_are_discovered() {
    let appliance = Appliance::start(Backend::Embedded);
    for own in VERSIONS.into_iter().filter(|own| *own >= V1_1) {
        let mut client = appliance.client(own);
        let all: Vec<_> = VERSIONS
            .iter()
            .rev()
            .chain([&V3_0])
            .map(|version| (*version).into())
            .collect();
        assert_eq!(
            discover(&mut client, Vec::new()),
            all,
            "all, the newest first, and the draft behind them"
        );
        // KMIP 1.4 §4.26: what both speak, in the order of who asks; ceph-csi needs exactly this one.
        assert_eq!(discover(&mut client, vec![version(1, 4)]), [version(1, 4)]);
        let asked = vec![version(1, 2), version(9, 9), version(2, 1), version(1, 0)];
        let both = [version(1, 2), version(2, 1), version(1, 0)];
        assert_eq!(discover(&mut client, asked), both);
        assert_eq!(discover(&mut client, vec![version(0, 9)]), []);
    }
    let mut old = appliance.client(V1_0);
    let refused = old.refused::<DiscoverVersions>(&DiscoverVersionsRequest {
        protocol_version: Vec::new(),
    });
    assert_eq!(
        refused,
        ResultReason::OperationNotSupported,
        "1.0 has no Discover Versions"
    );
}

#[test]
fn a_version_that_is_not_spoken_is_answered_in_one_that_is() {
    let appliance = Appliance::start(Backend::Embedded);
    let mut client = appliance.client(V2_1);
    for (asked, answered) in [
        (version(1, 9), V1_4),
        (version(2, 7), V2_1),
        (version(3, 1), V3_0),
        (version(4, 0), V2_1),
    ] {
        let mut discovering = Batch::new(answered);
        discovering.header.protocol_version = asked.clone();
        discovering.add_raw(OperationCode::DiscoverVersions, &[]);
        let response = Response::read(&client.exchange(&discovering.encode()).unwrap()).unwrap();
        assert_eq!(response.version, answered);
        assert_eq!(
            response.items[0].result_status,
            ResultStatus::Success,
            "this is how a client finds out"
        );

        let mut other = Batch::new(answered);
        other.header.protocol_version = asked;
        other.add::<Query>(&QueryRequest {
            query_function: vec![QueryFunction::QueryOperations],
        });
        let response = Response::read(&client.exchange(&other.encode()).unwrap()).unwrap();
        let expected = if answered.is_2() {
            ResultReason::UnsupportedProtocolVersion
        } else {
            ResultReason::InvalidMessage
        };
        assert_eq!(response.items[0].result_reason, Some(expected));
    }
}

#[test]
fn one_connection_speaks_every_version() {
    let appliance = Appliance::start(Backend::Embedded);
    let mut client = appliance.client(V1_0);
    let key = create(&mut client, aes(256, CIPHER));
    let mut values = VERSIONS.map(|version| {
        client.version = version;
        bytes(&client.call::<Get>(&get(&key)).object)
    });
    values.sort();
    assert_eq!(values[0].len(), 32);
    assert_eq!(values[0], values[6], "one key");
}

#[test]
fn query_tells_what_is_served_in_every_version() {
    let appliance = Appliance::start(Backend::Embedded);
    for version in VERSIONS {
        let mut client = appliance.client(version);
        let functions = [
            QueryFunction::QueryOperations,
            QueryFunction::QueryObjects,
            QueryFunction::QueryServerInformation,
            QueryFunction::QueryApplicationNamespaces,
            QueryFunction::QueryExtensionList,
            QueryFunction::QueryExtensionMap,
        ];
        let response = client.call::<Query>(&QueryRequest {
            query_function: functions.to_vec(),
        });
        let serves = |operation| response.operation.contains(&operation);
        assert!(serves(OperationCode::Create) && serves(OperationCode::Locate));
        assert_eq!(
            serves(OperationCode::Encrypt),
            has_cryptography(version),
            "{version}"
        );
        assert_eq!(serves(OperationCode::DiscoverVersions), version >= V1_1);
        let keeps = |object_type| response.object_type.contains(&object_type);
        assert!(keeps(ObjectType::SymmetricKey) && keeps(ObjectType::SplitKey));
        assert_eq!(keeps(ObjectType::Template), !version.is_2(), "{version}");
        assert_eq!(keeps(ObjectType::PGPKey), version >= V1_2, "{version}");
        let requests = keeps(ObjectType::CertificateRequest);
        assert_eq!(requests, version.is_2(), "{version}");
        assert!(response.vendor_identification.is_some(), "{version}");
        // Functions of later versions are passed over, not a failure.
        let all = (1..=14).map(QueryFunction).collect();
        client.call::<Query>(&QueryRequest {
            query_function: all,
        });
    }
}

#[test]
fn a_refusal_has_the_reason_of_its_version() {
    let appliance = Appliance::start(Backend::Embedded);
    for version in VERSIONS {
        let mut client = appliance.client(version);
        let expected = if version.is_2() {
            ResultReason::ObjectNotFound
        } else {
            ResultReason::ItemNotFound
        };
        assert_eq!(client.refused::<Get>(&get("no-such-object")), expected);
        let request = client
            .try_call::<Get>(&get("no-such-object"))
            .err()
            .unwrap();
        assert!(
            !request.message.is_empty() && !request.message.contains("rror:"),
            "{request}"
        );
    }
}

#[test]
fn correlation_values_are_echoed_where_they_exist() {
    let appliance = Appliance::start(Backend::Embedded);
    for version in VERSIONS {
        let mut client = appliance.client(version);
        let mut batch = Batch::new(version);
        batch.header.client_correlation_value = (version >= V1_4).then(|| "mark".to_owned());
        batch.add::<Query>(&QueryRequest {
            query_function: vec![QueryFunction::QueryObjects],
        });
        let header = client.send(batch).header;
        assert_eq!(
            header.client_correlation_value,
            (version >= V1_4).then(|| "mark".to_owned())
        );
        assert!(
            header.time_stamp.0 > 1_700_000_000,
            "{:?}",
            header.time_stamp
        );
    }
}

#[test]
fn both_versions_of_tls_are_spoken_and_tickets_given() {
    let appliance = Appliance::start(Backend::Embedded);
    let identity = appliance.identity();
    for versions in [[&TLS12], [&TLS13]] {
        let config = pki::client_config_of(&appliance.file("ca.pem"), Some(&identity), &versions);
        for _ in 0..3 {
            let mut client = Client::over_tls(appliance.tcp(), config.clone(), V2_0).unwrap();
            locate(&mut client, []);
        }
    }
}

#[test]
fn the_local_socket_asks_for_the_pin() {
    let appliance = Appliance::start(Backend::Embedded);
    for version in VERSIONS {
        let mut local = appliance.local(version);
        let key = create(&mut local, aes(128, CIPHER));
        assert_eq!(
            locate(&mut appliance.client(version), [])[0],
            key,
            "one vault by both ways"
        );

        let mut without = Client::over_socket(&appliance.file("keyhold.sock"), version);
        assert_eq!(
            locate(&mut without, []),
            [""; 0],
            "only public objects without the PIN"
        );
        assert!(without.try_call::<Get>(&get(&key)).is_err());
        let mut wrong = Client::over_socket(&appliance.file("keyhold.sock"), version);
        wrong.authenticate("user", "0000");
        assert_eq!(
            wrong.refused::<Get>(&get(&key)),
            ResultReason::AuthenticationNotSuccessful
        );
    }
}
