//! Vaults that move from one HSM into another.

use keyhold::{
    admin::protocol::{
        Class, InitToken, KeyDestroy, MoveFacts, Profile, Refused, VaultCreate, VaultMove,
        VaultMoveCheck, VaultShow,
    },
    authority::Options,
};
use kmip::ttlv::Timestamp;
use store::{Custody, Filter, ObjectId, Page, Record, Scope};

use super::harness::{Appliance, appliance_with};

fn prepared(may_move: bool) -> Appliance {
    let own = appliance_with(&[("old", may_move), ("new", false)]);
    own.ask(VaultCreate {
        name: "dev".to_owned(),
        backend: Some("old".to_owned()),
        custody: None,
        class: Class::Releasable,
        profile: Profile::Compatible,
        user_pin: None,
        so_pin: None,
        init_token: InitToken::Refused,
    })
    .unwrap();
    own
}

fn advance(own: &Appliance, to: &str) -> Result<MoveFacts, Refused> {
    own.ask(VaultMove {
        name: "dev".to_owned(),
        to: Some(to.to_owned()),
        custody: None,
        leave_authority: false,
    })
}

/// Moves the vault until nothing is left.
fn moves(own: &Appliance, to: &str) -> MoveFacts {
    let mut facts = advance(own, to).unwrap();
    while facts.left > 0 {
        facts = advance(own, to).unwrap();
    }
    facts
}

fn check(own: &Appliance, to: &str) -> MoveFacts {
    own.ask(VaultMoveCheck {
        name: "dev".to_owned(),
        to: Some(to.to_owned()),
        custody: None,
        leave_authority: false,
    })
    .unwrap()
}

fn record(own: &Appliance, id: &str) -> Record {
    let id = ObjectId(id.to_owned());
    (*own.store.begin().record(&id).unwrap().unwrap()).clone()
}

fn backend(own: &Appliance, id: &str) -> String {
    match record(own, id).custody {
        Custody::Hsm { backend, .. } => backend,
        other => panic!("{other:?}"),
    }
}

/// A key of each class, a pair, and one that is destroyed already.
fn keys(own: &Appliance) -> Vec<String> {
    let key = |name: &str, spec: &str, class| {
        let mut key = own.key(name, spec);
        key.class = Some(class);
        own.ask(key).unwrap().remove(0).id
    };
    let all = vec![
        key("locked", "aes-256", Class::Locked),
        key("pair", "ec-p256", Class::Locked),
        key("rsa", "rsa-2048", Class::Locked),
        key("open", "aes-128", Class::Releasable),
    ];
    let gone = key("gone", "aes-128", Class::Locked);
    let (vault, key) = ("dev".to_owned(), gone);
    own.ask(KeyDestroy { vault, key }).unwrap();
    all
}

#[test]
fn a_vault_moves_with_all_that_it_has() {
    let own = prepared(true);
    let keys = keys(&own);
    let facts = check(&own, "new");
    assert_eq!((facts.exported, facts.wrapped, facts.left), (1, 3, 4));
    assert_eq!(facts.obstacles, []);
    assert!(keys.iter().all(|key| backend(&own, key) == "old"));

    let before: Vec<_> = keys.iter().map(|key| record(&own, key)).collect();
    assert_eq!(moves(&own, "new").moved, 4);
    for (key, before) in keys.iter().zip(before) {
        assert_eq!(backend(&own, key), "new");
        let after = record(&own, key);
        assert_eq!(
            after.attributes, before.attributes,
            "nothing else is changed"
        );
        assert_ne!(after.custody, before.custody);
    }
    let name = "dev".to_owned();
    assert_eq!(own.ask(VaultShow { name }).unwrap().backend, "new");
    assert_eq!(own.count("dev", "vault.move.object", "Success"), 4);
    assert!(own.count("dev", "vault.move", "Success") >= 1);
    // Asked once more, there is nothing left to do.
    let again = advance(&own, "new").unwrap();
    assert_eq!((again.moved, again.left), (0, 0));
    // And nothing lets the keys go on from there.
    assert_eq!(check(&own, "old").obstacles_count, 3);
}

#[test]
fn what_is_in_the_way_is_told_before_anything_moves() {
    let own = prepared(false);
    let keys = keys(&own);
    let facts = check(&own, "new");
    assert_eq!((facts.obstacles_count, facts.exported), (3, 1));
    let names: Vec<_> = facts.obstacles.iter().map(|own| own.name.clone()).collect();
    assert!(names.contains(&Some("locked".to_owned())), "{names:?}");
    assert!(
        facts
            .obstacles
            .iter()
            .all(|own| own.why.contains("keys_may_move")),
        "{facts:?}"
    );
    let refused = advance(&own, "new").unwrap_err();
    assert!(refused.message.contains("3 objects cannot"), "{refused:?}");
    assert!(keys.iter().all(|key| backend(&own, key) == "old"));
    let name = "dev".to_owned();
    assert_eq!(own.ask(VaultShow { name }).unwrap().backend, "old");
    assert_eq!(own.count("dev", "vault.move.object", "Success"), 0);
    let refused = advance(&own, "nowhere").unwrap_err();
    assert!(
        refused.message.contains("there is: new, old"),
        "{refused:?}"
    );
}

/// Makes the vault's authority: its object.
fn authority(own: &Appliance) -> String {
    let vault = own.service.directory().vault("dev").unwrap();
    let options = Options::usual("dev");
    own.service.create_authority(&vault, &options).unwrap();
    let scope = Scope {
        vault: "dev/authority".to_owned(),
        owner: None,
    };
    let now = Timestamp(1_700_000_000);
    let mut tx = own.store.begin();
    let found = tx.locate(&Filter::default(), &scope, Page::default(), now);
    found.unwrap().ids.remove(0).0
}

#[test]
fn a_vault_takes_its_authority_along() {
    let own = prepared(true);
    let all = keys(&own).len();
    let id = authority(&own);
    let facts = check(&own, "new");
    assert_eq!((facts.wrapped, facts.left), (4, 5));
    let before = record(&own, &id);
    let facts = moves(&own, "new");
    assert_eq!(facts.moved, u64::try_from(all).unwrap() + 1);
    assert_eq!(backend(&own, &id), "new");
    let after = record(&own, &id);
    assert_eq!(after.attributes, before.attributes);
    assert_eq!(after.vault, before.vault);
    // The trail names it where the vault's people look.
    let steps = own.count("dev", "vault.move.object", "Success");
    assert_eq!(steps, all + 1);
    let known = own.service.authority("dev").unwrap().unwrap();
    assert!(!known.certificate.is_empty());
}

#[test]
fn an_authority_that_an_earlier_move_has_left_is_fetched() {
    let own = prepared(true);
    let id = authority(&own);
    let leave = VaultMove {
        name: "dev".to_owned(),
        to: Some("new".to_owned()),
        custody: None,
        leave_authority: true,
    };
    let facts = own.ask(leave).unwrap();
    assert_eq!((facts.moved, facts.left), (0, 0));
    assert_eq!(backend(&own, &id), "old");
    assert_eq!(moves(&own, "new").moved, 1);
    assert_eq!(backend(&own, &id), "new");
}

#[test]
fn an_authority_that_must_stay_is_in_the_way_or_is_left() {
    let own = prepared(false);
    let id = authority(&own);
    let facts = check(&own, "new");
    assert_eq!((facts.obstacles_count, facts.left), (1, 0));
    let obstacle = &facts.obstacles[0];
    assert_eq!(obstacle.object, id);
    assert!(obstacle.why.contains("keys_may_move"), "{obstacle:?}");
    let refused = advance(&own, "new").unwrap_err();
    assert!(refused.message.contains("1 objects cannot"), "{refused:?}");
    let check = VaultMoveCheck {
        name: "dev".to_owned(),
        to: Some("new".to_owned()),
        custody: None,
        leave_authority: true,
    };
    assert_eq!(own.ask(check).unwrap().obstacles, []);
}
