//! Groups of HSMs that have the same keys.

use std::collections::BTreeMap;

use super::{
    Config,
    backend::Backend,
    error::ConfigError,
    file::{self, Kind},
    place::Place,
};

/// HSMs that have the same keys, and serve as one.
pub struct Group {
    /// The name that vaults know it by.
    pub name: String,
    /// The names of its members among the backends.
    pub members: Vec<String>,
}

impl Config {
    /// The group that an HSM is a member of.
    #[must_use]
    pub fn group_of(&self, backend: &str) -> Option<&Group> {
        let has = |own: &&Group| own.members.iter().any(|member| member == backend);
        self.groups.iter().find(has)
    }

    /// The members of a group, in its order.
    pub fn members<'a>(&'a self, group: &'a Group) -> impl Iterator<Item = &'a Backend> {
        let find = |name: &String| self.backends.iter().find(|own| own.name == *name);
        group.members.iter().filter_map(find)
    }
}

/// Every group of the file, whose members are among these backends.
pub(super) fn all(
    place: &Place<'_>,
    backends: &[file::Backend],
    opened: &[Backend],
) -> Result<Vec<Group>, ConfigError> {
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    let groups = backends
        .iter()
        .filter(|own| *own.kind.get_ref() == Kind::Group);
    groups
        .map(|own| {
            let name = own.name.get_ref();
            let members = own.members.as_ref().filter(|own| own.get_ref().len() > 1);
            let members = members.ok_or_else(|| {
                let why = "of kind \"group\" needs `members`, the names of two backends at least";
                place.error(&own.name, "backend", why)
            })?;
            for member in members.get_ref() {
                let wrong = |why: &str| Err(place.error(member, "backend.members", why));
                let text = member.get_ref();
                let Some(found) = opened.iter().find(|own| own.name == *text) else {
                    return wrong("must name other backends, and no groups");
                };
                if let Some(other) = taken.insert(text, name) {
                    return wrong(&format!("names {text:?}, which is a member of {other:?} already"));
                }
                if !found.keys_may_move() {
                    return wrong(&format!(
                        "names {text:?}, which does not say `keys_may_move = true`: its keys could not be copied to the others"
                    ));
                }
            }
            let all = members.get_ref().iter();
            Ok(Group {
                name: name.clone(),
                members: all.map(|own| own.get_ref().clone()).collect(),
            })
        })
        .collect()
}
