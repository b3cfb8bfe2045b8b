//! The handles of objects that tell what the module serves, which are made when somebody first asks.

use std::sync::OnceLock;

use cryptoki_sys as ck;
use pkcs11::{
    Facts, Ulong,
    features::{mechanisms, profiles},
};

use crate::object::Objects;

/// The handles, by the class of their objects.
#[derive(Clone, Default)]
pub(crate) struct Features {
    profiles: OnceLock<Vec<Ulong>>,
    mechanisms: OnceLock<Vec<Ulong>>,
}

impl Features {
    /// Those of a class.
    pub(crate) fn of(&self, class: Ulong, objects: &Objects) -> &[Ulong] {
        let insert = |facts: Facts| objects.insert(facts, None).0;
        if class == ck::CKO_PROFILE {
            return self
                .profiles
                .get_or_init(|| profiles().map(insert).collect());
        }
        self.mechanisms
            .get_or_init(|| mechanisms(|_| true).map(insert).collect())
    }
}
