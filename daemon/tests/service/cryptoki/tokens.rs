//! PINs, and tokens that begin anew.

use cryptoki_sys as ck;
use keyhold::pin;
use kmip::{
    PKCS11Function as F, PKCS11ReturnCode as Rv, Secret,
    attribute::{Attribute, VendorAttribute},
    client::outgoing,
    payload::{
        locate::{Locate, LocateRequest},
        pkcs11::{PKCS11, PKCS11Request},
    },
    ttlv::{AnyValue, ItemType},
};
use store::Vault;

use super::{Application, In};
use crate::fixture::{Fixture, read};

const PIN: &[u8] = b"1234";
const SO_PIN: &[u8] = b"12345678";

fn vault(own: &Application) -> Vault {
    let vault = own.fixture.service.directory().vault("one");
    vault.unwrap().as_ref().clone()
}

/// An application at a vault with both PINs.
fn with_pins(may_be_initialized: bool) -> Application {
    let own = Application::new();
    let verifier = |text: &[u8]| pin::verifier(&Secret::from(text)).ok();
    let mut vault = vault(&own);
    vault.user_pin = verifier(PIN);
    vault.so_pin = verifier(SO_PIN);
    vault.token.may_be_initialized = may_be_initialized;
    own.fixture.service.directory().put_vault(&vault).unwrap();
    own
}

fn login(own: &mut Application, session: ck::CK_ULONG, user: ck::CK_ULONG, pin: &[u8]) -> Rv {
    let input = In::default().ulong(session).ulong(user).bytes(pin);
    own.code(F::CLogin, &input)
}

fn logout(own: &mut Application, session: ck::CK_ULONG) {
    let input = In::default().ulong(session);
    assert_eq!(own.code(F::CLogout, &input), Rv::OK);
}

fn set_pin(own: &mut Application, session: ck::CK_ULONG, old: &[u8], new: &[u8]) -> Rv {
    let input = In::default().ulong(session).bytes(old).bytes(new);
    own.code(F::CSetPIN, &input)
}

fn init_pin(own: &mut Application, session: ck::CK_ULONG, pin: &[u8]) -> Rv {
    let input = In::default().ulong(session).bytes(pin);
    own.code(F::CInitPIN, &input)
}

fn init_token(own: &mut Application, pin: &[u8], label: &str) -> Rv {
    let label = format!("{label:32}");
    let input = In::default().ulong(0).bytes(pin).raw(label.as_bytes());
    own.code(F::CInitToken, &input)
}

fn reading(own: &mut Application) -> ck::CK_ULONG {
    let input = In::default().ulong(0).ulong(ck::CKF_SERIAL_SESSION);
    own.call(F::COpenSession, &input).unwrap().ulong()
}

/// The token's label and flags.
fn token(own: &mut Application) -> (String, ck::CK_ULONG) {
    let mut told = own.call(F::CGetTokenInfo, &In::default().ulong(0)).unwrap();
    let label = String::from_utf8(told.take(32)).unwrap();
    told.take(64);
    (label.trim_end().to_owned(), told.ulong())
}

#[test]
fn a_pin_is_changed_by_who_is_logged_in() {
    let mut own = with_pins(false);
    let (writes, reads) = (own.open(), reading(&mut own));
    assert_eq!(set_pin(&mut own, reads, PIN, b"4321"), Rv::SESSIONREADONLY);
    assert_eq!(
        set_pin(&mut own, writes, b"0000", b"4321"),
        Rv::PININCORRECT
    );
    assert_eq!(own.last_event().2, "NotAuthenticated");
    assert_eq!(set_pin(&mut own, writes, PIN, b"432"), Rv::PINLENRANGE);
    assert_eq!(
        set_pin(&mut own, writes, PIN, &[b'0'; 256]),
        Rv::PINLENRANGE
    );
    assert_eq!(
        set_pin(&mut own, writes, PIN, b"\xFF\xFF\xFF\xFF"),
        Rv::PININVALID
    );
    // In a public session it is the user's PIN.
    assert_eq!(set_pin(&mut own, writes, PIN, b"4321"), Rv::OK);
    assert_eq!(own.last_event().2, "Success");
    assert_eq!(login(&mut own, writes, ck::CKU_USER, PIN), Rv::PININCORRECT);
    assert_eq!(login(&mut own, writes, ck::CKU_USER, b"4321"), Rv::OK);
    assert_eq!(set_pin(&mut own, writes, b"4321", b"54321"), Rv::OK);
    logout(&mut own, writes);
    let close = In::default().ulong(reads);
    assert_eq!(own.code(F::CCloseSession, &close), Rv::OK);
    assert_eq!(login(&mut own, writes, ck::CKU_SO, SO_PIN), Rv::OK);
    assert_eq!(
        set_pin(&mut own, writes, PIN, b"87654321"),
        Rv::PININCORRECT
    );
    assert_eq!(set_pin(&mut own, writes, SO_PIN, b"87654321"), Rv::OK);
    let kept = vault(&own);
    for (verifier, text) in [(kept.user_pin, &b"54321"[..]), (kept.so_pin, b"87654321")] {
        assert_eq!(pin::verify(&verifier.unwrap(), &Secret::from(text)), Ok(()));
    }
}

#[test]
fn the_security_officer_gives_the_user_a_pin() {
    let mut own = with_pins(false);
    let (writes, reads) = (own.open(), reading(&mut own));
    assert_eq!(init_pin(&mut own, reads, b"4321"), Rv::SESSIONREADONLY);
    assert_eq!(init_pin(&mut own, writes, b"4321"), Rv::USERNOTLOGGEDIN);
    assert_eq!(login(&mut own, writes, ck::CKU_USER, PIN), Rv::OK);
    assert_eq!(init_pin(&mut own, writes, b"4321"), Rv::USERNOTLOGGEDIN);
    let close = In::default().ulong(0);
    assert_eq!(own.code(F::CCloseAllSessions, &close), Rv::OK);
    let writes = own.open();
    assert_eq!(login(&mut own, writes, ck::CKU_SO, SO_PIN), Rv::OK);
    assert_eq!(init_pin(&mut own, writes, b"432"), Rv::PINLENRANGE);
    // A user who forgot the PIN has one again, however often it was guessed at.
    logout(&mut own, writes);
    for _ in 0..10 {
        assert_eq!(
            login(&mut own, writes, ck::CKU_USER, b"0000"),
            Rv::PININCORRECT
        );
    }
    let flags = token(&mut own).1;
    assert_ne!(flags & ck::CKF_USER_PIN_LOCKED, 0);
    assert_eq!(flags & ck::CKF_SO_PIN_COUNT_LOW, 0);
    assert_eq!(login(&mut own, writes, ck::CKU_USER, PIN), Rv::PINLOCKED);
    assert_eq!(set_pin(&mut own, writes, PIN, b"4321"), Rv::PINLOCKED);
    assert_eq!(login(&mut own, writes, ck::CKU_SO, SO_PIN), Rv::OK);
    assert_eq!(init_pin(&mut own, writes, b"4321"), Rv::OK);
    logout(&mut own, writes);
    assert_eq!(token(&mut own).1 & ck::CKF_USER_PIN_COUNT_LOW, 0);
    assert_eq!(login(&mut own, writes, ck::CKU_USER, b"4321"), Rv::OK);
}

#[test]
fn flags_tell_how_pins_were_guessed_at() {
    let mut own = with_pins(false);
    let session = own.open();
    let seen = |own: &mut Application| {
        let flags = token(own).1;
        [
            ck::CKF_SO_PIN_COUNT_LOW,
            ck::CKF_SO_PIN_FINAL_TRY,
            ck::CKF_SO_PIN_LOCKED,
        ]
        .map(|flag| flags & flag != 0)
    };
    for guess in 0..=10 {
        let expected = [guess > 0, guess == 9, guess == 10];
        assert_eq!(seen(&mut own), expected, "{guess}");
        login(&mut own, session, ck::CKU_SO, b"00000000");
    }
    assert_ne!(token(&mut own).1 & ck::CKF_USER_PIN_INITIALIZED, 0);
}

fn marked(name: &str, value: bool) -> Attribute {
    Attribute::Vendor(VendorAttribute {
        vendor_identification: VendorAttribute::CLIENT.to_owned(),
        attribute_name: name.to_owned(),
        value: AnyValue {
            item_type: ItemType::Boolean,
            body: u64::from(value).to_be_bytes().to_vec(),
        },
    })
}

#[test]
fn a_token_begins_anew_where_that_is_allowed() {
    let mut own = with_pins(true);
    let session = own.open();
    own.aes_key(session);
    let kept = own.fixture.aes_key([marked("pkcs11-destroyable", false)]);
    assert_eq!(init_token(&mut own, SO_PIN, "anew"), Rv::SESSIONEXISTS);
    let close = In::default().ulong(0);
    assert_eq!(own.code(F::CCloseAllSessions, &close), Rv::OK);
    assert_eq!(init_token(&mut own, PIN, "anew"), Rv::PININCORRECT);
    assert_eq!(init_token(&mut own, SO_PIN, "a\nb"), Rv::ARGUMENTSBAD);
    assert_eq!(init_token(&mut own, SO_PIN, "anew"), Rv::OK);
    // Each object that went is in the trail, and what may not be destroyed stays.
    let events = own.fixture.trail.events.lock().unwrap().clone();
    let destroyed = events
        .iter()
        .filter(|(operation, _, outcome)| operation == "Destroy" && *outcome == "Success");
    assert_eq!(destroyed.count(), 1);
    assert_eq!(own.last_event().0, "PKCS_11");
    let found = own.fixture.call::<Locate>(&LocateRequest::default());
    let found = found.unwrap().unique_identifier;
    assert_eq!(found, [kept.as_str().into()]);
    let (label, flags) = token(&mut own);
    assert_eq!(label, "anew");
    assert_eq!(flags & ck::CKF_USER_PIN_INITIALIZED, 0);
    let session = own.open();
    assert_eq!(
        login(&mut own, session, ck::CKU_USER, PIN),
        Rv::USERPINNOTINITIALIZED
    );
    assert_eq!(login(&mut own, session, ck::CKU_SO, SO_PIN), Rv::OK);
    assert_eq!(init_pin(&mut own, session, PIN), Rv::OK);
    assert_eq!(own.code(F::CCloseAllSessions, &close), Rv::OK);
    assert_eq!(init_token(&mut own, SO_PIN, "one"), Rv::OK);
    assert_eq!(
        vault(&own).token.label,
        None,
        "it is the vault's name again"
    );
}

#[test]
fn a_token_is_kept_where_nothing_else_is_said() {
    let mut own = with_pins(false);
    let id = own.fixture.aes_key([]);
    for pin in [PIN, SO_PIN] {
        assert_eq!(init_token(&mut own, pin, "anew"), Rv::TOKENWRITEPROTECTED);
        assert_eq!(own.last_event().2, "NotPermitted");
    }
    let found = own.fixture.call::<Locate>(&LocateRequest::default());
    assert_eq!(found.unwrap().unique_identifier, [id.as_str().into()]);
    assert_eq!(token(&mut own).0, "one");
}

#[test]
fn whoever_initializes_a_new_token_chooses_the_pin() {
    let mut own = with_pins(true);
    let mut vault = vault(&own);
    vault.so_pin = None;
    own.fixture.service.directory().put_vault(&vault).unwrap();
    assert_eq!(init_token(&mut own, b"123", "new"), Rv::PININCORRECT);
    assert_eq!(init_token(&mut own, b"chosen", "new"), Rv::OK);
    let session = own.open();
    assert_eq!(
        login(&mut own, session, ck::CKU_SO, SO_PIN),
        Rv::PININCORRECT
    );
    assert_eq!(login(&mut own, session, ck::CKU_SO, b"chosen"), Rv::OK);
}

/// One message can begin an application, use it and end it: its calls need not know the application's mark.
#[test]
fn calls_of_a_batch_are_of_the_application_that_it_began() {
    let mut fixture = Fixture::new();
    let call = |function, input: In| {
        outgoing::<PKCS11>(
            &PKCS11Request {
                pkcs11_interface: None,
                pkcs11_function: function,
                correlation_value: None,
                pkcs11_input_parameters: (!input.0.is_empty()).then(|| Secret::new(input.0)),
            },
            kmip::V2_1,
        )
    };
    let flags = ck::CKF_SERIAL_SESSION | ck::CKF_RW_SESSION;
    let items = [
        call(F::CInitialize, In::default().byte(1)),
        call(F::COpenSession, In::default().ulong(0).ulong(flags)),
        // The first handle of an application is 1.
        call(F::CGetSessionInfo, In::default().ulong(1)),
        call(F::CFinalize, In::default()),
        call(F::CGetInfo, In::default()),
    ];
    for _ in ["alone", "beside another application"] {
        let answers = fixture.batch(None, &items);
        let codes: Vec<_> = answers
            .iter()
            .map(|answer| {
                read::<PKCS11>(answer, kmip::V2_1)
                    .unwrap()
                    .pkcs11_return_code
            })
            .collect();
        let ended = Rv::CRYPTOKINOTINITIALIZED;
        assert_eq!(codes, [Rv::OK, Rv::OK, Rv::OK, Rv::OK, ended]);
        fixture.batch(None, &items[..1]);
    }
}
