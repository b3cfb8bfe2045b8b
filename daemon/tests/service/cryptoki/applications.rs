//! Applications: begun, told apart, ended, and held to the functions that there are.

use keyhold::{cryptoki, service::Limits};
use kmip::{
    PKCS11Function as F, PKCS11ReturnCode as Rv, ResultReason, V2_0, V2_1,
    payload::pkcs11::{PKCS11, PKCS11Request},
    ttlv::Timestamp,
};

use super::{Application, In};
use crate::fixture::{Fixture, NOON};

#[test]
fn an_application_begins_tells_of_itself_and_ends() {
    let mut own = Application::new();
    let mut info = own.call(F::CGetInfo, &In::default()).unwrap();
    assert_eq!(info.0.len(), 76, "as long as in the profile's own case");
    assert_eq!(info.take(2), [2, 40]);
    assert_eq!(own.code(F::CFinalize, &In::default()), Rv::OK);
    for function in [F::CGetInfo, F::CFinalize, F::CGetSlotList] {
        assert_eq!(
            own.code(function, &In::default()),
            Rv::CRYPTOKINOTINITIALIZED
        );
    }
}

#[test]
fn an_application_is_initialized_once() {
    let mut own = Application::new();
    assert_eq!(
        own.code(F::CInitialize, &In::default().byte(1)),
        Rv::CRYPTOKIALREADYINITIALIZED
    );
    own.mark = None;
    assert_eq!(
        own.code(F::CInitialize, &In::default().byte(2)),
        Rv::ARGUMENTSBAD,
        "another version of the encoding"
    );
    assert_eq!(
        own.code(F::CGetInfo, &In::default()),
        Rv::OK,
        "the only application needs no mark"
    );
}

#[test]
fn another_principals_application_does_not_exist() {
    let mut own = Application::new();
    for other in [2, 9] {
        own.fixture.as_client(other);
        assert_eq!(
            own.code(F::CGetInfo, &In::default()),
            Rv::CRYPTOKINOTINITIALIZED
        );
    }
}

#[test]
fn there_are_so_many_applications_and_they_grow_old() {
    let limits = Limits {
        cryptoki: cryptoki::Limits {
            per_client_max: 2,
            all_max: 3,
            ..cryptoki::Limits::default()
        },
        ..Limits::default()
    };
    let mut own = Application::of(Fixture::with_limits(limits));
    let first = own.mark.take();
    let begin = |own: &mut Application| {
        own.mark = None;
        own.respond(F::CInitialize, &In::default().byte(1)).err()
    };
    assert_eq!(begin(&mut own), None);
    let full = Some(ResultReason::ServerLimitExceeded);
    assert_eq!(begin(&mut own), full, "of one client");
    own.fixture.as_client(2);
    assert_eq!(begin(&mut own), None);
    assert_eq!(begin(&mut own), full, "in all");
    own.fixture.as_client(1);
    assert_eq!(
        own.code(F::CGetInfo, &In::default()),
        Rv::CRYPTOKINOTINITIALIZED,
        "which of two is meant?"
    );
    own.fixture.clock.advance_to(Timestamp(NOON.0 + 3601));
    assert_eq!(begin(&mut own), None);
    own.mark = first;
    assert_eq!(
        own.code(F::CGetInfo, &In::default()),
        Rv::CRYPTOKINOTINITIALIZED
    );
}

#[test]
fn what_is_no_function_or_interface_or_parameter_is_said() {
    let mut own = Application::new();
    let mut request = PKCS11Request {
        pkcs11_interface: Some("PKCS 11".into()),
        pkcs11_function: F::CGetInfo,
        correlation_value: own.mark.clone(),
        pkcs11_input_parameters: None,
    };
    assert!(own.fixture.call::<PKCS11>(&request).is_ok());
    request.pkcs11_interface = Some("Vendor ACME".into());
    assert_eq!(
        own.fixture.call::<PKCS11>(&request).err(),
        Some(ResultReason::PKCS11InvalidInterface)
    );
    request.pkcs11_interface = None;
    request.pkcs11_function = F(0x7777);
    assert_eq!(
        own.fixture.call::<PKCS11>(&request).err(),
        Some(ResultReason::PKCS11InvalidFunction)
    );
    let garbled = own.respond(F::CGetSlotList, &In::default().byte(7)).err();
    assert_eq!(garbled, Some(ResultReason::PKCS11CodecError));
    for function in [
        F::CGetInterface,
        F::CDigestKey,
        F::CSignRecover,
        F::CMessageEncryptInit,
    ] {
        assert_eq!(own.code(function, &In::default()), Rv::FUNCTIONNOTSUPPORTED);
    }
}

/// No bytes make any function do anything but answer.
#[test]
fn wild_parameters_are_answered() {
    let mut own = Application::new();
    let session = own.open();
    let mut state: u64 = 7;
    for function in F::ALL {
        if *function == F::CFinalize {
            continue;
        }
        for length in 0..48 {
            let mut input = In::default().ulong(session);
            for _ in 0..length {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let byte = state.to_be_bytes()[0];
                input = input.byte(if byte < 200 { byte & 1 } else { byte });
            }
            // The answer can be read, whatever it is.
            let _ = own.respond(*function, &input);
        }
    }
}

#[test]
fn the_operation_came_with_2_0() {
    for (version, is_there) in [(kmip::V1_4, false), (V2_0, true), (V2_1, true)] {
        let mut fixture = Fixture::new();
        fixture.version = version;
        let request = PKCS11Request {
            pkcs11_interface: None,
            pkcs11_function: F::CInitialize,
            correlation_value: None,
            pkcs11_input_parameters: None,
        };
        let response = fixture.call::<PKCS11>(&request);
        assert_eq!(response.is_ok(), is_there, "{version}");
    }
}
