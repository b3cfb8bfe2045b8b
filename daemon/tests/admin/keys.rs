//! Keys, by KMIP messages.

use keyhold::{
    admin::protocol::{
        Class, ClientIssue, KeyActivate, KeyDestroy, KeyFacts, KeyList, KeyPage, KeyPut, KeyRevoke,
        KeyShow, PutFacts, Refused, Status,
    },
    notices::{Limits, Terms},
};

use super::harness::{Appliance, appliance};

fn named(key: &str) -> (String, String) {
    ("dev".to_owned(), key.to_owned())
}

fn revoke(own: &Appliance, key: &str, reason: &str) -> Result<KeyFacts, Refused> {
    let (vault, key) = named(key);
    own.ask(KeyRevoke {
        vault,
        key,
        reason: reason.to_owned(),
        message: Some("lost".to_owned()),
    })
}

fn destroy(own: &Appliance, key: &str) -> Result<KeyFacts, Refused> {
    let (vault, key) = named(key);
    own.ask(KeyDestroy { vault, key })
}

fn page(own: &Appliance, limit: u32, offset: u32, destroyed: bool) -> Result<KeyPage, Refused> {
    own.ask(KeyList {
        vault: "dev".to_owned(),
        limit,
        offset,
        destroyed,
    })
}

#[test]
fn keys_live_as_kmip_says() {
    let own = appliance();
    own.vault("dev", Class::Locked);
    let made = own.ask(own.key("disk", "aes-256")).unwrap();
    let [made] = made.as_slice() else {
        panic!("{made:?}")
    };
    let told = (made.state.as_str(), made.algorithm.as_str());
    assert_eq!(told, ("PreActive", "aes-256"));
    assert_eq!(made.class, Some(Class::Locked), "the vault's default");
    assert_eq!(made.usage, ["encrypt", "decrypt"]);
    let twice = own.ask(own.key("disk", "aes-128"));
    assert_eq!(twice.unwrap_err().fault, "NameTaken");

    let (vault, key) = named("disk");
    let active = own.ask(KeyActivate { vault, key }).unwrap();
    assert_eq!(active.state, "Active");
    let refused = destroy(&own, &made.id).unwrap_err();
    assert_eq!(refused.fault, "WrongState");
    assert!(
        refused.message.contains("keyhold key revoke"),
        "{refused:?}"
    );
    let refused = revoke(&own, "disk", "boredom").unwrap_err();
    assert!(refused.message.contains("key-compromise"), "{refused:?}");
    let revoked = revoke(&own, "disk", "superseded").unwrap();
    assert_eq!(revoked.state, "Deactivated");
    assert_eq!(destroy(&own, "disk").unwrap().state, "Destroyed");
    assert_eq!(page(&own, 10, 0, false).unwrap().total, 0);
    assert_eq!(page(&own, 10, 0, true).unwrap().keys[0].id, made.id);
    for operation in ["Create", "Activate", "Revoke", "Destroy"] {
        assert_eq!(own.count("dev", operation, "Success"), 1, "{operation}");
    }
    assert_eq!(own.count("dev", "Destroy", "WrongState"), 1);
    assert_eq!(own.count("dev", "key.create", "Success"), 0, "once");
}

#[test]
fn a_compromise_makes_a_key_compromised() {
    let own = appliance();
    own.vault("dev", Class::Releasable);
    own.ask(own.key("disk", "aes-256")).unwrap();
    let revoked = revoke(&own, "disk", "key-compromise").unwrap();
    assert_eq!(revoked.state, "Compromised");
    let destroyed = destroy(&own, "disk").unwrap();
    assert_eq!(destroyed.state, "DestroyedCompromised");
}

#[test]
fn keys_of_every_kind_are_made() {
    let own = appliance();
    own.vault("dev", Class::Releasable);
    let kinds = [
        "aes-128",
        "hmac-sha256-256",
        "ec-p256",
        "ec-p384",
        "ed25519",
        "rsa-2048",
    ];
    for spec in kinds {
        let mut command = own.key(spec, spec);
        command.active = true;
        command.class = Some(Class::Locked);
        let made = own.ask(command);
        let made = made.unwrap_or_else(|refused| panic!("{spec}: {refused:?}"));
        assert_eq!(made[0].names, [spec]);
        assert!(made.iter().all(|key| key.state == "Active"), "{made:?}");
        assert_eq!(made[0].class, Some(Class::Locked));
        if let Some(public) = made.get(1) {
            assert_eq!(public.names, [format!("{spec}.public")]);
            assert_eq!(public.usage, ["verify"]);
            assert_eq!(made[0].usage, ["sign"]);
        }
    }
    let mut wrapping = own.key("wrap", "rsa-2048");
    wrapping.usage = vec!["unwrap-key".to_owned()];
    let made = own.ask(wrapping).unwrap();
    assert_eq!(made[0].usage, ["unwrap-key"]);
    assert_eq!(made[1].usage, ["wrap-key"], "the other half's counterpart");
    for (spec, usage) in [("rot-13", "encrypt"), ("aes-256", "dance")] {
        let mut unfit = own.key("unfit", spec);
        unfit.usage = vec![usage.to_owned()];
        assert_eq!(own.ask(unfit).unwrap_err().fault, "InvalidField");
    }
}

#[test]
fn keys_are_listed_in_pages() {
    let own = appliance();
    own.vault("dev", Class::Releasable);
    for number in 0..12 {
        own.ask(own.key(&format!("key {number}"), "aes-128"))
            .unwrap();
    }
    let all = page(&own, 1_000, 0, false).unwrap();
    assert_eq!((all.total, all.keys.len()), (12, 12));
    let some = page(&own, 5, 5, false).unwrap();
    assert_eq!((some.total, &some.keys[..]), (12, &all.keys[5..10]));
    assert!(page(&own, 0, 0, false).is_err());
    assert!(page(&own, 5_000, 0, false).is_err());
}

#[test]
fn a_key_is_shown_with_its_attributes() {
    let own = appliance();
    own.vault("dev", Class::Locked);
    own.ask(own.key("web", "ec-p256")).unwrap();
    let (vault, key) = named("web");
    let shown = own.ask(KeyShow { vault, key }).unwrap();
    let value = |name: &str| {
        let found = shown.attributes.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    assert_eq!(value("Name"), "web");
    assert_eq!(value("Extractable"), "false");
    assert_eq!(value("Initial Date"), "2023-11-14T22:13:20Z");
    assert_eq!(value("Cryptographic Usage Mask"), "sign");
    let domain = value("Cryptographic Domain Parameters");
    assert_eq!(domain, "recommended_curve: Some(P_256)");
    let link = value("Link");
    assert!(link.starts_with("PublicKeyLink: "), "{link}");
}

#[test]
fn keys_of_another_vault_are_not_there() {
    let own = appliance();
    own.vault("dev", Class::Releasable);
    own.vault("other", Class::Releasable);
    let made = own.ask(own.key("disk", "aes-256")).unwrap();
    for key in ["disk", &made[0].id] {
        let show = KeyShow {
            vault: "other".to_owned(),
            key: key.to_owned(),
        };
        assert_eq!(own.ask(show).unwrap_err().fault, "NoSuchObject", "{key}");
    }
    let show = KeyShow {
        vault: "nowhere".to_owned(),
        key: "disk".to_owned(),
    };
    let refused = own.ask(show).unwrap_err();
    assert!(
        refused.message.contains("keyhold vault list"),
        "{refused:?}"
    );
    assert_eq!(own.count("appliance", "key.show", "NoSuchObject"), 1);
}

fn put(own: &Appliance, key: &str, client: &str) -> Result<PutFacts, Refused> {
    own.ask(KeyPut {
        vault: "dev".to_owned(),
        key: key.to_owned(),
        client: client.to_owned(),
        replaces: None,
        wrapped_with: None,
    })
}

#[test]
fn a_key_is_put_to_a_client_that_listens() {
    let own = appliance();
    own.vault("dev", Class::Releasable);
    let made = own.ask(own.key("disk", "aes-256")).unwrap();
    let mut locked = own.key("locked", "aes-256");
    locked.class = Some(Class::Locked);
    own.ask(locked).unwrap();
    own.ask(ClientIssue {
        name: "array".to_owned(),
        vault: "dev".to_owned(),
        role: "user".to_owned(),
        days: None,
    })
    .unwrap();
    let refused = put(&own, "disk", "array").unwrap_err();
    assert!(refused.message.contains("keyhold status"), "{refused:?}");
    let terms = Terms {
        vault: "dev".to_owned(),
        client: "array".to_owned(),
        version: kmip::V1_4,
        is_called: true,
        wants_new: false,
        limits: Limits::default(),
    };
    own.service.listen(terms, None, Box::new(|| {}));
    assert_eq!(put(&own, "locked", "array").unwrap_err().fault, "Sensitive");
    assert_eq!(
        put(&own, "other", "array").unwrap_err().fault,
        "NoSuchObject"
    );
    // Nobody answers: it waits.
    let facts = put(&own, "disk", "array").unwrap();
    assert_eq!(facts.id, made[0].id);
    assert_eq!((facts.taken, facts.waiting), (0, 1));
    let status = own.ask(Status {}).unwrap();
    let [listener] = status.listeners.as_slice() else {
        panic!("{:?}", status.listeners)
    };
    assert_eq!(listener.client, "array");
    assert!(!listener.is_connected);
    assert_eq!(listener.waiting, 1);
    assert_eq!(own.count("dev", "key.put", "Success"), 3);
    assert_eq!(own.count("dev", "key.put", "NotCommitted"), 2);
}
