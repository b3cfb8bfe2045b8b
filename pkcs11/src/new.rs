//! New objects: what a template asks for, as what Create, Create Key Pair, Register and Derive Key take.

use cryptoki_sys as ck;
use kmip::{
    attribute::Attribute,
    der,
    mechanism::{KeySpec, PostQuantum, parameters::key_attributes},
    ttlv::Timestamp,
};

use crate::{
    Result, Rv, Template, Ulong,
    attribute::{Form, Kept, SESSION, flag_bytes, number, number_bytes, row, vendor},
    brought::{curve_of, hmac_hash, shown_key_type},
    class,
    mechanism::{Meaning, Row},
    post_quantum, size,
};

/// Usage flags that hold where a template is silent: what a key of the kind is for.
fn usage_defaults(class: Ulong, spec: KeySpec) -> &'static [Ulong] {
    use kmip::mechanism::PostQuantumUse::Kem;
    match (class, spec) {
        (ck::CKO_PUBLIC_KEY, KeySpec::Rsa { .. }) => &[ck::CKA_VERIFY, ck::CKA_ENCRYPT],
        (ck::CKO_PRIVATE_KEY, KeySpec::Rsa { .. }) => &[ck::CKA_SIGN, ck::CKA_DECRYPT],
        (ck::CKO_PUBLIC_KEY, KeySpec::PostQuantum(own)) if own.kind() == Kem => {
            &[ck::CKA_ENCAPSULATE]
        }
        (ck::CKO_PRIVATE_KEY, KeySpec::PostQuantum(own)) if own.kind() == Kem => {
            &[ck::CKA_DECAPSULATE]
        }
        (ck::CKO_PRIVATE_KEY, KeySpec::PostQuantum(_)) => &[ck::CKA_SIGN],
        (ck::CKO_PUBLIC_KEY, KeySpec::Ec(curve)) if curve.is_montgomery() => &[],
        (ck::CKO_PUBLIC_KEY, _) => &[ck::CKA_VERIFY],
        (ck::CKO_PRIVATE_KEY, KeySpec::Ec(curve)) if curve.is_montgomery() => &[ck::CKA_DERIVE],
        (ck::CKO_PRIVATE_KEY, KeySpec::Ec(curve)) if curve.is_edwards() => &[ck::CKA_SIGN],
        (ck::CKO_PRIVATE_KEY, KeySpec::Dsa { .. }) => &[ck::CKA_SIGN],
        (ck::CKO_PRIVATE_KEY, _) => &[ck::CKA_SIGN, ck::CKA_DERIVE],
        (_, KeySpec::Hmac { .. }) => &[ck::CKA_SIGN, ck::CKA_VERIFY],
        _ => &[ck::CKA_ENCRYPT, ck::CKA_DECRYPT],
    }
}

/// Whether an object of this class may be made by this template; whoever is no security officer says not what is
/// trusted (PKCS #11 3.1 §4.6).
pub fn check(template: &Template<'_>, class: Ulong, by_officer: bool) -> Result<()> {
    template.agrees(ck::CKA_CLASS, class)?;
    belongs(template, class, template.number(ck::CKA_KEY_TYPE))?;
    if template.flag(ck::CKA_TRUSTED) == Some(true) && !by_officer {
        return Err(Rv::ATTRIBUTE_READ_ONLY);
    }
    // PKCS #11 3.2 §4.9: only private keys that are hidden before a login ask for one before each use.
    let asks = template.flag(ck::CKA_ALWAYS_AUTHENTICATE) == Some(true);
    if asks && template.flag(ck::CKA_PRIVATE) == Some(false) {
        return Err(Rv::TEMPLATE_INCONSISTENT);
    }
    Ok(())
}

/// Refuses what such objects do not have (PKCS #11 3.2 §4.1.1); a flag that is not set asks for nothing.
fn belongs(template: &Template<'_>, class: Ulong, key_type: Option<Ulong>) -> Result<()> {
    let asked = template
        .iter()
        .filter(|(row, value)| row.form != Form::Flag || *value == [1]);
    let mut foreign = asked.filter(|(row, _)| !class::has(class, key_type, row.kind));
    match foreign.next() {
        Some(_) => Err(Rv::TEMPLATE_INCONSISTENT),
        None => Ok(()),
    }
}

/// The attributes that a new object takes with it, of whatever kind.
#[must_use]
pub fn common_attributes(
    template: &Template<'_>,
    class: Ulong,
    session: Option<&str>,
) -> Vec<Attribute> {
    let own_of_value: &[Ulong] = match class {
        ck::CKO_CERTIFICATE => &[ck::CKA_SUBJECT, ck::CKA_ISSUER, ck::CKA_SERIAL_NUMBER],
        ck::CKO_PUBLIC_KEY => &[ck::CKA_PUBLIC_KEY_INFO],
        _ => &[],
    };
    let named = |kind: Ulong| {
        row(kind).is_some_and(|row| match row.kept {
            Kept::Vendor(_) => kind != ck::CKA_KEY_TYPE && !own_of_value.contains(&kind),
            _ => false,
        })
    };
    let given = template.iter().filter(|(row, _)| named(row.kind));
    let kept = given.filter_map(|(row, value)| match row.kept {
        Kept::Vendor(name) => Some(vendor(name, row.form.to_kmip(value))),
        _ => None,
    });
    let mark = session.map(|session| vendor(SESSION, Form::Text.to_kmip(session.as_bytes())));
    // What is shown before a login the daemon would otherwise decide by the kind, and KMIP's opaque objects it hides.
    let is_silent = class == ck::CKO_DATA && template.bytes(ck::CKA_PRIVATE).is_none();
    let shown = is_silent.then(|| vendor("pkcs11-private", Form::Flag.to_kmip(&flag_bytes(false))));
    kept.chain(mark).chain(shown).collect()
}

/// The attributes of a new key: those of every object, what it is for, and that it may be used at once.
#[must_use]
pub fn key_attributes_of(
    template: &Template<'_>,
    class: Ulong,
    spec: KeySpec,
    session: Option<&str>,
    now: Timestamp,
) -> Vec<Attribute> {
    let secret = class == ck::CKO_SECRET_KEY;
    let asks = |kinds: &[Ulong]| {
        let mut kinds = kinds.iter();
        kinds.any(|kind| template.flag(*kind) == Some(true))
    };
    // A key that wraps keys or derives them does nothing else unless it is asked for: together that would show them. A key
    // for HKDF derives, and makes MACs only where that is asked for.
    let handles_keys = asks(&[ck::CKA_WRAP, ck::CKA_UNWRAP, ck::CKA_DERIVE]);
    let is_for_hkdf = template.number(ck::CKA_KEY_TYPE) == Some(ck::CKK_HKDF);
    let defaults: &[Ulong] = match (secret && is_for_hkdf, secret && handles_keys) {
        (true, false) if !asks(&[ck::CKA_SIGN, ck::CKA_VERIFY]) => &[ck::CKA_DERIVE],
        (true, _) | (_, true) => &[],
        _ => usage_defaults(class, spec),
    };
    let usage = template.usage(secret, defaults);
    let mut attributes = common_attributes(template, class, session);
    attributes.push(Attribute::CryptographicUsageMask(usage));
    attributes.push(Attribute::ActivationDate(now));
    if class != ck::CKO_PUBLIC_KEY {
        // Keys made over this way are locked unless the template says otherwise.
        let sensitive = template.flag(ck::CKA_SENSITIVE).unwrap_or(true);
        let extractable = template.flag(ck::CKA_EXTRACTABLE).unwrap_or(false);
        attributes.push(Attribute::Sensitive(sensitive));
        attributes.push(Attribute::Extractable(extractable));
    }
    attributes
}

/// A key that came from outside may leave again unless the template says otherwise (PKCS #11 3.2 §5.18.4).
pub(crate) fn may_leave_by_default(attributes: &mut [Attribute], template: &Template<'_>) {
    let said = template.flag(ck::CKA_EXTRACTABLE).unwrap_or(true);
    for attribute in attributes {
        if let Attribute::Extractable(own) = attribute {
            *own = said;
        }
    }
}

/// The attributes that describe a key to be made.
#[must_use]
pub fn spec_attributes(spec: KeySpec) -> Vec<Attribute> {
    let (algorithm, length, domain) = key_attributes(spec, None);
    let mut attributes = vec![
        Attribute::CryptographicAlgorithm(algorithm),
        Attribute::CryptographicLength(length),
    ];
    attributes.extend(domain.map(Attribute::CryptographicDomainParameters));
    attributes
}

/// The marks of a key that was generated and not brought.
#[must_use]
pub fn marks_of_generation(mechanism: Ulong) -> Vec<Attribute> {
    vec![
        vendor("pkcs11-local", Form::Flag.to_kmip(&flag_bytes(true))),
        vendor(
            "pkcs11-key-gen-mechanism",
            Form::Number.to_kmip(&number_bytes(mechanism)),
        ),
    ]
}

/// A secret key that a template describes.
pub struct NewSecret {
    /// Its kind.
    pub spec: KeySpec,
    /// Its type in PKCS #11.
    pub key_type: Ulong,
}

impl NewSecret {
    /// The attributes of its kind.
    #[must_use]
    pub fn attributes(&self) -> Vec<Attribute> {
        [spec_attributes(self.spec), self.shown()].concat()
    }

    /// The attribute that keeps its type, where the algorithm does not tell it.
    pub(crate) fn shown(&self) -> Vec<Attribute> {
        let is_told = matches!(self.spec, KeySpec::Hmac { .. }) || self.key_type == ck::CKK_AES_XTS;
        let shown = is_told.then(|| shown_key_type(self.key_type));
        shown.into_iter().collect()
    }

    /// What a template says of its type that is silent.
    #[must_use]
    pub fn said(&self) -> [(Ulong, Vec<u8>); 1] {
        [(ck::CKA_KEY_TYPE, number_bytes(self.key_type))]
    }

    /// The key of a type, in so many bytes.
    pub fn of_type(key_type: Ulong, bytes: usize) -> Result<Self> {
        let bits = bytes
            .checked_mul(8)
            .and_then(|bits| u16::try_from(bits).ok())
            .ok_or(Rv::ATTRIBUTE_VALUE_INVALID)?;
        let spec = match (key_type, bits) {
            (ck::CKK_AES, 128 | 192 | 256) | (ck::CKK_AES_XTS, 256 | 512) => KeySpec::Aes { bits },
            (ck::CKK_AES | ck::CKK_AES_XTS, _) => return Err(Rv::ATTRIBUTE_VALUE_INVALID),
            (ck::CKK_CHACHA20, 256) => KeySpec::ChaCha20,
            (ck::CKK_CHACHA20, _) => return Err(Rv::ATTRIBUTE_VALUE_INVALID),
            (ck::CKK_DES2, 128) => KeySpec::TripleDes { bits: 112 },
            (ck::CKK_DES3, 192) => KeySpec::TripleDes { bits: 168 },
            (_, 8..=8192) => {
                let hash = hmac_hash(key_type).ok_or(Rv::ATTRIBUTE_VALUE_INVALID)?;
                KeySpec::Hmac { hash, bits }
            }
            _ => return Err(Rv::ATTRIBUTE_VALUE_INVALID),
        };
        Ok(Self { spec, key_type })
    }

    /// What `C_GenerateKey` makes by this template.
    pub fn generated(row: &Row, template: &Template<'_>) -> Result<Self> {
        let bytes = template.number(ck::CKA_VALUE_LEN).map(size);
        let (key_type, bytes) = match row.meaning {
            Meaning::GenerateAes => (ck::CKK_AES, bytes.ok_or(Rv::TEMPLATE_INCOMPLETE)?),
            Meaning::GenerateXts => (ck::CKK_AES_XTS, bytes.ok_or(Rv::TEMPLATE_INCOMPLETE)?),
            Meaning::GenerateTripleDes(key_type) => {
                let of_type = if key_type == ck::CKK_DES2 { 16 } else { 24 };
                (key_type, bytes.unwrap_or(of_type))
            }
            Meaning::GenerateChaCha20 => (ck::CKK_CHACHA20, bytes.unwrap_or(32)),
            Meaning::GenerateSecret(hash, key_type) => {
                (key_type, bytes.unwrap_or_else(|| hash.digest_bytes()))
            }
            _ => return Err(Rv::MECHANISM_INVALID),
        };
        template.agrees(ck::CKA_KEY_TYPE, key_type)?;
        template.lacks(&[ck::CKA_VALUE])?;
        Self::of_type(key_type, bytes)
    }

    /// What is derived or unwrapped by this template; `bytes` is how long it is where the template is silent.
    pub fn described(template: &Template<'_>, bytes: Option<usize>) -> Result<Self> {
        template.lacks(&[ck::CKA_VALUE])?;
        let key_type = template.number(ck::CKA_KEY_TYPE);
        let of_type = match key_type {
            Some(ck::CKK_DES2) => Some(16),
            Some(ck::CKK_DES3) => Some(24),
            _ => None,
        };
        let asked = template.number(ck::CKA_VALUE_LEN).map(size);
        let bytes = asked.or(of_type).or(bytes).ok_or(Rv::TEMPLATE_INCOMPLETE)?;
        Self::of_type(key_type.unwrap_or(ck::CKK_GENERIC_SECRET), bytes)
    }
}

/// What describes both halves of a pair alike.
const OF_BOTH_HALVES: [Ulong; 2] = [ck::CKA_PUBLIC_EXPONENT, ck::CKA_EC_PARAMS];

/// The kind of the pair that `C_GenerateKeyPair` makes by these templates, and its type in PKCS #11.
pub fn pair(
    meaning: Meaning,
    public: &Template<'_>,
    private: &Template<'_>,
) -> Result<(KeySpec, Ulong)> {
    let (spec, key_type) = pair_spec(meaning, public, private)?;
    let halves = [(public, ck::CKO_PUBLIC_KEY), (private, ck::CKO_PRIVATE_KEY)];
    for (template, class) in halves {
        template.agrees(ck::CKA_KEY_TYPE, key_type)?;
        belongs(template, class, Some(key_type))?;
        let mut given = template.iter();
        // The exponent of an RSA key alone is the caller's to say.
        if given.any(|(row, _)| row.kept == Kept::Material && row.kind != ck::CKA_PUBLIC_EXPONENT) {
            return Err(Rv::TEMPLATE_INCONSISTENT);
        }
    }
    let named = private
        .iter()
        .filter(|(row, _)| OF_BOTH_HALVES.contains(&row.kind));
    for (row, value) in named {
        if public.bytes(row.kind).is_some_and(|own| own != value) {
            return Err(Rv::TEMPLATE_INCONSISTENT);
        }
    }
    Ok((spec, key_type))
}

fn pair_spec(
    meaning: Meaning,
    public: &Template<'_>,
    private: &Template<'_>,
) -> Result<(KeySpec, Ulong)> {
    match meaning {
        Meaning::GenerateRsa => {
            let bits = number(public.needed(ck::CKA_MODULUS_BITS)?).map(size);
            let bits = bits.and_then(|bits| u16::try_from(bits).ok());
            let exponent = public.bytes(ck::CKA_PUBLIC_EXPONENT);
            // Every key has the exponent 65537, which is also the only one that the standard's profiles still allow.
            let usual = exponent.is_none_or(|own| der::unsigned(own) == [1, 0, 1]);
            match bits {
                Some(bits @ 1024..=4096) if bits.is_multiple_of(8) && usual => {
                    Ok((KeySpec::Rsa { bits }, ck::CKK_RSA))
                }
                _ => Err(Rv::ATTRIBUTE_VALUE_INVALID),
            }
        }
        Meaning::GenerateEdwards => on_curve(public, ck::CKK_EC_EDWARDS),
        Meaning::GenerateMontgomery => on_curve(public, ck::CKK_EC_MONTGOMERY),
        Meaning::GenerateEc => on_curve(public, ck::CKK_EC).or_else(|rv| {
            // OpenSC asks for Ed25519 through the mechanism of the other curves.
            match on_curve(public, ck::CKK_EC_EDWARDS) {
                Ok(pair) if public.number(ck::CKA_KEY_TYPE) == Some(ck::CKK_EC_EDWARDS) => Ok(pair),
                _ => Err(rv),
            }
        }),
        Meaning::GeneratePostQuantum(kind) => {
            let set = public
                .number(ck::CKA_PARAMETER_SET)
                .or_else(|| private.number(ck::CKA_PARAMETER_SET))
                .ok_or(Rv::TEMPLATE_INCOMPLETE)?;
            let own = PostQuantum::ALL
                .iter()
                .find(|own| own.kind() == kind && post_quantum::parameter_set(**own) == set)
                .ok_or(Rv::ATTRIBUTE_VALUE_INVALID)?;
            private.agrees(ck::CKA_PARAMETER_SET, set)?;
            Ok((KeySpec::PostQuantum(*own), post_quantum::key_type(*own)))
        }
        _ => Err(Rv::MECHANISM_INVALID),
    }
}

fn on_curve(public: &Template<'_>, key_type: Ulong) -> Result<(KeySpec, Ulong)> {
    let curve = curve_of(public, key_type)?;
    Ok((KeySpec::Ec(curve), key_type))
}

/// The attributes of both halves of a new pair; both show one `CKA_ID`, also where only one template has it.
#[must_use]
pub fn pair_attributes(
    (public, private): (&Template<'_>, &Template<'_>),
    spec: KeySpec,
    mechanism: Ulong,
    (public_session, private_session): (Option<&str>, Option<&str>),
    now: Timestamp,
) -> (Vec<Attribute>, Vec<Attribute>) {
    let mut of_public = key_attributes_of(public, ck::CKO_PUBLIC_KEY, spec, public_session, now);
    let mut of_private =
        key_attributes_of(private, ck::CKO_PRIVATE_KEY, spec, private_session, now);
    let id = |id: &[u8]| vendor("pkcs11-id", Form::Bytes.to_kmip(id));
    match (public.bytes(ck::CKA_ID), private.bytes(ck::CKA_ID)) {
        (Some(own), None) => of_private.push(id(own)),
        (None, Some(own)) => of_public.push(id(own)),
        _ => {}
    }
    of_public.extend(marks_of_generation(mechanism));
    of_private.extend(marks_of_generation(mechanism));
    (of_public, of_private)
}
