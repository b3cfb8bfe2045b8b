//! Objects that tell what a token serves: the profiles that it keeps, and its mechanisms.

use cryptoki_sys as ck;

use crate::{
    Facts, Ulong,
    attribute::{flag_bytes, number_bytes},
    mechanism::{ROWS, Row},
};

/// The profiles kept (PKCS #11 Profiles 3.2 §5.1, §5.3, §5.4). A token of public certificates (§5.5) would promise that none
/// is private and that each has its key's identifier, which applications decide; the others ask for every mechanism.
const PROFILES: &[Ulong] = &[
    ck::CKP_BASELINE_PROVIDER,
    ck::CKP_EXTENDED_PROVIDER,
    ck::CKP_AUTHENTICATION_TOKEN,
];

/// Which class of these objects a search means, by its class or by an attribute that they alone have. Whoever lists all
/// objects wants to see what is kept in the token, and to delete it.
pub fn meant(class: Option<Ulong>, has: impl Fn(Ulong) -> bool) -> Option<Ulong> {
    class
        .filter(|class| matches!(*class, ck::CKO_PROFILE | ck::CKO_MECHANISM))
        .or_else(|| has(ck::CKA_PROFILE_ID).then_some(ck::CKO_PROFILE))
        .or_else(|| has(ck::CKA_MECHANISM_TYPE).then_some(ck::CKO_MECHANISM))
}

/// The profiles.
pub fn profiles() -> impl Iterator<Item = Facts> {
    let all = PROFILES.iter();
    all.map(|id| feature(ck::CKO_PROFILE, ck::CKA_PROFILE_ID, *id))
}

/// The mechanisms that are served where they are asked for.
pub fn mechanisms(served: impl Fn(&Row) -> bool) -> impl Iterator<Item = Facts> {
    let all = ROWS.iter().filter(move |row| served(row));
    all.map(|row| feature(ck::CKO_MECHANISM, ck::CKA_MECHANISM_TYPE, row.kind))
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
