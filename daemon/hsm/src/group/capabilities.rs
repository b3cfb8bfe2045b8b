//! What a group can do: what each of its members can.

use kmip::mechanism::KeySpec;

use crate::{Capabilities, Hsm, Trial, takes_locked};

/// What all of them can do.
pub(super) fn common(members: &[(&str, &dyn Hsm)]) -> Capabilities {
    let described: Vec<_> = members
        .iter()
        .map(|(name, hsm)| format!("{name}: {}", hsm.capabilities().description))
        .collect();
    let all = |of: fn(&Capabilities) -> &Vec<KeySpec>| {
        let specs = both(members, of);
        let copied = |spec: &KeySpec| members.iter().all(|(_, hsm)| takes_locked(*hsm, *spec));
        specs.into_iter().filter(copied).collect()
    };
    let keeping: Vec<_> = members
        .iter()
        .filter(|(_, hsm)| hsm.keeps_keys())
        .copied()
        .collect();
    Capabilities {
        description: format!("a group of {}", described.join("; ")),
        generate: all(|own| &own.generate),
        import: all(|own| &own.import),
        sign: both(members, |own| &own.sign),
        cipher: both(members, |own| &own.cipher),
        mac: both(members, |own| &own.mac),
        derive: both(members, |own| &own.derive),
        decapsulate: both(members, |own| &own.decapsulate),
        wrapped: both(&keeping, |own| &own.wrapped),
        trials: trials(
            members
                .iter()
                .map(|(name, hsm)| (*name, &hsm.capabilities().trials[..])),
        ),
    }
}

/// The trials of members, each told with the member's name.
pub(super) fn trials<'a>(members: impl Iterator<Item = (&'a str, &'a [Trial])>) -> Vec<Trial> {
    let named = |name: &str, own: &Trial| Trial {
        by: format!("{name}: {}", own.by),
        ..own.clone()
    };
    members
        .flat_map(|(name, all)| all.iter().map(move |own| named(name, own)))
        .collect()
}

/// Whether each of them lists the same.
pub(super) fn are_alike(members: &[(&str, &dyn Hsm)]) -> bool {
    let lists = |hsm: &dyn Hsm| {
        let own = hsm.capabilities();
        Capabilities {
            description: String::new(),
            trials: Vec::new(),
            ..own.clone()
        }
    };
    let Some(((_, first), rest)) = members.split_first() else {
        return true;
    };
    let first = lists(*first);
    rest.iter().all(|(_, hsm)| lists(*hsm) == first)
}

/// Whether an HSM does what a group has promised.
pub(super) fn covers(hsm: &dyn Hsm, promised: &Capabilities) -> bool {
    let own = hsm.capabilities();
    let takes_all = |all: &[KeySpec]| all.iter().all(|spec| takes_locked(hsm, *spec));
    has_all(&own.generate, &promised.generate)
        && takes_all(&promised.generate)
        && has_all(&own.import, &promised.import)
        && takes_all(&promised.import)
        && has_all(&own.sign, &promised.sign)
        && has_all(&own.cipher, &promised.cipher)
        && has_all(&own.mac, &promised.mac)
        && has_all(&own.derive, &promised.derive)
        && has_all(&own.decapsulate, &promised.decapsulate)
}

fn has_all<T: PartialEq>(own: &[T], wanted: &[T]) -> bool {
    wanted.iter().all(|row| own.contains(row))
}

/// What is in every list.
fn both<T: PartialEq + Clone>(
    members: &[(&str, &dyn Hsm)],
    of: fn(&Capabilities) -> &Vec<T>,
) -> Vec<T> {
    let Some(((_, first), rest)) = members.split_first() else {
        return Vec::new();
    };
    let is_common = |row: &&T| {
        rest.iter()
            .all(|(_, hsm)| of(hsm.capabilities()).contains(row))
    };
    let first = of(first.capabilities());
    first.iter().filter(is_common).cloned().collect()
}
