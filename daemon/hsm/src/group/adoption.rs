//! Keys that others made in the members of a group: adopted where every member has the same one already, because none gives to
//! another what it keeps as an object of its own.

use std::sync::Arc;

use kmip::{
    CryptographicUsageMask as Usage, Secret,
    mechanism::{Cipher, KeySpec, Mac, Padding},
};

use super::{Group, TRANSPORT_ID, making::own, member::Member};
use crate::{
    Capabilities, Decryption, Encryption, Error, ForeignKey, Hsm, KeyRef, Result, module::listed,
    soft::rng,
};

/// A member, and the key that is to be adopted there.
type Part<'a> = (&'a Arc<Member>, ForeignKey);

impl Group {
    /// Every key that others made in a member, once for all members that have it.
    pub(super) fn foreign_in_all(&self) -> Result<Vec<ForeignKey>> {
        let mut left = Vec::new();
        for member in self.whole()? {
            for found in member.call(|hsm| hsm.foreign_keys())? {
                if found.id != TRANSPORT_ID {
                    left.push((member, found));
                }
            }
        }
        let mut all = Vec::new();
        while let Some((_, first)) = left.first() {
            let name = (first.id.clone(), first.spec);
            let is_of = |(_, own): &Part<'_>| (&own.id, own.spec) == (&name.0, name.1);
            let (same, others) = left.into_iter().partition(is_of);
            left = others;
            all.extend(self.merged(&same));
        }
        Ok(all)
    }

    /// What members have under one identifier, as one key.
    fn merged(&self, parts: &[Part<'_>]) -> Option<ForeignKey> {
        let trouble = self.trouble(parts);
        let (_, first) = parts.first()?;
        let all = |of: fn(&ForeignKey) -> bool| parts.iter().all(|(_, own)| of(own));
        let usage = parts.iter().map(|(_, own)| own.usage.0);
        let usage = usage.reduce(|one, other| one & other).unwrap_or_default();
        let mut merged = ForeignKey {
            usage: Usage(usage),
            is_generic: all(|own| own.is_generic),
            is_locked: all(|own| own.is_locked),
            was_always_sensitive: all(|own| own.was_always_sensitive),
            was_never_extractable: all(|own| own.was_never_extractable),
            key: None,
            trouble,
            ..first.clone()
        };
        if merged.trouble.is_none() {
            let keys = parts
                .iter()
                .filter_map(|(member, own)| Some((Arc::clone(member), own.key.clone()?)));
            match self.named(false, &keys.collect()) {
                Ok(key) => merged.key = Some(key),
                Err(error) => merged.trouble = Some(error.to_string()),
            }
        }
        Some(merged)
    }

    /// Why members do not have one key under an identifier.
    fn trouble(&self, parts: &[Part<'_>]) -> Option<String> {
        let named = parts.iter().find_map(|(member, own)| {
            let why = own.trouble.as_ref()?;
            Some(format!("in {}: {why}", member.name))
        });
        let is_in = |member: &Arc<Member>| parts.iter().any(|(own, _)| Arc::ptr_eq(own, member));
        let lacking = self.members.iter().filter(|own| !is_in(own));
        let lacking: Vec<_> = lacking.map(|own| own.name.as_str()).collect();
        if named.is_some() {
            return named;
        }
        if !lacking.is_empty() {
            return Some(format!(
                "{} lacks it: a group adopts what all of its members have already; bring it there by the HSM's own means, or \
                 bring it wrapped for a transport key of the group",
                lacking.join(" and ")
            ));
        }
        let (_, first) = parts.first()?;
        let is_other = |(_, own): &&Part<'_>| own.public != first.public;
        parts.iter().find(is_other).map(|(member, _)| {
            format!(
                "{} has another key under the same CKA_ID; change one of them",
                member.name
            )
        })
    }

    /// Tests a key in every member, and that it is the same everywhere, before anything of it is changed in any.
    pub(super) fn adopt_in_all(
        &self,
        key: &KeyRef,
        usage: Usage,
        label: Option<&str>,
    ) -> Result<()> {
        let copies = self.copies(key)?;
        let mut parts = Vec::new();
        for member in self.whole()? {
            let key = own(&copies, member)?;
            member.call(|hsm| hsm.adopt(&key, usage, None))?;
            let all = member.call(|hsm| hsm.foreign_keys())?;
            let mut all = all.into_iter();
            let found = all.find(|own| own.key.as_ref() == Some(&key));
            parts.push((member, found.ok_or(Error::KeyNotFound)?));
        }
        self.check_same(&parts, usage)?;
        match label {
            Some(label) => relabel(&parts, usage, label),
            None => Ok(()),
        }
    }

    /// Refuses secret keys that are not the same. Pairs were told apart by their public halves.
    fn check_same(&self, parts: &[Part<'_>], usage: Usage) -> Result<()> {
        let mut challenge = [0; 16];
        rng::fill(&mut challenge)?;
        let mut said: Option<Secret> = None;
        for (member, found) in parts {
            let (Some(spec), Some(key)) = (found.spec, &found.key) else {
                return Err(Error::KeyNotFound);
            };
            if spec.is_asymmetric() {
                continue;
            }
            let how = (spec, usage, self.capabilities());
            let answer = member.call(|hsm| by_use(hsm, key, how, &challenge))?;
            let answer = answer.ok_or(Error::BadKey(UNTOLD))?;
            match &said {
                Some(said) if *said != answer => return Err(Error::BadKey(DIFFERENT)),
                _ => said = Some(answer),
            }
        }
        Ok(())
    }
}

/// What a secret key makes of a challenge by what it may be used for, and by what all members can, so that the same key says
/// the same in each; nothing where that tells nothing.
pub(super) fn by_use(
    hsm: &dyn Hsm,
    key: &KeyRef,
    (spec, usage, common): (KeySpec, Usage, &Capabilities),
    challenge: &[u8; 16],
) -> Result<Option<Secret>> {
    let is_for = |wanted: Usage| usage.intersects(wanted);
    let mac = match spec {
        KeySpec::Hmac { hash, .. } => Mac::Hmac(hash),
        KeySpec::TripleDes { .. } => Mac::TripleDesCmac,
        _ => Mac::AesCmac,
    };
    if is_for(Usage::MACGenerate) && common.mac.contains(&mac) {
        return hsm.mac(key, mac, challenge).map(Secret::new).map(Some);
    }
    let Some(cipher) = cipher(common, spec) else {
        return Ok(None);
    };
    let iv = cipher.iv_bytes().and_then(|bytes| challenge.get(..bytes));
    if is_for(Usage::Encrypt) {
        let input = Encryption {
            iv,
            associated: &[],
            plain: challenge,
        };
        let made = hsm.encrypt(key, &cipher, input)?;
        return Ok(Some(Secret::new(made.data)));
    }
    if is_for(Usage::Decrypt) {
        let input = Decryption {
            iv,
            associated: &[],
            tag: None,
            data: challenge,
        };
        return hsm.decrypt(key, &cipher, input).map(Some);
    }
    Ok(None)
}

/// A cipher of two blocks' worth at most that makes the same of the same.
fn cipher(own: &Capabilities, spec: KeySpec) -> Option<Cipher> {
    let wanted = match spec {
        KeySpec::Hmac { .. } => return None,
        KeySpec::TripleDes { .. } => [
            Cipher::TripleDesEcb(Padding::None),
            Cipher::TripleDesCbc(Padding::None),
        ],
        _ => [Cipher::AesEcb(Padding::None), Cipher::AesCbc(Padding::None)],
    };
    let can = |cipher: &Cipher| listed::cipher(&own.cipher, cipher);
    wanted.into_iter().find(can)
}

/// Gives every member's object another label; where one does not take it, those that have it get theirs back.
fn relabel(parts: &[Part<'_>], usage: Usage, label: &str) -> Result<()> {
    let name = |(member, found): &Part<'_>, label: &str| {
        let key = found.key.as_ref().ok_or(Error::KeyNotFound)?;
        member.call(|hsm| hsm.adopt(key, usage, Some(label)))
    };
    for (place, part) in parts.iter().enumerate() {
        if let Err(error) = name(part, label) {
            for before in parts.iter().take(place) {
                // It is adopted nowhere, whatever it is called.
                drop(name(before, &before.1.label));
            }
            return Err(error);
        }
    }
    Ok(())
}

const UNTOLD: &str = "whether all members have the same cannot be told: it may neither encrypt, decrypt nor authenticate";
const DIFFERENT: &str = "the members have different keys under the same CKA_ID";
