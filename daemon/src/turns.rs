//! Whose turn it is among the members of an object group: asked for its default member, a group gives one after the other.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use store::ObjectId;

/// Of more groups than these nobody remembers whose turn it is, and all begin anew.
const GROUPS_MAX: usize = 10_000;

/// Which member each group gave last, by vault and group.
#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<(String, String), ObjectId>>);

impl Turns {
    /// The member after the one that the group gave last, of all in their order; after the last comes the first.
    pub(crate) fn next(&self, vault: &str, group: &str, members: &[ObjectId]) -> Option<ObjectId> {
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (vault.to_owned(), group.to_owned());
        let last = given.get(&key);
        let place = last.and_then(|last| members.iter().position(|member| member == last));
        let next = place.and_then(|place| members.get(place + 1));
        let member = next.or_else(|| members.first())?.clone();
        if given.len() >= GROUPS_MAX && !given.contains_key(&key) {
            given.clear();
        }
        given.insert(key, member.clone());
        Some(member)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_take_turns_and_groups_have_their_own() {
        let turns = Turns::default();
        let members: Vec<_> = ["a", "b", "c"].map(|id| ObjectId(id.to_owned())).into();
        let next = |group, members| turns.next("v", group, members).map(|member| member.0);
        let given: Vec<_> = (0..4).filter_map(|_| next("g", &members)).collect();
        assert_eq!(given, ["a", "b", "c", "a"]);
        assert_eq!(next("other", &members).as_deref(), Some("a"));
        assert_eq!(next("g", &members[1..]).as_deref(), Some("b"));
        assert_eq!(next("g", &[]), None);
        assert_eq!(turns.next("w", "g", &members), Some(members[0].clone()));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let turns = Turns::default();
        let member = [ObjectId("a".to_owned())];
        for group in 0..=GROUPS_MAX {
            turns.next("v", &group.to_string(), &member);
        }
        assert!(turns.0.lock().unwrap().len() <= GROUPS_MAX);
    }
}
