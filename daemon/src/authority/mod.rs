//! A vault's own certificate authority: its key is locked in the vault's HSM, its record in no vault that anybody sees.

pub(crate) mod extension;
mod place;
pub(crate) mod request;
pub(crate) mod subject;

use std::sync::Arc;

use hsm::{Hsm, Input, KeyRef, Terms};
use kmip::{
    ObjectType, State,
    attribute::{Attribute, Attributes, Name, VendorAttribute},
    mechanism::{Curve, Hash, KeySpec, Signing, signature},
    ttlv::{AnyValue, ItemType, Timestamp},
};
use store::{Custody, Filter, ObjectId, Page, Record, Store, Transaction, Vault};

pub use self::extension::Purpose;
pub(crate) use self::place::{is_of_one, scope, terms, vault_of};
use self::{
    extension::{AUTHORITY_USAGE, Extension},
    place::{hidden, terms_of_one},
};
use crate::{
    certificate,
    context::Context,
    der::{self, INTEGER, SEQUENCE},
    doubts::Foreseen,
    error::{Error, Result},
    fault::Fault,
    names, template,
};

/// What operators decide of a vault's authority.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its name, as RFC 4514 writes it.
    pub subject: String,
    /// The kind of its key.
    pub key: KeySpec,
    /// For how many days its certificate is good.
    pub days: u32,
    /// For how many days a certificate is good that it issues.
    pub issue_days: u32,
    /// What the certificates that it issues may be for.
    pub purposes: Vec<Purpose>,
}

impl Options {
    /// An authority as it is where nobody decides otherwise.
    #[must_use]
    pub fn usual(vault: &str) -> Self {
        Self {
            subject: format!("CN={} authority", names::escaped(vault)),
            key: KeySpec::Ec(Curve::P256),
            days: 3_650,
            issue_days: 365,
            purposes: vec![Purpose::ServerAuth, Purpose::ClientAuth],
        }
    }
}

/// A vault's authority.
pub struct Authority {
    record: Arc<Record>,
    /// Its certificate, DER.
    pub certificate: Vec<u8>,
    /// For how many days a certificate is good that it issues.
    pub issue_days: u32,
    /// What the certificates that it issues may be for.
    pub purposes: Vec<Purpose>,
}

/// Notes that a key is about to be made.
pub(crate) type Foresee<'a> = dyn Fn(KeySpec, &Terms) -> Result<Option<Foreseen>> + 'a;

/// What is to be certified.
pub(crate) struct Issue<'a> {
    /// The subject's name, DER.
    pub(crate) subject: &'a [u8],
    /// The subject's public key, DER SubjectPublicKeyInfo.
    pub(crate) spki: &'a [u8],
    /// From when.
    pub(crate) begins: Timestamp,
    /// Until when; not longer than the authority issues for.
    pub(crate) ends: Option<Timestamp>,
    /// What else the certificate says.
    pub(crate) extensions: Vec<Extension>,
}

impl Authority {
    /// The authority of a vault, if it has one.
    pub(crate) fn find(
        tx: &mut dyn Transaction,
        vault: &str,
        now: Timestamp,
    ) -> Result<Option<Self>> {
        let filter = Filter {
            attributes: vec![Attribute::Name(Name::text(NAME))],
            ..Filter::default()
        };
        let found = tx.locate(&filter, &scope(vault), Page::default(), now)?;
        let Some(id) = found.ids.first() else {
            return Ok(None);
        };
        let record = tx
            .record(id)?
            .ok_or_else(|| Error::internal("an authority is found and is not there"))?;
        Self::of(record).map(Some)
    }

    fn of(record: Arc<Record>) -> Result<Self> {
        let own = |name: &str| {
            let mut all = record.attributes.vendor_of(VendorAttribute::SERVER, name);
            all.next()
                .map(|(_, own)| own.value.body.clone())
                .ok_or_else(|| Error::internal("an authority's record is not complete"))
        };
        let text = |name: &str| {
            String::from_utf8(own(name)?)
                .map_err(|_| Error::internal("an authority's record is no text"))
        };
        Ok(Self {
            certificate: own(CERTIFICATE)?,
            issue_days: text(ISSUE_DAYS)?.parse().map_err(Error::internal)?,
            purposes: text(PURPOSES)?
                .split(',')
                .filter_map(Purpose::from_word)
                .collect(),
            record,
        })
    }

    /// Makes the authority of a vault; that its key is about to be made is noted before. A vault keeps the one that it has.
    pub(crate) fn create(
        store: &dyn Store,
        (hsm, foresee): (&dyn Hsm, &Foresee<'_>),
        vault: &Vault,
        options: &Options,
        now: Timestamp,
    ) -> Result<Self> {
        let mut tx = store.begin();
        if Self::find(tx.as_mut(), &vault.name, now)?.is_some() {
            return Err(Error::new(
                Fault::NameTaken,
                format!("the vault {:?} has an authority already", vault.name),
            ));
        }
        let id = ObjectId(uuid::Uuid::new_v4().to_string());
        let terms = terms_of_one(vault, &id);
        let _foreseen = foresee(options.key, &terms)?;
        let made = hsm.generate(options.key, &terms)?;
        let (private, public) = (made.key, made.public);
        let public = public.ok_or_else(|| Error::invalid_field("an authority has a key pair"))?;
        let pair = Pair {
            private: &private,
            public: &public,
        };
        let kept = record(hsm, vault, options, id, &pair, now).and_then(|record| {
            tx.insert(record)?;
            Ok(tx.commit()?)
        });
        if let Err(error) = kept {
            // A key that no record names must not stay.
            if let Err(left) = hsm.destroy(&private) {
                tracing::error!(error = %left, "a key that no record names stays in the HSM");
            }
            return Err(error);
        }
        Self::find(store.begin().as_mut(), &vault.name, now)?
            .ok_or_else(|| Error::internal("the new authority is not there"))
    }

    /// The kind of its key.
    #[must_use]
    pub fn spec(&self) -> Option<KeySpec> {
        self.record.spec
    }

    /// A certificate that it signs.
    pub(crate) fn issue(&self, context: &Context<'_>, issue: &Issue<'_>) -> Result<Vec<u8>> {
        let (Custody::Hsm { backend, key }, Some(spec)) = (&self.record.custody, self.record.spec)
        else {
            return Err(Error::internal("an authority has no key"));
        };
        let own = certificate::parse(&self.certificate)?;
        let last = Timestamp(own.validity().not_after.timestamp())
            .min(after(context.now, self.issue_days));
        let ends = issue.ends.map_or(last, |asked| asked.min(last));
        if ends <= issue.begins {
            return Err(Error::new(
                Fault::InvalidAttributeValue,
                "the certificate would end before it begins; it ends no later than its authority's",
            ));
        }
        let mut extensions = issue.extensions.clone();
        extensions.push(Extension::subject_key(issue.spki)?);
        extensions.push(Extension::authority_key(own.public_key().raw)?);
        let issue = Issue {
            extensions,
            ..*issue
        };
        let hsm = context.backend(backend)?;
        let key = KeyRef(key.clone());
        signed(hsm, &key, spec, own.subject().as_raw(), &issue, ends)
    }
}

impl Context<'_> {
    /// The authority of the principal's vault.
    pub(crate) fn authority(&mut self) -> Result<Authority> {
        Authority::find(self.tx, &self.principal.vault, self.now)?.ok_or_else(|| {
            Error::new(
                Fault::FeatureNotServed,
                "the vault has no certificate authority; `keyhold ca create` makes one",
            )
        })
    }
}

/// A key pair of an HSM.
struct Pair<'a> {
    private: &'a KeyRef,
    public: &'a [u8],
}

/// The record of a new authority, with its certificate.
fn record(
    hsm: &dyn Hsm,
    vault: &Vault,
    options: &Options,
    id: ObjectId,
    key: &Pair<'_>,
    now: Timestamp,
) -> Result<Record> {
    let subject = names::encoded(&options.subject)
        .ok_or_else(|| Error::invalid_field("the authority's name is not as RFC 4514 has it"))?;
    let ends = after(now, options.days);
    let issue = Issue {
        subject: &subject,
        spki: key.public,
        begins: Timestamp(now.0.saturating_sub(CLOCK_SECONDS)),
        ends: Some(ends),
        extensions: vec![
            Extension::basic_constraints(true),
            Extension::key_usage(AUTHORITY_USAGE),
            Extension::subject_key(key.public)?,
            Extension::authority_key(key.public)?,
        ],
    };
    let certificate = signed(hsm, key.private, options.key, &subject, &issue, ends)?;
    Ok(Record {
        id,
        vault: hidden(&vault.name),
        owner: String::new(),
        object_type: ObjectType::PrivateKey,
        spec: Some(options.key),
        attributes: described(&certificate, options, now)?,
        custody: Custody::Hsm {
            backend: vault.backend.clone(),
            key: key.private.0.clone(),
        },
        revision: 0,
    })
}

/// The attributes of an authority's record.
fn described(certificate: &[u8], options: &Options, now: Timestamp) -> Result<Attributes> {
    let mut attributes = Attributes {
        state: Some(State::Active),
        initial_date: Some(now),
        sensitive: Some(true),
        extractable: Some(false),
        ..Attributes::default()
    };
    template::describe(&mut attributes, options.key);
    attributes.name.push(Name::text(NAME));
    let words: Vec<_> = options.purposes.iter().map(|own| own.word()).collect();
    let certificate = AnyValue {
        item_type: ItemType::ByteString,
        body: certificate.to_vec(),
    };
    for (name, value) in [
        (CERTIFICATE, certificate),
        (ISSUE_DAYS, AnyValue::text(&options.issue_days.to_string())),
        (PURPOSES, AnyValue::text(&words.join(","))),
    ] {
        attributes.add(Attribute::Vendor(VendorAttribute {
            vendor_identification: VendorAttribute::SERVER.to_owned(),
            attribute_name: name.to_owned(),
            value,
        }))?;
    }
    Ok(attributes)
}

/// A certificate (RFC 5280 §4.1), signed by a key of an HSM.
fn signed(
    hsm: &dyn Hsm,
    key: &KeyRef,
    spec: KeySpec,
    issuer: &[u8],
    issue: &Issue<'_>,
    ends: Timestamp,
) -> Result<Vec<u8>> {
    let (mechanism, algorithm) = signing(spec)?;
    let mut serial = [0; 16];
    hsm.random(&mut serial)?;
    // RFC 5280 §4.1.2.2: positive; and without leading zeros, so that it is the same in every spelling.
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x3F) | 0x40;
    }
    let beyond = || Error::invalid_field("the certificate's dates are beyond the calendar");
    let begins = der::time(issue.begins).ok_or_else(beyond)?;
    let ends = der::time(ends).ok_or_else(beyond)?;
    let extensions: Vec<u8> = issue
        .extensions
        .iter()
        .flat_map(Extension::encoded)
        .collect();
    let body = der::element(
        SEQUENCE,
        &[
            &der::element(der::context(0), &[&der::element(INTEGER, &[&[2]])]),
            &der::element(INTEGER, &[&serial]),
            algorithm,
            issuer,
            &der::element(SEQUENCE, &[&begins, &ends]),
            issue.subject,
            issue.spki,
            &der::element(der::context(3), &[&der::element(SEQUENCE, &[&extensions])]),
        ],
    );
    let made = hsm.sign(key, mechanism, Input::Message(&body))?;
    let made = match mechanism {
        Signing::Ecdsa(_) => signature::to_der(&made),
        _ => made,
    };
    Ok(der::element(
        SEQUENCE,
        &[&body, algorithm, &der::bit_string(&made)],
    ))
}

/// How a key of this kind signs certificates, and how they say it.
fn signing(spec: KeySpec) -> Result<(Signing, &'static [u8])> {
    match spec {
        KeySpec::Rsa { .. } => Ok((
            Signing::RsaPkcs1(Some(Hash::Sha256)),
            &[
                0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 0x0B, 5, 0,
            ],
        )),
        KeySpec::Ec(Curve::P256) => Ok((Signing::Ecdsa(Some(Hash::Sha256)), &ECDSA_SHA256)),
        KeySpec::Ec(Curve::P384) => Ok((Signing::Ecdsa(Some(Hash::Sha384)), &ECDSA_SHA384)),
        KeySpec::Ec(Curve::P521) => Ok((Signing::Ecdsa(Some(Hash::Sha512)), &ECDSA_SHA512)),
        KeySpec::Ec(Curve::Ed25519) => Ok((Signing::Eddsa, &[0x30, 5, 6, 3, 0x2B, 0x65, 0x70])),
        _ => Err(Error::new(
            Fault::UnsupportedAlgorithm,
            "authorities sign with RSA, P-256, P-384, P-521 or Ed25519",
        )),
    }
}

/// The AlgorithmIdentifier of ECDSA (RFC 5758 §3.2).
const fn ecdsa(last: u8) -> [u8; 12] {
    [0x30, 0x0A, 6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, last]
}

const ECDSA_SHA256: [u8; 12] = ecdsa(2);
const ECDSA_SHA384: [u8; 12] = ecdsa(3);
const ECDSA_SHA512: [u8; 12] = ecdsa(4);

fn after(now: Timestamp, days: u32) -> Timestamp {
    Timestamp(now.0.saturating_add(i64::from(days) * DAY_SECONDS))
}

/// Clocks of those who look at a certificate may be behind ours.
pub(crate) const CLOCK_SECONDS: i64 = 300;
const DAY_SECONDS: i64 = 86_400;
const NAME: &str = "authority";
const CERTIFICATE: &str = "Certificate";
const ISSUE_DAYS: &str = "Issue Days";
const PURPOSES: &str = "Purposes";
