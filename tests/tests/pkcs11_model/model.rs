//! What may be: of each object how it is protected and where its value is from, of each call whether it must be refused,
//! and with which codes.

use cryptoki_sys as ck;
use keyhold_tests::api::Ulong;

use crate::{
    call::{Change, Derivation},
    kind::{Pair, Secret, Traits, USES, Uses, Wrapping},
};

/// What kind of key an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Secret(Secret),
    Half(Pair),
}

/// How a key is protected, as its attributes say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protection {
    pub sensitive: bool,
    pub extractable: bool,
    pub wrap_with_trusted: bool,
    pub always_sensitive: bool,
    pub never_extractable: bool,
    pub local: bool,
}

impl Protection {
    /// Whether the value may be asked for.
    pub const fn tells(self) -> bool {
        !self.sensitive && self.extractable && !self.wrap_with_trusted
    }

    /// That of a new key: what its template says, and locked where that is silent.
    pub fn made(traits: &Traits, is_local: bool) -> Self {
        let sensitive = traits.sensitive.unwrap_or(true);
        let extractable = traits.extractable.unwrap_or(false);
        Self {
            sensitive,
            extractable,
            wrap_with_trusted: traits.wrap_with_trusted,
            always_sensitive: is_local && sensitive,
            never_extractable: is_local && !extractable,
            local: is_local,
        }
    }

    /// That of a key that came out of one wrapped by another.
    pub fn unwrapped(traits: &Traits, by: Option<Self>) -> Self {
        let own = Self::made(traits, false);
        Self {
            extractable: traits.extractable.unwrap_or(true),
            wrap_with_trusted: own.wrap_with_trusted || by.is_some_and(|by| by.wrap_with_trusted),
            ..own
        }
    }

    /// That of a key that was derived.
    pub fn derived(traits: &Traits, base: Self, is_own: bool) -> Self {
        let own = Self::made(traits, false);
        Self {
            wrap_with_trusted: own.wrap_with_trusted || (is_own && base.wrap_with_trusted),
            always_sensitive: own.sensitive && base.always_sensitive,
            never_extractable: !own.extractable && base.never_extractable,
            ..own
        }
    }

    /// After a change that was allowed.
    #[must_use]
    pub fn changed(self, change: &Change) -> Self {
        let sensitive = change.sensitive.unwrap_or(self.sensitive);
        let extractable = change.extractable.unwrap_or(self.extractable);
        let wrap_with_trusted = change.wrap_with_trusted.unwrap_or(self.wrap_with_trusted);
        Self {
            sensitive,
            extractable,
            wrap_with_trusted,
            ..self
        }
    }

    /// Whether a change takes protection away.
    fn is_lowered_by(self, change: &Change) -> bool {
        (self.sensitive && change.sensitive == Some(false))
            || (!self.extractable && change.extractable == Some(true))
            || (self.wrap_with_trusted && change.wrap_with_trusted == Some(false))
    }
}

/// An object that there is.
#[derive(Clone, Debug)]
pub struct Object {
    pub handle: Ulong,
    /// The session with which it ends.
    pub owner: Option<Ulong>,
    pub unique_id: Vec<u8>,
    pub class: Ulong,
    pub kind: Kind,
    pub uses: Uses,
    /// None of a public key.
    pub protection: Option<Protection>,
    /// Which value it holds; objects of one value have the same.
    pub value: usize,
    /// Of halves of a pair: the public one, as SubjectPublicKeyInfo.
    pub public: Option<Vec<u8>>,
    /// Whether whoever made it could make it once more, as something else: of a wrapped key, or by derivation.
    pub may_be_made_again: bool,
    /// Whether another object has the value, and this is a further handle of it.
    pub is_alias: bool,
    /// Whether what it was a handle of is gone.
    pub is_gone: bool,
}

impl Object {
    pub const fn secret(&self) -> Option<Secret> {
        match self.kind {
            Kind::Secret(kind) => Some(kind),
            Kind::Half(_) => None,
        }
    }

    pub const fn is_aes(&self) -> bool {
        matches!(self.kind, Kind::Secret(Secret::Aes(_)))
    }

    /// Whether sensitive keys go under it: nobody can have a second key of its value that does something else, because it
    /// was made here, and never left.
    fn keeps(&self) -> bool {
        self.class == ck::CKO_SECRET_KEY
            && self
                .protection
                .is_some_and(|own| own.local && own.always_sensitive && own.never_extractable)
    }
}

/// Whether a key must not leave under another so.
pub fn wrap_is_refused(how: Wrapping, by: &Object, of: &Object) -> bool {
    let Some(own) = of.protection else {
        return true;
    };
    let decrypts = by.uses.has(Uses::DECRYPT);
    // The key stream is AES of a block that is known: what computes that of any block shows what is under it.
    let shows_streams = decrypts || by.uses.has(Uses::ENCRYPT) || by.uses.has(Uses::SIGN);
    let is_shown = decrypts || (how.is_stream() && shows_streams) || how == Wrapping::Cbc;
    let gives_streams = how == Wrapping::Gcm || how == Wrapping::Cbc;
    !by.uses.has(Uses::WRAP)
        || !own.extractable
        || own.wrap_with_trusted
        || (own.sensitive && (!by.keeps() || is_shown))
        || (by.keeps() && !shows_streams && gives_streams)
}

/// Whether nothing must be unwrapped by a key so.
pub fn unwrap_is_refused(how: Wrapping, by: &Object, traits: &Traits) -> bool {
    let decrypts = by.uses.has(Uses::DECRYPT);
    !by.uses.has(Uses::UNWRAP)
        || traits.odd.is_some()
        || (traits.sensitive == Some(false) && !decrypts)
        || (how == Wrapping::Cbc && !decrypts)
}

/// Whether a secret key of a type is never so long.
pub const fn length_is_none(key_type: Ulong, bytes: usize) -> bool {
    match key_type {
        ck::CKK_AES => !matches!(bytes, 16 | 24 | 32),
        ck::CKK_DES3 => bytes != 24,
        ck::CKK_CHACHA20 => bytes != 32,
        _ => bytes == 0,
    }
}

/// Whether nothing must be derived from a base so.
pub fn derive_is_refused(how: Derivation, base: &Object, kind: Secret, traits: &Traits) -> bool {
    let Some(own) = base.protection else {
        return true;
    };
    let agrees = matches!(how, Derivation::Agreed { .. });
    let is_freer = (own.sensitive && traits.sensitive == Some(false))
        || (!own.extractable && traits.extractable == Some(true));
    !base.uses.has(Uses::DERIVE)
        || traits.odd.is_some()
        || kind.bytes() < 14
        || (!agrees && is_freer)
        || agrees != (base.class == ck::CKO_PRIVATE_KEY)
        || (matches!(how, Derivation::Counter { .. } | Derivation::Expanded)
            && traits.sensitive != Some(false)
            && computes_the_same(base))
}

/// Whether what is a MAC of a counter is computed by the key in some other way: by what else it does, or by a second key of
/// its value.
fn computes_the_same(base: &Object) -> bool {
    let others = [Uses::SIGN, Uses::ENCRYPT, Uses::WRAP];
    let has_twins = base.may_be_made_again || base.protection.is_none_or(|own| own.extractable);
    has_twins || others.iter().any(|own| base.uses.has(*own))
}

/// Whether an object must not change so; copies may be of the session.
pub fn change_is_refused(of: &Object, change: &Change) -> bool {
    let says_protection = change.sensitive.is_some()
        || change.extractable.is_some()
        || change.wrap_with_trusted.is_some();
    let is_lowered = match of.protection {
        Some(own) => own.is_lowered_by(change),
        None => says_protection,
    };
    let changes_use = change.use_at.is_some_and(|(at, wanted)| {
        let (_, own, classes) = USES[at];
        !classes.contains(&of.class) || of.uses.has(own) != wanted
    });
    is_lowered || changes_use
}

/// Whether a key's value goes into no digest.
pub fn digest_is_refused(of: &Object) -> bool {
    of.secret().is_none() || of.protection.is_none_or(|own| !own.tells())
}

/// Whether a value is hidden for ever that a new object holds.
pub fn hides(protection: Protection) -> bool {
    !protection.tells()
}

/// Whether a derived value is one that nobody else has.
pub const fn is_own(how: Derivation) -> bool {
    !matches!(how, Derivation::Agreed { .. })
}

/// The codes of a function beside the general ones, for what a sequence does to it.
pub mod codes {
    use super::{Ulong, ck};

    /// Of whatever makes an object by a template.
    pub const TEMPLATE: &[Ulong] = &[
        ck::CKR_ATTRIBUTE_READ_ONLY,
        ck::CKR_ATTRIBUTE_TYPE_INVALID,
        ck::CKR_ATTRIBUTE_VALUE_INVALID,
        ck::CKR_TEMPLATE_INCONSISTENT,
        ck::CKR_TEMPLATE_INCOMPLETE,
    ];
    /// Of changes.
    pub const CHANGE: &[Ulong] = &[
        ck::CKR_ATTRIBUTE_READ_ONLY,
        ck::CKR_ATTRIBUTE_TYPE_INVALID,
        ck::CKR_ACTION_PROHIBITED,
        ck::CKR_OBJECT_HANDLE_INVALID,
    ];
    /// Of `C_WrapKey`.
    pub const WRAP: &[Ulong] = &[
        ck::CKR_KEY_FUNCTION_NOT_PERMITTED,
        ck::CKR_KEY_HANDLE_INVALID,
        ck::CKR_KEY_NOT_WRAPPABLE,
        ck::CKR_KEY_SIZE_RANGE,
        ck::CKR_KEY_UNEXTRACTABLE,
        ck::CKR_WRAPPING_KEY_HANDLE_INVALID,
        ck::CKR_WRAPPING_KEY_SIZE_RANGE,
        ck::CKR_WRAPPING_KEY_TYPE_INCONSISTENT,
    ];
    /// Of `C_UnwrapKey`, beside the template's.
    pub const UNWRAP: &[Ulong] = &[
        ck::CKR_KEY_FUNCTION_NOT_PERMITTED,
        ck::CKR_UNWRAPPING_KEY_HANDLE_INVALID,
        ck::CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT,
        ck::CKR_WRAPPED_KEY_INVALID,
        ck::CKR_WRAPPED_KEY_LEN_RANGE,
    ];
    /// Of `C_DeriveKey`, beside the template's.
    pub const DERIVE: &[Ulong] = &[
        ck::CKR_KEY_FUNCTION_NOT_PERMITTED,
        ck::CKR_KEY_HANDLE_INVALID,
        ck::CKR_KEY_SIZE_RANGE,
        ck::CKR_KEY_TYPE_INCONSISTENT,
        ck::CKR_MECHANISM_PARAM_INVALID,
    ];
    /// Of what works on data.
    pub const DATA: &[Ulong] = &[
        ck::CKR_DATA_LEN_RANGE,
        ck::CKR_ENCRYPTED_DATA_INVALID,
        ck::CKR_ENCRYPTED_DATA_LEN_RANGE,
        ck::CKR_KEY_FUNCTION_NOT_PERMITTED,
        ck::CKR_KEY_HANDLE_INVALID,
        ck::CKR_KEY_SIZE_RANGE,
        ck::CKR_KEY_TYPE_INCONSISTENT,
    ];
}
