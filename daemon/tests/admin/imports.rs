//! Keys that come wrapped for the vault's HSM.

use hsm::{Encryption, Material, public, soft::PlainKey};
use keyhold::admin::protocol::{
    Class, KeyDestroy, KeyFacts, KeyImport, KeyTransport, Refused, TransportFacts,
};
use kmip::{
    Secret,
    mechanism::{Cipher, Curve, Hash, KeySpec},
};
use store::{Custody, ObjectId};

use super::harness::{Appliance, appliance};

const EC: KeySpec = KeySpec::Ec(Curve::P256);

fn transport(own: &Appliance, name: &str, spec: Option<&str>) -> Result<TransportFacts, Refused> {
    own.ask(KeyTransport {
        vault: "dev".to_owned(),
        name: name.to_owned(),
        spec: spec.map(str::to_owned),
    })
}

/// What somebody wraps who has the public half of a transport key.
fn wrap(transport: &TransportFacts, hash: Hash, key: &[u8]) -> Vec<u8> {
    let spki = public::from_pem(&transport.public).unwrap();
    let between = Secret::new(vec![9; 32]);
    let oaep = Cipher::RsaOaep {
        hash,
        mask_hash: hash,
        label: Vec::new(),
    };
    let first = public::encrypt(&spki, &oaep, between.expose()).unwrap();
    let aes = PlainKey::from_material(&Material::Secret {
        spec: KeySpec::Aes { bits: 256 },
        bytes: between,
    });
    let input = Encryption {
        iv: None,
        associated: &[],
        plain: key,
    };
    let second = aes.unwrap().encrypt(&Cipher::AesKeyWrapPadded, input);
    [first, second.unwrap().data].concat()
}

fn import(name: &str, spec: &str, wrapped: &[u8]) -> KeyImport {
    KeyImport {
        vault: "dev".to_owned(),
        name: name.to_owned(),
        spec: spec.to_owned(),
        under: "kek".to_owned(),
        hash: "sha256".to_owned(),
        wrapped: hex::encode(wrapped),
        public: None,
        usage: Vec::new(),
        active: true,
    }
}

fn count(own: &Appliance) -> usize {
    let page = own.ask(keyhold::admin::protocol::KeyList {
        vault: "dev".to_owned(),
        limit: 1_000,
        offset: 0,
        destroyed: true,
    });
    page.unwrap().keys.len()
}

#[test]
fn a_key_that_comes_wrapped_is_locked_and_known_by_both_halves() {
    let own = appliance();
    own.vault("dev", Class::Releasable);
    let kek = transport(&own, "kek", None).unwrap();
    assert_eq!(kek.key.algorithm, "rsa-3072");
    assert_eq!((&*kek.key.usage[0], kek.key.usage.len()), ("unwrap-key", 1));
    assert_eq!(kek.key.class, Some(Class::Locked));
    assert_eq!(kek.hashes[0], "sha256");
    let (material, spki) = PlainKey::generate(EC).unwrap();
    let wrapped = wrap(&kek, Hash::Sha256, material.bytes().expose());
    let made = own.ask(import("own", "ec-p256", &wrapped)).unwrap();
    let [private, public] = made.as_slice() else {
        panic!("{made:?}");
    };
    assert_eq!(private.names, ["own"]);
    assert_eq!(public.names, ["own.public"]);
    assert_eq!((&*private.state, &*public.state), ("Active", "Active"));
    assert_eq!(
        (&private.usage[..], &public.usage[..]),
        (&["sign".to_owned()][..], &["verify".to_owned()][..])
    );
    assert_eq!(private.class, Some(Class::Locked));
    let of = |facts: &KeyFacts| {
        let id = ObjectId(facts.id.clone());
        own.store.begin().record(&id).unwrap().unwrap()
    };
    assert_eq!(of(public).custody, Custody::Public(spki.unwrap()));
    assert_eq!(of(private).attributes.never_extractable, Some(false));
    assert_eq!(of(private).attributes.always_sensitive, Some(true));
    assert!(of(private).attributes.digest.is_empty());
    assert_eq!(of(private).attributes.link.iter().count(), 1);
    assert_eq!(of(public).attributes.link.iter().count(), 1);
    assert_eq!(own.count("dev", "Register", "Success"), 1);
    assert_eq!(own.count("dev", "key.transport", "Success"), 1);

    // With its public half given, which has to be its own.
    let mut given = import("given", "ec-p256", &wrapped);
    given.public = Some(
        public::to_pem(&match &of(public).custody {
            Custody::Public(spki) => spki.clone(),
            other => panic!("{other:?}"),
        })
        .unwrap(),
    );
    let made = own.ask(given).unwrap();
    assert_eq!(made[1].names, ["given.public"]);
    let (_, another) = PlainKey::generate(EC).unwrap();
    let mut other = import("other", "ec-p256", &wrapped);
    other.public = Some(public::to_pem(&another.unwrap()).unwrap());
    let before = count(&own);
    let refused = own.ask(other).unwrap_err();
    assert!(refused.message.contains("private half"), "{refused:?}");
    assert_eq!(count(&own), before, "neither half is left behind");

    let aes = wrap(&kek, Hash::Sha1, &[5; 32]);
    let mut files = import("files", "aes-256", &aes);
    files.hash = "sha1".to_owned();
    files.usage = vec!["wrap-key".to_owned()];
    let made = own.ask(files).unwrap();
    assert_eq!((made.len(), &*made[0].usage[0]), (1, "wrap-key"));
}

#[test]
fn what_does_not_unwrap_says_why_and_leaves_nothing_behind() {
    let own = appliance();
    own.vault("dev", Class::Releasable);
    let kek = transport(&own, "kek", Some("rsa-2048")).unwrap();
    let twice = transport(&own, "kek", None).unwrap_err();
    assert_eq!(twice.fault, "NameTaken");
    for weak in ["rsa-1024", "ec-p256", "rot-13"] {
        assert!(transport(&own, "weak", Some(weak)).is_err(), "{weak}");
    }
    own.ask(own.key("plain", "aes-256")).unwrap();
    let mut signs = own.key("signs", "rsa-2048");
    signs.active = true;
    own.ask(signs).unwrap();
    let (material, _) = PlainKey::generate(EC).unwrap();
    let whole = wrap(&kek, Hash::Sha256, material.bytes().expose());
    let before = count(&own);
    let check = |command: KeyImport, why: &str| {
        let refused = own.ask(command).unwrap_err();
        assert!(refused.message.contains(why), "{why}: {refused:?}");
    };
    for place in [0, 255, 256, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        check(import("own", "ec-p256", &changed), "it was changed");
    }
    check(
        import("own", "ec-p256", &whole[..100]),
        "shorter than the modulus",
    );
    check(import("own", "ec-p256", &[]), "shorter than the modulus");
    check(import("own", "ec-p384", &whole), "not valid");
    check(import("own", "aes-256", &whole), "not valid");
    let named = |under: &str| KeyImport {
        under: under.to_owned(),
        ..import("own", "ec-p256", &whole)
    };
    check(named("nobody"), "no key \"nobody\"");
    check(named("plain"), "");
    check(named("signs"), "usage mask");
    let by = |hash: &str| KeyImport {
        hash: hash.to_owned(),
        ..import("own", "ec-p256", &whole)
    };
    check(by("sha1"), "another hash function than sha1");
    check(by("sha512"), "by: sha256 sha1");
    check(by("md5"), "no hash function");
    check(import("own", "rsa-1024", &whole), "not valid");
    assert_eq!(count(&own), before);
    own.ask(import("own", "ec-p256", &whole)).unwrap();
    let key = "kek".to_owned();
    let vault = "dev".to_owned();
    let refused = own.ask(KeyDestroy { vault, key }).unwrap_err();
    assert!(refused.message.contains("revoke"), "{refused:?}");
}
