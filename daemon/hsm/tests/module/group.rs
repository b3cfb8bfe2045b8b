//! Groups with tokens: what is in the tokens beside their keys, what comes wrapped, and what is there already.

use std::sync::Arc;

use hsm::{
    CustodyMode, Encryption, Error, ForeignKey, Hsm, Input, KeyRef, Material, TRANSPORT, Terms,
    group::{Group, Opener, Standing, TRANSPORT_ID, Tell},
    module::{ModuleConfig, ModuleHsm},
    public,
    soft::{self, Master, SoftHsm},
};
use kmip::{
    CryptographicUsageMask as Usage, Secret,
    mechanism::{Cipher, Hash, KeySpec, Mac, Padding, Signing},
};

use super::{
    common::{Token, terms, with_token, with_tokens},
    softhsm::LABEL,
};

const SECOND: &str = "second";
const AES: KeySpec = KeySpec::Aes { bits: 256 };
const RSA: KeySpec = KeySpec::Rsa { bits: 2048 };
/// Of what is compared otherwise than by its use.
const UNUSED: (Option<KeySpec>, Usage) = (None, Usage(0));

fn group(members: &[Arc<dyn Hsm>; 2]) -> Group {
    let openers = members.iter().zip(["left", "right"]).map(|(own, name)| {
        let own = Arc::clone(own);
        let opener: Opener = Box::new(move || Ok(Arc::clone(&own)));
        (name.to_owned(), opener)
    });
    let tell: Tell = Arc::new(|member: &str, event| panic!("{member}: {event:?}"));
    Group::open(openers.collect(), &tell).unwrap()
}

/// As of two daemons: each makes a transport key of its own in the place of the other's.
#[test]
fn two_groups_of_the_same_members_make_keys_side_by_side() {
    with_token(|token| {
        let members: [Arc<dyn Hsm>; 2] = [member(token, LABEL), Arc::new(embedded())];
        let groups = [group(&members), group(&members)];
        for round in 0..4 {
            for (place, own) in groups.iter().enumerate() {
                let terms = terms(&format!("{round} {place}"), Usage::Encrypt);
                let made = own.generate(KeySpec::Aes { bits: 256 }, &terms);
                assert!(made.is_ok(), "{round} {place}: {made:?}");
            }
        }
        // No key is an object of the token but the one that others are wrapped for.
        let keys = members[0].foreign_keys().unwrap();
        let ids: Vec<_> = keys.into_iter().map(|own| own.id).collect();
        assert_eq!(ids, [TRANSPORT_ID]);
    });
}

fn embedded() -> SoftHsm {
    // The heap may be there already.
    drop(soft::start(soft::SECURE_HEAP_BYTES));
    SoftHsm::new(Master::ephemeral().unwrap(), 10).with_keys_that_may_move(true)
}

fn member(token: &Token, label: &str) -> Arc<dyn Hsm> {
    let module = ModuleHsm::open(&ModuleConfig {
        keys_may_move: true,
        ..token.config_of(label)
    });
    Arc::new(module.unwrap())
}

/// What each member's token has beside the members' own keys.
fn objects(members: &[Arc<dyn Hsm>; 2]) -> [Vec<Vec<u8>>; 2] {
    members.each_ref().map(|own| {
        let all = own.foreign_keys().unwrap().into_iter();
        let ids = all.map(|found| found.id).filter(|id| id != TRANSPORT_ID);
        ids.collect()
    })
}

#[test]
fn what_comes_wrapped_for_a_group_is_an_object_of_no_token() {
    with_tokens(&[LABEL, SECOND], |token| {
        let members = [member(token, LABEL), member(token, SECOND)];
        let group = group(&members);
        let wrapped_terms = |id: &str, usage| Terms {
            custody: CustodyMode::Wrapped,
            ..terms(id, usage)
        };
        let kek = wrapped_terms("kek", Usage::UnwrapKey);
        let pair = group.transport(TRANSPORT, &kek).unwrap();
        let elsewhere = embedded();
        for (spec, usage) in [(AES, Usage::Encrypt), (RSA, Usage::Sign)] {
            let made = elsewhere.generate(spec, &terms("elsewhere", usage));
            let made = made.unwrap();
            let parcel = elsewhere.wrap_for(&made.key, &pair.public, &pair.hashes);
            let parcel = parcel.unwrap();
            let wrapped = parcel.wrapped(spec);
            let came = group.unwrap(&pair.key, &wrapped, &terms("came", usage));
            let came = came.unwrap();
            assert_eq!(came.public, made.public);
            let standings = group.compare_key(&came.key, UNUSED, &[7; 16]).unwrap();
            assert_eq!(standings, [const { Standing::Same }; 2], "{spec:?}");
        }
        let standings = group.compare_key(&pair.key, UNUSED, &[7; 16]).unwrap();
        assert_eq!(standings, [const { Standing::Same }; 2]);
        assert!(objects(&members).iter().all(Vec::is_empty));
    });
}

/// Puts a key into a token, as somebody else does.
fn put(member: &Arc<dyn Hsm>, material: &Material, id: &str, usage: Usage) {
    member.import(material, &terms(id, usage)).unwrap();
}

fn secret(spec: KeySpec, byte: u8) -> Material {
    let bytes = Secret::new(vec![byte; usize::from(spec.bits() / 8)]);
    Material::Secret { spec, bytes }
}

fn pair() -> Material {
    let soft = embedded();
    let terms = Terms {
        exportable: true,
        ..terms("pair", Usage::Sign)
    };
    let made = soft.generate(RSA, &terms).unwrap();
    soft.export(&made.key).unwrap()
}

fn found(group: &Group, id: &str) -> ForeignKey {
    let all = group.foreign_keys().unwrap().into_iter();
    let mut all: Vec<_> = all.filter(|own| own.id == id.as_bytes()).collect();
    assert_eq!(all.len(), 1, "{id}: {all:?}");
    all.remove(0)
}

const HMAC: KeySpec = KeySpec::Hmac {
    hash: Hash::Sha256,
    bits: 256,
};

#[test]
fn a_group_adopts_what_all_of_its_members_have() {
    with_tokens(&[LABEL, SECOND], |token| {
        let members = [member(token, LABEL), member(token, SECOND)];
        let group = group(&members);
        let own = pair();
        let encrypts = Usage::Encrypt | Usage::Decrypt;
        for member in &members {
            put(member, &secret(AES, 1), "aes", encrypts);
            put(member, &secret(HMAC, 2), "mac", Usage::MACGenerate);
            put(member, &own, "pair", Usage::Sign);
        }
        for id in ["aes", "mac", "pair"] {
            let found = found(&group, id);
            assert_eq!(found.trouble, None, "{id}");
            assert!(found.is_locked);
            let key = found.key.unwrap();
            group.adopt(&key, found.usage, Some("another")).unwrap();
            for member in &members {
                let all = member.foreign_keys().unwrap();
                let own = all.iter().find(|own| own.id == id.as_bytes()).unwrap();
                assert_eq!(own.label, "another");
            }
            let how = (found.spec, found.usage);
            let standings = group.compare_key(&key, how, &[7; 16]).unwrap();
            assert_eq!(standings, [const { Standing::Same }; 2]);
            for _ in 0..4 {
                serves(&group, &key, found.public.as_deref());
            }
            let copied = group.mend_key(&key, 0, &[1], found.spec.unwrap(), &terms(id, encrypts));
            assert_eq!(copied, Err(Error::NotExportable));
            group.destroy(&key).unwrap();
        }
        assert!(objects(&members).iter().all(Vec::is_empty));
    });
}

/// Whatever kind of key it is, it does what it is for.
fn serves(group: &Group, key: &KeyRef, public: Option<&[u8]>) {
    if let Some(public) = public {
        let signing = Signing::RsaPkcs1(Some(Hash::Sha256));
        let signature = group.sign(key, signing, Input::Message(b"m")).unwrap();
        assert!(public::verify(public, signing, Input::Message(b"m"), &signature).unwrap());
        return;
    }
    let input = Encryption {
        iv: Some(&[7; 16]),
        associated: &[],
        plain: b"a message",
    };
    let encrypted = group.encrypt(key, &Cipher::AesCbc(Padding::Pkcs5), input);
    let authenticated = group.mac(key, Mac::Hmac(Hash::Sha256), b"a message");
    assert!(encrypted.is_ok() != authenticated.is_ok());
}

#[test]
fn a_group_adopts_nothing_that_one_member_lacks_or_has_differently() {
    with_tokens(&[LABEL, SECOND], |token| {
        let members = [member(token, LABEL), member(token, SECOND)];
        let group = group(&members);
        let [left, right] = &members;
        let encrypts = Usage::Encrypt | Usage::Decrypt;
        put(left, &secret(AES, 1), "alone", encrypts);
        put(left, &pair(), "pair", Usage::Sign);
        put(right, &pair(), "pair", Usage::Sign);
        for (id, why) in [("alone", "right lacks it"), ("pair", "another key")] {
            let found = found(&group, id);
            let trouble = found.trouble.unwrap();
            assert!(trouble.contains(why), "{trouble}");
            assert_eq!(found.key, None);
        }
        // What secret keys are is found out by using them.
        for (usage, why) in [
            (encrypts, "different keys"),
            (Usage::Decrypt, "different keys"),
            (Usage::MACGenerate, "different keys"),
            (Usage::WrapKey, "cannot be told"),
        ] {
            let id = format!("{usage:?}");
            put(left, &secret(AES, 3), &id, usage);
            put(right, &secret(AES, 4), &id, usage);
            let found = found(&group, &id);
            assert_eq!(found.trouble, None);
            assert!(found.usage.intersects(usage));
            let key = found.key.unwrap();
            // As of one that was adopted before, and is another in one member since.
            let told = if usage == Usage::WrapKey {
                Standing::Same
            } else {
                Standing::Other
            };
            let standings = group.compare_key(&key, (found.spec, usage), &[7; 16]);
            assert_eq!(standings.unwrap(), [told.clone(), told], "{usage:?}");
            let refused = group.adopt(&key, usage, Some("another"));
            assert!(
                matches!(refused, Err(Error::BadKey(text)) if text.contains(why)),
                "{refused:?}"
            );
        }
        // Nothing of it was changed.
        for member in &members {
            let all = member.foreign_keys().unwrap();
            assert!(all.iter().all(|own| own.label != "another"));
        }
    });
}
