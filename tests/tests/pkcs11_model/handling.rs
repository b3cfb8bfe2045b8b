//! Keys handled with keys: wrapped, unwrapped, derived, encapsulated.

use cryptoki_sys as ck;
use keyhold_tests::api::{Attribute, Further, Kdf, Mechanism, Parameter, Part, Ulong, number};
use proptest::sample::Index;

use crate::{
    call::{Call, Derivation, Pick},
    kind::{IV, Secret, Traits, Uses, Wrapping, ulong},
    model::{
        Kind, Object, Protection, codes, derive_is_refused, is_own, length_is_none,
        unwrap_is_refused, wrap_is_refused,
    },
    offline::over,
    play::{Blob, Expected, World},
    watch::INFO,
};

/// What goes into each block of SP 800-108 beside the counter.
pub const FIXED: &[u8] = b"fixed";

impl World<'_> {
    pub fn wrap(&mut self, how: Wrapping, by: Pick, of: Pick) {
        let fits = |object: &Object| object.uses.has(Uses::WRAP) && takes(how, object);
        let leaves = |object: &Object| object.protection.is_some_and(|own| own.extractable);
        if let (Some(by), Some(of)) = (self.pick(by, fits), self.pick(of, leaves)) {
            self.wrap_these(how, by, of);
        }
    }

    /// Wraps one object with another, and looks at what came with all that the attacker knows.
    fn wrap_these(&mut self, how: Wrapping, by: usize, of: usize) -> Option<usize> {
        let (by, of) = (self.objects[by].clone(), self.objects[of].clone());
        let (mechanism, place) = how.mechanism(&[]);
        let outcome = self
            .api
            .wrap(self.session, &mechanism, by.handle, of.handle);
        let told = format!("{how:?} of {of:?} under {by:?}");
        let refused = wrap_is_refused(how, &by, &of);
        let bytes = self.judge(&told, outcome, refused, &[codes::WRAP, Self::stale()])?;
        self.see(&told, &bytes);
        let iv = match how {
            Wrapping::Gcm => IV[..12].to_vec(),
            Wrapping::GcmMade => place.iv().to_vec(),
            _ => Vec::new(),
        };
        self.blobs.push(Blob {
            bytes,
            how,
            iv,
            by: by.value,
            of: of.value,
            kind: of.kind,
        });
        self.open(&told);
        Some(self.blobs.len() - 1)
    }

    /// Looks at the last wrapped key with all that the attacker knows, and at the others with it.
    fn open(&self, told: &str) {
        let Some((last, others)) = self.blobs.split_last() else {
            return;
        };
        for opened in self.attacker.opens(last, &self.known) {
            self.see(&format!("{told}, opened with a known key,"), &opened);
        }
        let of_same_stream =
            |other: &&Blob| !last.iv.is_empty() && last.by == other.by && last.iv == other.iv;
        for other in others.iter().filter(of_same_stream) {
            for known in &self.known {
                let opened = over(&last.bytes, &other.bytes, known);
                self.see(&format!("{told}, over another,"), &opened);
            }
        }
    }

    pub fn unwrap(&mut self, call: &Call) {
        let Call::Unwrap {
            blob,
            other,
            as_kind,
            as_private,
            says_length,
            traits,
        } = call
        else {
            return;
        };
        if self.blobs.is_empty() {
            return;
        }
        let at = blob.index(self.blobs.len());
        let same = self.objects.iter().position(|object| {
            object.value == self.blobs[at].by && object.uses.has(Uses::UNWRAP) && !object.is_gone
        });
        let (how, by) = match (other, same) {
            (Some((how, by)), _) => (*how, self.pick(*by, |own| own.uses.has(Uses::UNWRAP))),
            (None, same) => (self.blobs[at].how, same),
        };
        if let Some(by) = by {
            self.unwrap_this(at, (how, by), (*as_kind, *as_private, *says_length), traits);
        }
    }

    fn unwrap_this(
        &mut self,
        blob: usize,
        (how, by): (Wrapping, usize),
        (as_kind, as_private, says_length): (Option<Secret>, bool, bool),
        traits: &Traits,
    ) {
        let (by, blob) = (self.objects[by].clone(), &self.blobs[blob]);
        let of_blob = match blob.kind {
            Kind::Secret(kind) => Some(kind),
            Kind::Half(_) => None,
        };
        let kind = as_kind.or(of_blob).unwrap_or(Secret::Generic(32));
        let class = if as_private {
            ck::CKO_PRIVATE_KEY
        } else {
            ck::CKO_SECRET_KEY
        };
        let mut template = vec![number(ck::CKA_CLASS, class)];
        if as_private {
            template.push(number(ck::CKA_KEY_TYPE, ck::CKK_EC));
        } else {
            template.push(number(ck::CKA_KEY_TYPE, kind.key_type()));
            if says_length {
                template.push(number(ck::CKA_VALUE_LEN, ulong(kind.bytes())));
            }
        }
        template.extend(traits.entries(class));
        let is_same =
            by.value == blob.by && (how == blob.how || (how.is_stream() && blob.how.is_stream()));
        // A secret key is what it was: no shorter, no longer, and no private one.
        let is_another = of_blob.is_some_and(|of| {
            as_private
                || (says_length && kind.bytes() != of.bytes())
                || length_is_none(kind.key_type(), of.bytes())
        });
        let refused = unwrap_is_refused(how, &by, traits)
            || (!is_same && how != Wrapping::Cbc)
            || (is_same && is_another);
        let (mechanism, _) = how.mechanism(&blob.iv);
        let made = self
            .api
            .unwrap(self.session, &mechanism, by.handle, &blob.bytes, &template);
        let told = format!("{how:?} of {} under {by:?} as {template:x?}", blob.of);
        let allowed = [codes::UNWRAP, codes::TEMPLATE, Self::stale()];
        let (of, origin) = (blob.of, blob.kind);
        let Some(handle) = self.judge(&told, made, refused, &allowed) else {
            return;
        };
        let value = if is_same { of } else { self.new_value(false) };
        let kind = match origin {
            Kind::Half(_) if as_private => origin,
            _ => Kind::Secret(self.of_length(kind, handle)),
        };
        self.adopt(
            handle,
            Expected {
                class,
                kind,
                is_token: traits.is_token,
                protection: Some(Protection::unwrapped(traits, by.protection)),
                value,
                public: None,
            },
        );
        self.last_may_be_made_again();
    }

    /// The kind of a key that tells its length.
    fn of_length(&self, kind: Secret, handle: Ulong) -> Secret {
        let told = self.api.get(self.session, handle, ck::CKA_VALUE_LEN);
        let told = Ulong::from_ne_bytes(told.unwrap().try_into().unwrap());
        let bytes = usize::try_from(told).unwrap();
        match kind {
            Secret::Aes(_) => Secret::Aes(bytes),
            Secret::Generic(_) => Secret::Generic(bytes),
            Secret::Hmac(_) => Secret::Hmac(bytes),
            other => other,
        }
    }

    /// A second key of the same value, for something else.
    pub fn twin(&mut self, (by, of): (Pick, Pick), as_kind: Option<Secret>, traits: &Traits) {
        let both = Uses::WRAP.and(Uses::UNWRAP);
        let fits = |object: &Object| object.uses.has(both) && object.is_aes();
        let leaves = |object: &Object| {
            object.secret().is_some() && object.protection.is_some_and(|own| own.extractable)
        };
        let (Some(by), Some(of)) = (self.pick(by, fits), self.pick(of, leaves)) else {
            return;
        };
        let how = Wrapping::Padded;
        if let Some(blob) = self.wrap_these(how, by, of)
            && self.objects[by].uses.has(Uses::UNWRAP)
        {
            self.unwrap_this(blob, (how, by), (as_kind, false, false), traits);
        }
    }

    pub fn derive(&mut self, how: Derivation, base: Pick, kind: Secret, traits: &Traits) {
        let agrees = matches!(how, Derivation::Agreed { .. });
        let Some(at) = self.pick(base, |object| {
            object.uses.has(Uses::DERIVE) && agrees == (object.class == ck::CKO_PRIVATE_KEY)
        }) else {
            return;
        };
        let base = self.objects[at].clone();
        let template = described(kind, traits);
        let mechanism = self.derivation(how);
        let made = self
            .api
            .derive(self.session, &mechanism, base.handle, &template);
        let refused = derive_is_refused(how, &base, kind, traits);
        let told = format!("{how:?} of {base:?} to {kind:?} by {traits:?}");
        let allowed = [codes::DERIVE, codes::TEMPLATE, Self::stale()];
        let Some(handle) = self.judge(&told, made, refused, &allowed) else {
            return;
        };
        let protection = Protection::derived(traits, base.protection.unwrap(), is_own(how));
        let is_own = is_own(how) && self.hidden[base.value];
        self.adopt_secret(handle, kind, traits.is_token, protection, is_own);
        self.last_may_be_made_again();
        if let (Derivation::Agreed { is_hashed }, Some(info)) = (how, &base.public)
            && let Some(both) = self.attacker.agreed(info)
        {
            let mut value = both[usize::from(is_hashed)].clone();
            value.truncate(kind.bytes());
            self.known.push(value);
        }
    }

    fn derivation(&self, how: Derivation) -> Mechanism {
        match how {
            Derivation::Hkdf(is_other) => {
                let info = if is_other { b"other" } else { INFO };
                let parameter = Parameter::Hkdf(true, true, ck::CKM_SHA256, None, info.to_vec());
                Mechanism::new(ck::CKM_HKDF_DERIVE, parameter)
            }
            Derivation::Expanded => {
                let parameter = Parameter::Hkdf(false, true, ck::CKM_SHA256, None, FIXED.to_vec());
                Mechanism::new(ck::CKM_HKDF_DERIVE, parameter)
            }
            Derivation::Counter { by_cmac } => {
                let prf = if by_cmac {
                    ck::CKM_AES_CMAC
                } else {
                    ck::CKM_SHA256_HMAC
                };
                let parts = vec![Part::Iteration(Some(32)), Part::Bytes(FIXED.to_vec())];
                let parameter = Parameter::Kdf(Kdf {
                    further: Further::default(),
                    prf,
                    parts,
                    iv: None,
                });
                Mechanism::new(ck::CKM_SP800_108_COUNTER_KDF, parameter)
            }
            Derivation::Agreed { is_hashed } => {
                let kdf = if is_hashed {
                    ck::CKD_SHA256_KDF
                } else {
                    ck::CKD_NULL
                };
                let parameter = Parameter::Ecdh(kdf, Vec::new(), self.attacker.point());
                Mechanism::new(ck::CKM_ECDH1_DERIVE, parameter)
            }
        }
    }

    pub fn encapsulate(&mut self, by: Pick, traits: &Traits) {
        let Some(at) = self.pick(by, |object| object.uses.has(Uses::ENCAPSULATE)) else {
            return;
        };
        let by = self.objects[at].clone();
        let kind = Secret::Aes(32);
        let how = Mechanism::from(ck::CKM_ML_KEM);
        let template = described(kind, traits);
        let made = self
            .api
            .encapsulate(self.session, &how, by.handle, &template);
        let refused = traits.odd.is_some() || !by.uses.has(Uses::ENCAPSULATE);
        let told = format!("encapsulation for {by:?} by {traits:?}");
        let allowed = [codes::DERIVE, codes::TEMPLATE, Self::stale()];
        if let Some((ciphertext, handle)) = self.judge(&told, made, refused, &allowed) {
            self.see(&told, &ciphertext);
            self.ciphertexts.push(ciphertext);
            self.adopt_shared(handle, kind, traits);
        }
    }

    pub fn decapsulate(&mut self, by: Pick, ciphertext: &Index, traits: &Traits) {
        let Some(at) = self.pick(by, |object| object.uses.has(Uses::DECAPSULATE)) else {
            return;
        };
        if self.ciphertexts.is_empty() {
            return;
        }
        let by = self.objects[at].clone();
        let ciphertext = &self.ciphertexts[ciphertext.index(self.ciphertexts.len())];
        let kind = Secret::Aes(32);
        let how = Mechanism::from(ck::CKM_ML_KEM);
        let template = described(kind, traits);
        let made = self
            .api
            .decapsulate(self.session, &how, by.handle, ciphertext, &template);
        let refused = traits.odd.is_some() || !by.uses.has(Uses::DECAPSULATE);
        let told = format!("decapsulation by {by:?} and {traits:?}");
        let allowed = [codes::UNWRAP, codes::DERIVE, codes::TEMPLATE, Self::stale()];
        if let Some(handle) = self.judge(&told, made, refused, &allowed) {
            self.adopt_shared(handle, kind, traits);
        }
    }

    /// Takes in a secret that somebody else has, too.
    fn adopt_shared(&mut self, handle: Ulong, kind: Secret, traits: &Traits) {
        let protection = Protection::made(traits, false);
        self.adopt_secret(handle, kind, traits.is_token, protection, false);
        self.last_may_be_made_again();
    }
}

/// Whether a key can be used with a mechanism that wraps.
fn takes(how: Wrapping, object: &Object) -> bool {
    match how {
        Wrapping::Oaep | Wrapping::Pkcs1 | Wrapping::RsaAes => {
            object.kind == Kind::Half(crate::kind::Pair::Rsa)
        }
        _ => object.is_aes(),
    }
}

/// The template of a secret key that comes out of something.
fn described(kind: Secret, traits: &Traits) -> Vec<Attribute> {
    let mut template = vec![
        number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
        number(ck::CKA_KEY_TYPE, kind.key_type()),
    ];
    if !matches!(kind, Secret::TripleDes) {
        template.push(number(ck::CKA_VALUE_LEN, ulong(kind.bytes())));
    }
    template.extend(traits.entries(ck::CKO_SECRET_KEY));
    template
}
