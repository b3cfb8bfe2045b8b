//! An HSM whose module fails: an error in time, no wrong answer, no key too many, and healed soon.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use keyhold_tests::{
    Appliance, Client, Refused, Token,
    objects::*,
    programs::{output, succeed},
};
use kmip::{
    BlockCipherMode, HashingAlgorithm, PaddingMethod, RecommendedCurve, V2_1, ValidityIndicator,
    attribute::CryptographicParameters,
    payload::{
        create::{Create, CreateKeyPair, CreateRequest},
        destroy::{Destroy, DestroyRequest},
        encrypt::{Decrypt, DecryptRequest, Encrypt},
        rng::{RNGRetrieve, RNGRetrieveRequest},
        sign::{Sign, SignRequest, SignatureVerify, SignatureVerifyRequest},
    },
    ttlv::Bytes,
};

/// How soon an error must come: a module that hangs is given up after one second.
const IN_TIME: Duration = Duration::from_secs(2);
/// How soon the HSM must work again.
const HEALED: Duration = Duration::from_secs(5);

const MESSAGE: &[u8] = b"right or not at all";

/// An appliance with locked keys in a token whose module fails.
struct World {
    appliance: Appliance,
    client: Client,
    aes: String,
    rsa: (String, String),
    ec: (String, String),
    /// Keys that were made and are perhaps still there.
    made: Vec<String>,
}

/// Something to do with the HSM: done, and what came of it is right, or refused.
type Deed = fn(&mut World) -> Result<(), Refused>;

impl World {
    fn new() -> Self {
        let mut appliance = Appliance::start_with(Some(Token::failing()), &[]);
        appliance.reconfigure("wait_seconds = 1");
        let mut client = appliance.client(V2_1);
        let aes = create_active(&mut client, aes(256, CIPHER).into_iter().chain(locked()));
        let rsa = create_pair(&mut client, Pair::Rsa(2048), locked());
        let ec = create_pair(&mut client, P256, locked());
        Self {
            appliance,
            client,
            aes,
            rsa,
            ec,
            made: Vec::new(),
        }
    }

    /// Lets a function fail once while something is done, and sees that it heals; whether it was called at all.
    fn survives(&mut self, function: &str, fault: &str, deed: Deed) -> bool {
        let what = format!("{function} {fault}");
        self.appliance.token().fail(Some(&format!("{what} once")));
        let began = Instant::now();
        let outcome = deed(self);
        let took = began.elapsed();
        assert!(took < IN_TIME, "{what}: {took:?}");
        let failed = !self.appliance.token().is_to_fail();
        self.appliance.token().fail(None);
        if outcome.is_err() {
            self.heals(&what, deed);
        }
        failed
    }

    fn heals(&mut self, what: &str, deed: Deed) {
        let began = Instant::now();
        while let Err(refused) = deed(self) {
            assert!(began.elapsed() < HEALED, "{what}: {refused}");
            sleep(Duration::from_millis(20));
        }
    }

    /// Destroys what was made, and sees the token with no more keys than before.
    fn has_no_more_than(&mut self, keys: usize) {
        for made in std::mem::take(&mut self.made) {
            // What was destroyed already is refused.
            let request = DestroyRequest {
                unique_identifier: id(&made),
            };
            drop(self.client.try_call::<Destroy>(&request));
        }
        let began = Instant::now();
        while self.keys() != keys {
            let found = self.keys();
            assert!(began.elapsed() < HEALED, "{found} keys, not {keys}");
            sleep(Duration::from_millis(100));
        }
    }

    /// The keys in the token, by the token's own list.
    fn keys(&self) -> usize {
        self.objects("secrkey", "Secret Key Object")
    }

    fn objects(&self, kind: &str, title: &str) -> usize {
        let list = ["--list-objects", "--type", kind];
        let list = output(&mut self.appliance.token().tool(&list));
        let list = String::from_utf8_lossy(&list.stdout);
        list.matches(title).count()
    }
}

fn signs(world: &mut World) -> Result<(), Refused> {
    let (private, public) = world.rsa.clone();
    signs_with(world, &private, &public, Some(PaddingMethod::PKCS1V15))
}

fn signs_on_a_curve(world: &mut World) -> Result<(), Refused> {
    let (private, public) = world.ec.clone();
    signs_with(world, &private, &public, None)
}

fn signs_with(
    world: &mut World,
    private: &str,
    public: &str,
    padding_method: Option<PaddingMethod>,
) -> Result<(), Refused> {
    let parameters = Some(CryptographicParameters {
        padding_method,
        hashing_algorithm: Some(HashingAlgorithm::SHA256),
        ..CryptographicParameters::default()
    });
    let signed = world.client.try_call::<Sign>(&SignRequest {
        unique_identifier: id(private),
        cryptographic_parameters: parameters.clone(),
        data: Some(MESSAGE.into()),
        ..SignRequest::default()
    })?;
    let verified = world
        .client
        .call::<SignatureVerify>(&SignatureVerifyRequest {
            unique_identifier: id(public),
            cryptographic_parameters: parameters,
            data: Some(MESSAGE.into()),
            signature_data: Some(Bytes(signed.signature_data.unwrap().0)),
            ..SignatureVerifyRequest::default()
        });
    assert_eq!(verified.validity_indicator, Some(ValidityIndicator::Valid));
    Ok(())
}

fn encrypts(world: &mut World) -> Result<(), Refused> {
    let sealed = world
        .client
        .try_call::<Encrypt>(&encryption(&world.aes, MESSAGE))?;
    let opened = world.client.try_call::<Decrypt>(&DecryptRequest {
        unique_identifier: id(&world.aes),
        cryptographic_parameters: Some(CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::GCM),
            ..CryptographicParameters::default()
        }),
        data: sealed.data,
        iv_counter_nonce: sealed.iv_counter_nonce,
        authenticated_encryption_tag: sealed.authenticated_encryption_tag,
        ..DecryptRequest::default()
    })?;
    assert_eq!(opened.data.unwrap().expose(), MESSAGE);
    Ok(())
}

fn creates(world: &mut World) -> Result<(), Refused> {
    let request = CreateRequest {
        object_type: kmip::ObjectType::SymmetricKey,
        attributes: list(aes(128, CIPHER).into_iter().chain(locked())),
        protection_storage_masks: None,
    };
    let made = world.client.try_call::<Create>(&request)?;
    world.made.push(text(&made.unique_identifier));
    world.client.try_call::<Destroy>(&DestroyRequest {
        unique_identifier: Some(made.unique_identifier),
    })?;
    Ok(())
}

/// What is done, the functions that this must call, and those that it may.
const DEEDS: &[(Deed, &[&str], &[&str])] = &[
    (
        signs,
        &["C_SignInit", "C_Sign"],
        &["C_OpenSession", "C_Login", "C_GetSessionInfo"],
    ),
    (
        encrypts,
        &["C_EncryptInit", "C_Encrypt", "C_DecryptInit", "C_Decrypt"],
        &["C_GenerateRandom"],
    ),
    (
        creates,
        &["C_GenerateKey", "C_FindObjectsInit", "C_FindObjects"],
        &[
            "C_DestroyObject",
            "C_FindObjectsFinal",
            "C_GetAttributeValue",
        ],
    ),
];

#[test]
fn every_error_of_every_function_is_said_in_time_and_heals() {
    let mut world = World::new();
    let keys = world.keys();
    for (deed, called, perhaps) in DEEDS {
        for code in CODES {
            let fault = format!("code {code}");
            for function in *called {
                assert!(
                    world.survives(function, &fault, *deed),
                    "{function} is not called"
                );
            }
            for function in *perhaps {
                world.survives(function, &fault, *deed);
            }
        }
    }
    for code in CODES {
        world.survives("C_GenerateKey", &format!("after {code}"), creates);
    }
    world.has_no_more_than(keys);
}

#[test]
fn a_module_that_hangs_crashes_or_is_late_costs_a_call_and_nothing_else() {
    let mut world = World::new();
    for (deed, called, _) in DEEDS {
        for fault in ["crash", "hang", "late 300"] {
            let function = called.last().unwrap();
            assert!(
                world.survives(function, fault, *deed),
                "{function} is not called"
            );
        }
    }
    world.appliance.assert_alive();
}

#[test]
fn a_key_that_was_made_and_never_answered_for_does_not_stay() {
    let mut world = World::new();
    let keys = world.keys();
    for fault in ["crash-after", "crash"] {
        world.survives("C_GenerateKey", fault, creates);
        world.has_no_more_than(keys);
    }
}

/// Who was told that a key is destroyed must not find it in the token.
#[test]
fn a_key_that_the_module_overlooks_is_destroyed_all_the_same() {
    let mut world = World::new();
    let keys = world.keys();
    let attributes = aes(128, CIPHER).into_iter().chain(locked());
    world.made.push(create(&mut world.client, attributes));
    assert_eq!(world.keys(), keys + 1);
    // As long as it is looked at whether a new key has a record, which would find what is left of it.
    sleep(Duration::from_secs(4));
    let finds_nothing = "C_FindObjects code 0 once";
    world.appliance.token().fail(Some(finds_nothing));
    world.has_no_more_than(keys);
    assert!(!world.appliance.token().is_to_fail());
}

#[test]
fn a_module_that_lies_gives_no_wrong_answer() {
    let mut world = World::new();
    for (function, fault, deed) in [
        ("C_Sign", "flip", signs as Deed),
        ("C_Sign", "short", signs),
        ("C_Sign", "flip", signs_on_a_curve),
        ("C_Sign", "short", signs_on_a_curve),
        ("C_Encrypt", "short", encrypts),
        ("C_Decrypt", "short", encrypts),
    ] {
        assert!(
            world.survives(function, fault, deed),
            "{function} is not called"
        );
    }
}

#[test]
fn a_key_pair_that_does_not_agree_with_itself_is_not_kept() {
    let mut world = World::new();
    let private_keys = |world: &World| world.objects("privkey", "Private Key Object");
    let before = private_keys(&world);
    for kind in [Pair::Rsa(2048), P256] {
        world.appliance.token().fail(Some("C_Sign flip"));
        let request = pair(kind, locked(), []);
        let outcome = world.client.try_call::<CreateKeyPair>(&request);
        assert!(
            outcome.is_err(),
            "{kind:?}: the module signs wrongly with the new key"
        );
        assert_eq!(private_keys(&world), before, "{kind:?}");
        world.appliance.token().fail(None);
    }
    create_pair(&mut world.client, P256, locked());
    assert_eq!(private_keys(&world), before + 1);
}

#[test]
fn a_module_that_lies_in_one_mechanism_serves_the_others() {
    let mut world = World::new();
    world.appliance.token().fail(Some("C_Sign flip"));
    let said = succeed(&mut world.appliance.keyhold(&["check"]));
    assert!(said.contains("wrong answer"), "{said}");
    world.appliance.restart();
    world.client = world.appliance.client(V2_1);
    world.appliance.token().fail(None);
    encrypts(&mut world).expect("what is right is served");
    for deed in [signs as Deed, signs_on_a_curve] {
        deed(&mut world).expect_err("what was wrong is not served until the next start");
    }
    world.appliance.restart();
    world.client = world.appliance.client(V2_1);
    signs(&mut world).expect("the module signs rightly again");
}

#[test]
fn randomness_that_sticks_is_noticed_and_nothing_is_made_of_it() {
    let mut world = World::new();
    let retrieve = RNGRetrieveRequest { data_length: 64 };
    world.appliance.token().fail(Some("C_GenerateRandom stuck"));
    let outcome = world.client.try_call::<RNGRetrieve>(&retrieve);
    assert!(outcome.is_err(), "the token gives zeros");
    world.appliance.token().fail(None);
    signs(&mut world).expect_err("a token without randomness signs nothing until the next start");
    let check = world.appliance.keyhold(&["status"]).output().unwrap();
    let said = String::from_utf8_lossy(&check.stdout);
    assert!(said.contains("random generator"), "{said}");
    world.appliance.restart();
    world.client = world.appliance.client(V2_1);
    world.client.call::<RNGRetrieve>(&retrieve);

    world.appliance.token().fail(Some("C_GenerateRandom stuck"));
    let check = world.appliance.keyhold(&["check"]).output().unwrap();
    let said = String::from_utf8_lossy(&check.stdout);
    assert!(
        !check.status.success() && said.contains("random generator"),
        "{said}"
    );
}

#[test]
fn a_device_that_is_gone_for_good_is_said_at_once_until_it_is_back() {
    let mut world = World::new();
    world.appliance.token().fail(Some("C_SignInit code 50"));
    for _ in 0..5 {
        let began = Instant::now();
        let refused = signs(&mut world).expect_err("there is no device");
        assert!(began.elapsed() < IN_TIME, "{:?}", began.elapsed());
        assert!(refused.message.contains("try again"), "{refused}");
        encrypts(&mut world).expect("other functions work");
    }
    world.appliance.token().fail(None);
    world.heals("C_SignInit", signs);
}

const P256: Pair = Pair::Ec(RecommendedCurve::P256, 256);

/// CKR_HOST_MEMORY, GENERAL_ERROR, FUNCTION_FAILED, DEVICE_ERROR, DEVICE_MEMORY, DEVICE_REMOVED, KEY_HANDLE_INVALID,
/// OPERATION_ACTIVE, SESSION_CLOSED, SESSION_HANDLE_INVALID, TOKEN_NOT_PRESENT, USER_NOT_LOGGED_IN, a vendor's own.
const CODES: &[u32] = &[
    0x02,
    0x05,
    0x06,
    0x30,
    0x31,
    0x32,
    0x60,
    0x90,
    0xb0,
    0xb3,
    0xe0,
    0x101,
    0x8000_0001,
];
