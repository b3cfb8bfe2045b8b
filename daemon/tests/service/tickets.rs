//! Tickets: for a while, for some requests, for a part of what one may, and for nobody else.

use keyhold::{
    identity::{NewCredential, TicketLimits},
    service::Limits,
};
use kmip::{
    BlockCipherMode, OperationCode, ResultReason, Secret, TicketType, UsageLimitsUnit, V1_4, V2_0,
    V2_1,
    attribute::{CryptographicParameters, UniqueIdentifier, UsageLimits},
    message::{Credential, Ticket},
    payload::{
        create::Create,
        encrypt::{Encrypt, EncryptRequest},
        get::{Get, GetRequest},
        locate::{Locate, LocateRequest},
        login::{
            DelegatedLogin, DelegatedLoginRequest, Login, LoginRequest, Logout, LogoutRequest,
            Objects, Operations, Right, Rights,
        },
        query::{Query, QueryRequest},
    },
    ttlv::Interval,
};

use crate::{
    accounts::{aes, login},
    fixture::{Fixture, text},
};

fn bearer(ticket: &Ticket) -> Vec<Credential> {
    vec![Credential::Ticket(ticket.clone())]
}

fn query(fixture: &mut Fixture, ticket: &Ticket) -> Result<(), ResultReason> {
    let request = QueryRequest {
        query_function: vec![],
    };
    fixture.say::<Query>(bearer(ticket), &request).map(drop)
}

fn logged_in(fixture: &mut Fixture, lease: Option<u32>, count: Option<i32>) -> Ticket {
    let request = LoginRequest {
        lease_time: lease.map(Interval),
        request_count: count,
        usage_limits: None,
    };
    fixture.call::<Login>(&request).unwrap().ticket
}

fn delegated(fixture: &mut Fixture, right: Vec<Right>) -> Ticket {
    let request = DelegatedLoginRequest {
        lease_time: None,
        request_count: None,
        usage_limits: None,
        rights: Rights { right },
    };
    fixture.call::<DelegatedLogin>(&request).unwrap().ticket
}

const INVALID: Result<(), ResultReason> = Err(ResultReason::InvalidTicket);

#[test]
fn a_ticket_is_good_for_its_requests_and_its_time() {
    for version in [V2_0, V2_1] {
        let mut fixture = Fixture::new();
        fixture.version = version;
        let counted = logged_in(&mut fixture, Some(0), Some(2));
        assert_eq!(counted.ticket_type, TicketType::Login);
        assert_eq!(query(&mut fixture, &counted), Ok(()));
        assert_eq!(query(&mut fixture, &counted), Ok(()));
        let spent = Err(ResultReason::UsageLimitExceeded);
        assert_eq!(query(&mut fixture, &counted), spent);
        let timed = logged_in(&mut fixture, Some(60), None);
        fixture.pass(59);
        assert_eq!(query(&mut fixture, &timed), Ok(()));
        fixture.pass(1);
        assert_eq!(query(&mut fixture, &timed), INVALID);
        let longest = logged_in(&mut fixture, Some(u32::MAX), None);
        fixture.pass(86_400);
        assert_eq!(query(&mut fixture, &longest), INVALID);
        let negative = LoginRequest {
            request_count: Some(-1),
            ..LoginRequest::default()
        };
        let refused = fixture.call::<Login>(&negative).err();
        assert_eq!(refused, Some(ResultReason::InvalidField));
    }
}

#[test]
fn a_ticket_made_up_is_none() {
    let mut fixture = Fixture::new();
    let good = logged_in(&mut fixture, None, None);
    let mut changed = good.ticket_value.expose().to_vec();
    changed[31] ^= 1;
    for value in [changed, vec![], vec![0; 32], vec![1; 4096]] {
        let made_up = Ticket {
            ticket_type: TicketType::Login,
            ticket_value: Secret::new(value),
        };
        assert_eq!(query(&mut fixture, &made_up), INVALID);
    }
    let other_type = Ticket {
        ticket_type: TicketType(2),
        ..good.clone()
    };
    assert_eq!(query(&mut fixture, &other_type), INVALID);
    let beside = [bearer(&good), bearer(&good)].concat();
    let request = QueryRequest {
        query_function: vec![],
    };
    let refused = fixture.say::<Query>(beside, &request).err();
    assert_eq!(refused, Some(ResultReason::AuthenticationNotSuccessful));
}

#[test]
fn a_ticket_ends_with_logout_and_those_made_with_it() {
    let mut fixture = Fixture::new();
    let ticket = logged_in(&mut fixture, None, None);
    let request = DelegatedLoginRequest {
        lease_time: None,
        request_count: None,
        usage_limits: None,
        rights: Rights {
            right: vec![Right::default()],
        },
    };
    let child = fixture
        .say::<DelegatedLogin>(bearer(&ticket), &request)
        .unwrap()
        .ticket;
    assert_eq!(query(&mut fixture, &child), Ok(()));
    let refused = fixture
        .say::<DelegatedLogin>(bearer(&child), &request)
        .err();
    assert_eq!(
        refused,
        Some(ResultReason::PermissionDenied),
        "no third hand"
    );
    let logout = LogoutRequest {
        ticket: ticket.clone(),
    };
    fixture.as_client(9);
    let elsewhere = fixture.call::<Logout>(&logout).err();
    assert_eq!(
        elsewhere,
        Some(ResultReason::InvalidTicket),
        "another vault"
    );
    fixture.as_client(1);
    assert_eq!(query(&mut fixture, &ticket), Ok(()));
    fixture.say::<Logout>(bearer(&ticket), &logout).unwrap();
    assert_eq!(query(&mut fixture, &ticket), INVALID);
    assert_eq!(query(&mut fixture, &child), INVALID);
    let again = fixture.call::<Logout>(&logout).err();
    assert_eq!(again, Some(ResultReason::InvalidTicket));
}

#[test]
fn a_ticket_is_its_clients_and_a_delegated_one_its_vaults() {
    let mut fixture = Fixture::new();
    let own = logged_in(&mut fixture, None, None);
    let given = delegated(&mut fixture, vec![Right::default()]);
    let no = Err(ResultReason::AuthenticationNotSuccessful);
    fixture.as_client(5);
    assert_eq!(query(&mut fixture, &own), no);
    assert_eq!(query(&mut fixture, &given), Ok(()));
    // The auditor creates, as the administrator who gave it may.
    assert!(fixture.say::<Create>(bearer(&given), &aes()).is_ok());
    fixture.as_client(9);
    assert_eq!(query(&mut fixture, &given), no);
}

#[test]
fn a_ticket_counts_against_the_one_it_was_made_with() {
    let mut fixture = Fixture::new();
    let ticket = logged_in(&mut fixture, None, Some(2));
    let child = fixture
        .say::<Login>(bearer(&ticket), &LoginRequest::default())
        .unwrap()
        .ticket;
    assert_eq!(query(&mut fixture, &child), Ok(()));
    let spent = Err(ResultReason::UsageLimitExceeded);
    assert_eq!(query(&mut fixture, &child), spent);
}

#[test]
fn a_ticket_ends_with_its_user() {
    let mut fixture = Fixture::new();
    let password = Secret::from(&b"password1"[..]);
    fixture.user("Fred", "user", vec![NewCredential::Password(password)]);
    let fred = vec![login("Fred", "password1")];
    let ticket = fixture
        .say::<Login>(fred, &LoginRequest::default())
        .unwrap()
        .ticket;
    let made = fixture.say::<Create>(bearer(&ticket), &aes()).unwrap();
    let record = fixture.store_record(&text(&made.unique_identifier));
    assert_eq!(record.owner, "Fred@one");
    fixture.service.accounts().remove("one", "Fred").unwrap();
    let no = Err(ResultReason::AuthenticationNotSuccessful);
    assert_eq!(query(&mut fixture, &ticket), no);
}

fn limits(total: i64, unit: UsageLimitsUnit) -> Option<UsageLimits> {
    Some(UsageLimits {
        usage_limits_total: total,
        usage_limits_count: None,
        usage_limits_unit: unit,
    })
}

fn encrypt(id: &str, bytes: usize) -> EncryptRequest {
    EncryptRequest {
        unique_identifier: Some(id.into()),
        cryptographic_parameters: Some(CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::CTR),
            ..CryptographicParameters::default()
        }),
        data: Some(Secret::new(vec![0; bytes])),
        iv_counter_nonce: Some(kmip::ttlv::Bytes(vec![0; 16])),
        ..EncryptRequest::default()
    }
}

#[test]
fn rights_are_to_operations_and_objects() {
    let mut fixture = Fixture::new();
    let (first, second) = (fixture.aes_key([]), fixture.aes_key([]));
    let ticket = delegated(
        &mut fixture,
        vec![
            Right {
                operations: Some(Operations {
                    operation: vec![OperationCode::Encrypt, OperationCode::Locate],
                }),
                objects: Some(Objects {
                    unique_identifier: vec![UniqueIdentifier::from(first.as_str())],
                }),
                ..Right::default()
            },
            Right {
                operations: Some(Operations {
                    operation: vec![OperationCode::Get],
                }),
                objects: Some(Objects {
                    unique_identifier: vec![UniqueIdentifier::from(second.as_str())],
                }),
                ..Right::default()
            },
        ],
    );
    fixture.as_client(5);
    let hidden = Some(ResultReason::ObjectNotFound);
    let denied = Some(ResultReason::PermissionDenied);
    let get = |id: &str| GetRequest {
        unique_identifier: Some(id.into()),
        ..GetRequest::default()
    };
    assert!(
        fixture
            .say::<Encrypt>(bearer(&ticket), &encrypt(&first, 16))
            .is_ok()
    );
    assert_eq!(
        fixture
            .say::<Encrypt>(bearer(&ticket), &encrypt(&second, 16))
            .err(),
        hidden
    );
    assert!(fixture.say::<Get>(bearer(&ticket), &get(&second)).is_ok());
    assert_eq!(
        fixture.say::<Get>(bearer(&ticket), &get(&first)).err(),
        hidden
    );
    assert_eq!(fixture.say::<Create>(bearer(&ticket), &aes()).err(), denied);
    let everything = LocateRequest::default();
    assert_eq!(
        fixture.say::<Locate>(bearer(&ticket), &everything).err(),
        denied
    );
    fixture.as_client(1);
    let none = delegated(&mut fixture, vec![]);
    assert_eq!(
        fixture.say::<Get>(bearer(&none), &get(&first)).err(),
        denied
    );
}

#[test]
fn protection_is_counted_against_the_ticket_and_the_right() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    let request = DelegatedLoginRequest {
        lease_time: None,
        request_count: None,
        usage_limits: limits(48, UsageLimitsUnit::Byte),
        rights: Rights {
            right: vec![Right {
                usage_limits: limits(2, UsageLimitsUnit::Object),
                ..Right::default()
            }],
        },
    };
    let mut tickets = vec![];
    for _ in 0..2 {
        tickets.push(fixture.call::<DelegatedLogin>(&request).unwrap().ticket);
    }
    let spent = Some(ResultReason::UsageLimitExceeded);
    let mut use_up = |ticket: &Ticket, bytes| {
        fixture
            .say::<Encrypt>(bearer(ticket), &encrypt(&id, bytes))
            .err()
    };
    assert_eq!(use_up(&tickets[0], 32), None);
    assert_eq!(use_up(&tickets[0], 32), spent, "bytes of the ticket");
    assert_eq!(use_up(&tickets[0], 16), None);
    for _ in 0..2 {
        assert_eq!(use_up(&tickets[1], 1), None);
    }
    assert_eq!(use_up(&tickets[1], 1), spent, "objects of the right");
}

#[test]
fn old_versions_have_no_logins() {
    let mut fixture = Fixture::new();
    fixture.version = V1_4;
    let refused = fixture.call::<Login>(&LoginRequest::default()).err();
    assert_eq!(refused, Some(ResultReason::OperationNotSupported));
}

#[test]
fn tickets_are_bounded_in_number_and_time() {
    let mut fixture = Fixture::with_limits(Limits {
        tickets: TicketLimits {
            all_max: 3,
            per_vault_max: 2,
            seconds_max: 60,
        },
        ..Limits::default()
    });
    let request = LoginRequest {
        lease_time: Some(Interval(3_600)),
        request_count: None,
        usage_limits: None,
    };
    let login = |fixture: &mut Fixture| fixture.call::<Login>(&request).map(drop);
    let first = logged_in(&mut fixture, Some(3_600), None);
    login(&mut fixture).unwrap();
    assert_eq!(login(&mut fixture), Err(ResultReason::ServerLimitExceeded));
    login(fixture.as_client(9)).unwrap();
    let full = login(&mut fixture);
    assert_eq!(full, Err(ResultReason::ServerLimitExceeded), "of all");
    fixture.as_client(1);
    query(&mut fixture, &first).unwrap();
    let later = kmip::ttlv::Timestamp(crate::fixture::NOON.0 + 61);
    fixture.clock.advance_to(later);
    assert_eq!(
        query(&mut fixture, &first),
        INVALID,
        "however long was asked"
    );
    login(&mut fixture).unwrap();
}
