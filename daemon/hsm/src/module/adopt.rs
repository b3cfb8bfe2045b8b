//! Keys that others made in the token: told, and tested before they are adopted. Nothing about them is changed unasked.

use cryptoki::{
    error::Error as ModuleError,
    object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle},
};
use kmip::{
    CryptographicUsageMask as Usage,
    mechanism::{Cipher, Curve, Hash, KeySpec, Mac, Padding},
};

use super::{
    ModuleHsm, cipher,
    error::{Cure, Result},
    listed, pairwise,
    reference::{LockedKey, OWN_ID_PREFIX, TokenKey},
    seat::{Loaded, Seat},
    sign, spki, template,
};
use crate::{Decryption, Encryption, Error, ForeignKey, KeyRef};

impl ModuleHsm {
    /// Every key of the token but this backend's own.
    pub(super) fn list_foreign(&self, seat: &Seat) -> Result<Vec<ForeignKey>> {
        let mut all = Vec::new();
        let of_hashes = of_hashes(seat)?;
        for class in [ObjectClass::SECRET_KEY, ObjectClass::PRIVATE_KEY] {
            for handle in seat.find(&[Attribute::Token(true), Attribute::Class(class)])? {
                let mut of_hashes = of_hashes.iter();
                let of_hash = of_hashes.find(|(own, _)| *own == handle);
                let of_hash = of_hash.map(|(_, hash)| *hash);
                let found = match self.described(seat, handle, of_hash) {
                    // It is gone by now.
                    Err(fault) if fault.cure == Cure::Resolve => continue,
                    found => found?,
                };
                if !found.id.starts_with(OWN_ID_PREFIX) {
                    all.push(found);
                }
            }
        }
        Ok(all)
    }

    fn described(
        &self,
        seat: &Seat,
        handle: ObjectHandle,
        of_hash: Option<Hash>,
    ) -> Result<ForeignKey> {
        let attributes = seat.session.get_attributes(handle, ASKED)?;
        let has = |flag: Attribute| attributes.contains(&flag);
        let key_type = key_type(seat, handle)?;
        let spec = match of_hash {
            Some(hash) => bits(&attributes).map(|bits| KeySpec::Hmac { hash, bits }),
            None => spec(seat, handle, key_type, &attributes)?,
        };
        let mut found = ForeignKey {
            id: Vec::new(),
            label: String::new(),
            spec,
            is_generic: of_hash.is_none() && key_type == Some(KeyType::GENERIC_SECRET),
            usage: usage(spec, &attributes),
            is_locked: has(Attribute::Sensitive(true)) && has(Attribute::Extractable(false)),
            was_always_sensitive: has(Attribute::AlwaysSensitive(true)),
            was_never_extractable: has(Attribute::NeverExtractable(true)),
            public: None,
            key: None,
            trouble: None,
        };
        for attribute in attributes {
            match attribute {
                Attribute::Id(id) => found.id = id,
                Attribute::Label(label) => {
                    found.label = String::from_utf8_lossy(&label).into_owned()
                }
                _ => {}
            }
        }
        match self.name(seat, handle, &mut found) {
            Ok(key) => found.key = Some(key),
            Err(fault) if fault.cure == Cure::Reconnect => return Err(fault),
            Err(fault) => found.trouble = Some(fault.error.to_string()),
        }
        Ok(found)
    }

    /// What a key will be known by, if it can be told from every other.
    fn name(&self, seat: &Seat, handle: ObjectHandle, found: &mut ForeignKey) -> Result<KeyRef> {
        let refuse = |why: &'static str| Err(Error::BadKey(why).into());
        let Some(spec) = found.spec else {
            return refuse("keys of this kind are not served");
        };
        if found.id.is_empty() || found.id.len() > usize::from(u8::MAX) {
            return refuse("it has no CKA_ID of 1 to 255 bytes; give it one");
        }
        let is_hmac = matches!(spec, KeySpec::Hmac { .. });
        let mut key = TokenKey {
            of_hash: is_hmac && !found.is_generic,
            ..TokenKey::of(spec, &found.id)
        };
        let mut same = seat.find(&key.search())?.len();
        if is_hmac {
            // A session would take the one for the other.
            let of_hash = !key.of_hash;
            same += seat.find(&TokenKey { of_hash, ..key }.search())?.len();
        }
        if same != 1 {
            return refuse("another key of its type has the same CKA_ID; change one of them");
        }
        let public = match spec {
            KeySpec::Ec(_) | KeySpec::Rsa { .. } => public(seat, handle, spec, &found.id)?,
            _ => None,
        };
        if spec.is_asymmetric() && public.is_none() {
            return refuse("its public half is not in the token under the same CKA_ID");
        }
        key.public = public.as_deref().unwrap_or_default();
        let named = KeyRef(key.encode(&self.binding)?);
        found.public = public;
        Ok(named)
    }

    /// Tests a key in every way that it may be used.
    pub(super) fn try_foreign(
        &self,
        seat: &mut Seat,
        key: LockedKey<'_>,
        usage: Usage,
        label: Option<&str>,
    ) -> Result<()> {
        seat.with_key(key, |seat, loaded| {
            pairwise::agrees(self, seat, loaded, usage)?;
            if let KeySpec::Aes { .. } | KeySpec::TripleDes { .. } = loaded.spec {
                self.decrypts_again(seat, loaded, usage)?;
            }
            if let KeySpec::Hmac { hash, .. } = loaded.spec
                && usage.intersects(Usage::MACGenerate)
                && self.capabilities.mac.contains(&Mac::Hmac(hash))
            {
                sign::mac(seat, loaded, Mac::Hmac(hash), PLAIN)?;
            }
            if let Some(label) = label {
                let label = Attribute::Label(label.as_bytes().to_vec());
                seat.session.update_attributes(loaded.handle, &[label])?;
            }
            Ok(())
        })
    }

    fn decrypts_again(&self, seat: &Seat, key: &Loaded, usage: Usage) -> Result<()> {
        let wanted = [
            Cipher::AesCbc(Padding::None),
            Cipher::AesGcm { tag_bytes: 16 },
            Cipher::TripleDesCbc(Padding::None),
        ];
        let can = |own: &&Cipher| {
            cipher::fits(key.spec, own) && listed::cipher(&self.capabilities.cipher, own)
        };
        let Some(cipher) = wanted.iter().find(can) else {
            return Ok(());
        };
        if !(usage.intersects(Usage::Encrypt) && usage.intersects(Usage::Decrypt)) {
            return Ok(());
        }
        let iv = cipher.iv_bytes().and_then(|bytes| PLAIN.get(..bytes));
        let input = Encryption {
            iv,
            associated: &[],
            plain: PLAIN,
        };
        let made = cipher::encrypt(seat, key, &self.settings, cipher, input)?;
        let input = Decryption {
            iv,
            associated: &[],
            tag: made.tag.as_deref(),
            data: &made.data,
        };
        let back = cipher::decrypt(seat, key, &self.settings, cipher, input)?;
        if back.expose() == PLAIN {
            return Ok(());
        }
        Err(Error::Failed("the key does not decrypt what it encrypted".into()).into())
    }
}

/// The keys of the token that are for HMAC with one hash function alone.
fn of_hashes(seat: &Seat) -> Result<Vec<(ObjectHandle, Hash)>> {
    let mut all = Vec::new();
    for hash in Hash::ALL {
        let spec = KeySpec::Hmac {
            hash: *hash,
            bits: 0,
        };
        let own = [
            Attribute::Token(true),
            Attribute::Class(ObjectClass::SECRET_KEY),
        ];
        let template: Vec<_> = own.into_iter().chain(template::hmac_type(spec)).collect();
        all.extend(seat.find(&template)?.into_iter().map(|own| (own, *hash)));
    }
    Ok(all)
}

/// The type of an object, if it is one that the wrapper crate knows.
fn key_type(seat: &Seat, handle: ObjectHandle) -> Result<Option<KeyType>> {
    let told = seat
        .session
        .get_attributes(handle, &[AttributeType::KeyType]);
    let told = match told {
        Err(ModuleError::NotSupported) => return Ok(None),
        told => told?,
    };
    Ok(told.into_iter().find_map(|own| match own {
        Attribute::KeyType(own) => Some(own),
        _ => None,
    }))
}

/// The length of a secret key.
fn bits(attributes: &[Attribute]) -> Option<u16> {
    let bits = attributes.iter().find_map(|own| match own {
        Attribute::ValueLen(bytes) => u16::try_from(**bytes * 8).ok(),
        _ => None,
    });
    bits.filter(|bits| *bits > 0)
}

/// What kind of key an object is.
fn spec(
    seat: &Seat,
    handle: ObjectHandle,
    key_type: Option<KeyType>,
    attributes: &[Attribute],
) -> Result<Option<KeySpec>> {
    let find = |wanted: KeyType| key_type == Some(wanted);
    let bits = bits(attributes);
    if find(KeyType::GENERIC_SECRET) {
        return Ok(bits.map(generic));
    }
    if find(KeyType::AES) {
        return Ok(bits
            .filter(|bits| matches!(bits, 128 | 192 | 256))
            .map(|bits| KeySpec::Aes { bits }));
    }
    if find(KeyType::DES3) {
        return Ok(Some(KeySpec::TripleDes { bits: 168 }));
    }
    if find(KeyType::RSA) {
        let modulus = seat
            .session
            .get_attributes(handle, &[AttributeType::Modulus])?;
        return Ok(modulus.iter().find_map(|own| match own {
            Attribute::Modulus(bytes) => {
                let bits = u16::try_from(bytes.len() * 8).ok()?;
                Some(KeySpec::Rsa { bits })
            }
            _ => None,
        }));
    }
    if find(KeyType::EC) || find(KeyType::EC_EDWARDS) {
        let parameters = seat
            .session
            .get_attributes(handle, &[AttributeType::EcParams])?;
        return Ok(parameters.iter().find_map(|own| match own {
            Attribute::EcParams(named) => {
                let mut curves = Curve::ALL.iter().filter(|own| !own.is_montgomery());
                curves
                    .find(|own| own.oid() == named)
                    .copied()
                    .map(KeySpec::Ec)
            }
            _ => None,
        }));
    }
    Ok(None)
}

/// A generic secret is for HMAC with any hash function; it is called by the longest digest that it is as long as, because
/// modules refuse keys that are shorter.
fn generic(bits: u16) -> KeySpec {
    let hashes = [Hash::Sha512, Hash::Sha384, Hash::Sha256, Hash::Sha224];
    let fits = |hash: &Hash| usize::from(bits / 8) >= hash.digest_bytes();
    let hash = hashes.into_iter().find(fits).unwrap_or(Hash::Sha1);
    KeySpec::Hmac { hash, bits }
}

/// The public half: what the private key shows of it, or the public key beside it.
fn public(seat: &Seat, handle: ObjectHandle, spec: KeySpec, id: &[u8]) -> Result<Option<Vec<u8>>> {
    if let Ok(own) = spki::read(&seat.session, handle, spec) {
        return Ok(Some(own));
    }
    let beside = seat.find(&[
        Attribute::Class(ObjectClass::PUBLIC_KEY),
        Attribute::Id(id.to_vec()),
    ])?;
    let read = |handle: &ObjectHandle| spki::read(&seat.session, *handle, spec).ok();
    Ok(beside.iter().find_map(read))
}

/// What the flags of an object say in KMIP's words.
fn usage(spec: Option<KeySpec>, attributes: &[Attribute]) -> Usage {
    let is_pair = spec.is_some_and(KeySpec::is_asymmetric);
    let sign = if is_pair {
        Usage::Sign
    } else {
        Usage::MACGenerate | Usage::MACVerify
    };
    let flags = [
        (Attribute::Sign(true), sign),
        (Attribute::Encrypt(true), Usage::Encrypt),
        (Attribute::Decrypt(true), Usage::Decrypt),
        (Attribute::Wrap(true), Usage::WrapKey),
        (Attribute::Unwrap(true), Usage::UnwrapKey),
    ];
    let set = flags
        .into_iter()
        .filter(|(flag, _)| attributes.contains(flag));
    let all = set.fold(Usage(0), |all, (_, usage)| all | usage);
    match spec {
        // Modules set every flag of a generic secret where nobody says otherwise, and its kind does this alone.
        Some(KeySpec::Hmac { .. }) => Usage(all.0 & sign.0),
        _ => all,
    }
}

const ASKED: &[AttributeType] = &[
    AttributeType::Id,
    AttributeType::Label,
    AttributeType::Sensitive,
    AttributeType::Extractable,
    AttributeType::AlwaysSensitive,
    AttributeType::NeverExtractable,
    AttributeType::Sign,
    AttributeType::Encrypt,
    AttributeType::Decrypt,
    AttributeType::Wrap,
    AttributeType::Unwrap,
    AttributeType::ValueLen,
];
const PLAIN: &[u8] = b"thirty-two bytes for every mode.";
