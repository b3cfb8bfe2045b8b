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
