//! Keys that others made in a token: told as what they are, and adopted.

use cryptoki::{
    context::Pkcs11,
    object::{Attribute, AttributeType, ObjectClass},
    session::{Session, UserType},
    types::AuthPin,
};
use cryptoki_sys as ck;
use hsm::{Hsm, Material, module::ModuleConfig};
use kmip::{
    CryptographicUsageMask as Usage, Secret,
    mechanism::{Hash, KeySpec, Mac},
};

use crate::{backends, module, terms};

/// The types of keys for one HMAC, and what each is for.
const TYPES: [(ck::CK_KEY_TYPE, Hash); 11] = [
    (ck::CKK_SHA_1_HMAC, Hash::Sha1),
    (ck::CKK_SHA224_HMAC, Hash::Sha224),
    (ck::CKK_SHA256_HMAC, Hash::Sha256),
    (ck::CKK_SHA384_HMAC, Hash::Sha384),
    (ck::CKK_SHA512_HMAC, Hash::Sha512),
    (ck::CKK_SHA512_224_HMAC, Hash::Sha512_224),
    (ck::CKK_SHA512_256_HMAC, Hash::Sha512_256),
    (ck::CKK_SHA3_224_HMAC, Hash::Sha3_224),
    (ck::CKK_SHA3_256_HMAC, Hash::Sha3_256),
    (ck::CKK_SHA3_384_HMAC, Hash::Sha3_384),
    (ck::CKK_SHA3_512_HMAC, Hash::Sha3_512),
];
const VALUE: [u8; 64] = [9; 64];

/// The module of this run and what is past it, if it is one by itself.
fn opened() -> Option<(&'static dyn Hsm, Session)> {
    let (_, hsm) = backends().iter().find(|(name, _)| *name == "module")?;
    let token = std::env::var("KEYHOLD_TEST_TOKEN").ok()?;
    let config: ModuleConfig = module::config(&token)?;
    let library = Pkcs11::new(config.path).unwrap();
    let slots = library.get_slots_with_token().unwrap();
    let is_own = |slot| library.get_token_info(slot).unwrap().label() == token;
    let slot = slots.into_iter().find(|slot| is_own(*slot)).unwrap();
    let session = library.open_rw_session(slot).unwrap();
    // The backend has logged in.
    let pin = std::env::var("KEYHOLD_TEST_PIN").unwrap();
    drop(session.login(UserType::User, Some(&AuthPin::new(pin.into()))));
    Some((hsm.as_ref(), session))
}

/// Makes a secret key of a type for MACs, if the module knows that type.
fn put(session: &Session, key_type: ck::CK_KEY_TYPE, id: &[u8]) -> bool {
    let number = AttributeType::VendorDefined(ck::CKA_KEY_TYPE);
    let template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::VendorDefined((number, key_type.to_ne_bytes().to_vec())),
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
        Attribute::Verify(true),
        Attribute::Id(id.to_vec()),
        Attribute::Label(b"somebody else's".to_vec()),
        Attribute::Value(VALUE.to_vec()),
    ];
    session.create_object(&template).is_ok()
}

/// What the embedded HSM computes.
fn expected(mac: Mac, spec: KeySpec) -> Vec<u8> {
    let (_, soft) = backends().iter().find(|(name, _)| *name == "soft").unwrap();
    let bytes = Secret::from(&VALUE[..]);
    let key = soft.import(&Material::Secret { spec, bytes }, &terms(true));
    soft.mac(&key.unwrap(), mac, b"a message").unwrap()
}

#[test]
fn keys_for_one_hmac_are_adopted_as_what_they_are() {
    let Some((hsm, session)) = opened() else {
        return;
    };
    let mut adopted = 0;
    for (key_type, hash) in TYPES {
        let id = format!("for one HMAC: {hash:?}").into_bytes();
        if !put(&session, key_type, &id) {
            continue;
        }
        let all = hsm.foreign_keys().unwrap();
        let found = all.iter().find(|own| own.id == id).unwrap();
        let spec = KeySpec::Hmac { hash, bits: 512 };
        assert_eq!((found.spec, found.is_generic), (Some(spec), false));
        assert_eq!(found.usage, Usage::MACGenerate | Usage::MACVerify);
        assert_eq!(found.trouble, None, "{hash:?}");
        let key = found.key.clone().unwrap();
        let mac = Mac::Hmac(hash);
        if hsm.capabilities().mac.contains(&mac) {
            hsm.adopt(&key, found.usage, Some("ours")).unwrap();
            let made = hsm.mac(&key, mac, b"a message").unwrap();
            assert_eq!(made, expected(mac, spec), "{hash:?}");
            adopted += 1;
        }
        // A generic secret under the same identifier makes it ambiguous, and it is not destroyed with it.
        assert!(put(&session, ck::CKK_GENERIC_SECRET, &id));
        let all = hsm.foreign_keys().unwrap();
        let same: Vec<_> = all.iter().filter(|own| own.id == id).collect();
        assert_eq!(same.len(), 2);
        assert!(same.iter().any(|own| own.trouble.is_some()));
        hsm.destroy(&key).unwrap();
        let all = hsm.foreign_keys().unwrap();
        let mut same = all.into_iter().filter(|own| own.id == id);
        let generic = same.next().unwrap();
        assert!(generic.is_generic && same.next().is_none());
        assert_eq!(generic.trouble, None);
        hsm.destroy(&generic.key.unwrap()).unwrap();
    }
    assert!(adopted > 0, "the module knows no such type");
}
