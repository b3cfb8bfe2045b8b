//! Objects that tell what the module is: the profiles that it keeps, and its mechanisms.

use std::sync::OnceLock;

use cryptoki_sys as ck;
use pkcs11::{
    Facts, Ulong,
    attribute::{flag_bytes, number_bytes},
    mechanism::ROWS,
};

use crate::object::Objects;

/// The profiles kept (PKCS #11 Profiles 3.2 §5.1, §5.3, §5.4). A token of public certificates (§5.5) would promise that none
/// is private and that each has its key's identifier, which applications decide; the others ask for every mechanism.
const PROFILES: &[Ulong] = &[
    ck::CKP_BASELINE_PROVIDER,
    ck::CKP_EXTENDED_PROVIDER,
    ck::CKP_AUTHENTICATION_TOKEN,
];

/// The handles of these objects, which are made when somebody first asks.
#[derive(Clone, Default)]
pub(crate) struct Features {
    profiles: OnceLock<Vec<Ulong>>,
    mechanisms: OnceLock<Vec<Ulong>>,
}

impl Features {
    /// Whether a class is one of theirs.
    pub(crate) const fn are(class: Ulong) -> bool {
        matches!(class, ck::CKO_PROFILE | ck::CKO_MECHANISM)
    }

    /// Those of a class.
    pub(crate) fn of(&self, class: Ulong, objects: &Objects) -> &[Ulong] {
        let insert = |kind, value| objects.insert(feature(class, kind, value), None).0;
        if class == ck::CKO_PROFILE {
            return self.profiles.get_or_init(|| {
                let all = PROFILES.iter();
                all.map(|id| insert(ck::CKA_PROFILE_ID, *id)).collect()
            });
        }
        self.mechanisms.get_or_init(|| {
            let all = ROWS.iter();
            all.map(|row| insert(ck::CKA_MECHANISM_TYPE, row.kind))
                .collect()
        })
    }
}

/// An object of the token that nobody changes.
fn feature(class: Ulong, kind: Ulong, value: Ulong) -> Facts {
    let mut facts = Facts::local(class, None, [(kind, number_bytes(value))]);
    facts.set(ck::CKA_TOKEN, flag_bytes(true));
    for kind in [ck::CKA_MODIFIABLE, ck::CKA_COPYABLE, ck::CKA_DESTROYABLE] {
        facts.set(kind, flag_bytes(false));
    }
    facts
}
