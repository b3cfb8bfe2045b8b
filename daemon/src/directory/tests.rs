//! The directory under several who change it at once, or guess at it.

use super::*;

#[test]
fn guesses_that_are_made_at_once_are_counted_like_others() {
    let store = store::SqliteStore::in_memory().unwrap();
    let own = Directory::load(Arc::new(store)).unwrap();
    let verifier = pin::verifier(&Secret::from(&b"right"[..])).unwrap();
    let guess = Guess::at_pin("one", USER, Timestamp(0));
    let made = std::thread::scope(|scope| {
        let wrong = || own.verify(&guess, USER, &verifier, &Secret::from(&b"wrong"[..]));
        let all: Vec<_> = (0..3 * GUESSES_MAX).map(|_| scope.spawn(wrong)).collect();
        let told = all.into_iter().map(|own| own.join().unwrap());
        told.filter(|told| *told == Err(Refused::Wrong)).count()
    });
    assert_eq!(u32::try_from(made), Ok(GUESSES_MAX));
    assert!(lock(&own.turns).is_empty());
}

#[test]
fn who_changes_a_vault_changes_what_is_there() {
    let store = store::SqliteStore::in_memory().unwrap();
    let own = Directory::load(Arc::new(store)).unwrap();
    let vault = Vault {
        name: "one".to_owned(),
        backend: "embedded".to_owned(),
        wrapped: false,
        locked_by_default: false,
        strict: false,
        created: Timestamp(0),
        user_pin: Some("old".to_owned()),
        so_pin: None,
        token: store::Token::default(),
        rules: store::Rules::default(),
    };
    own.put_vault(&vault).unwrap();
    let with = |pin: &str| Vault {
        user_pin: Some(pin.to_owned()),
        ..vault.clone()
    };
    own.change_vault(&vault, with("new")).unwrap();
    let late = own.change_vault(&vault, with("old"));
    assert_eq!(late, Err(store::Error::Conflict));
    assert_eq!(own.vault("one").unwrap().user_pin.as_deref(), Some("new"));
}
