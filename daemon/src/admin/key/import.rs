//! Keys that come wrapped for a vault's HSM: the transport keys for which others wrap them, and their arrival.

use hsm::{CustodyMode, Terms, Transport, public};
use kmip::{
    BlockCipherMode, CryptographicUsageMask as Usage, EncodingOption, KeyFormatType, LinkType,
    MaskGenerator, PaddingMethod, Secret, UniqueIdentifierEnumeration, V2_1, WrappingMethod,
    attribute::{Attributes, CryptographicParameters, Link, UniqueIdentifier},
    client::{incoming, outgoing},
    mechanism::{Hash, KeySpec, KeySpecUnknown, parameters},
    message::OutgoingItem,
    object::{
        EncryptionKeyInformation, KeyBlock, KeyMaterial, KeyObject, KeyValue, KeyWrappingData,
        ManagedObject,
    },
    payload::register::{Register, RegisterRequest},
    ttlv::Bytes,
};
use store::{ObjectId, Record, Vault};

use super::{
    described,
    exchange::Exchange,
    facts,
    newcomer::Newcomer,
    usage::{PRIVATE, usage},
};
use crate::{
    admin::{
        Admin, Deed, Execute, invalid,
        protocol::{KeyFacts, KeyImport, KeyTransport, TransportFacts},
    },
    doubts,
    error::{Error, Result},
    links::linked,
    marks, template,
};

impl Execute for KeyTransport {
    fn prepare(self, admin: &Admin, uid: u32) -> Result<Deed<'_, TransportFacts>> {
        let vault = admin.vault(&self.vault)?;
        let spec = self
            .spec
            .as_deref()
            .map_or(Ok(hsm::TRANSPORT), str::parse)
            .map_err(|error: KeySpecUnknown| invalid(error.to_string()))?;
        if !matches!(spec, KeySpec::Rsa { bits: 2048.. }) {
            return Err(invalid(
                "a transport key is one of RSA with 2048 bits at least, such as rsa-3072",
            ));
        }
        let object = admin.new_id();
        let mut deed = Deed::on(&self.vault, &object.0.clone(), move || {
            admin.make_transport(&vault, uid, spec, (&self.name, &object))
        });
        deed.note = Some(format!("{spec}"));
        Ok(deed)
    }
}

impl Execute for KeyImport {
    fn prepare(self, admin: &Admin, uid: u32) -> Result<Deed<'_, Vec<KeyFacts>>> {
        let vault = Exchange::new(admin, uid, &self.vault)?;
        let spec: KeySpec = self
            .spec
            .parse()
            .map_err(|error: KeySpecUnknown| invalid(error.to_string()))?;
        let known = Hash::ALL.iter().find(|own| own.name() == self.hash);
        let hash = *known.ok_or_else(|| {
            let known: Vec<_> = Hash::ALL.iter().map(|own| own.name()).collect();
            invalid(format!(
                "there is no hash function {:?}; there is: {}",
                self.hash,
                known.join(", ")
            ))
        })?;
        let arrival = Arrival {
            spec,
            usage: usage(spec, &self.usage)?,
            hash,
            wrapped: hex::decode(&self.wrapped)
                .map_err(|_| invalid("what was wrapped is not in hexadecimal digits"))?,
            public: self.public.as_deref().map(read_public).transpose()?,
        };
        if !spec.is_asymmetric() && arrival.public.is_some() {
            return Err(invalid("a secret key has no public half"));
        }
        let active = self.active.then(|| admin.parts.clock.now());
        Ok(vault.deed(move |vault| {
            let under = vault.find(&self.under)?;
            let describe = |usage, name: &str| Attributes {
                activation_date: active,
                ..described(spec, usage, name)
            };
            let answers = vault.together(&arrival.items(&under, &self.name, describe))?;
            let last = answers.last().ok_or_else(|| Error::internal("no answer"))?;
            let id = incoming::<Register>(last, V2_1).map_err(Error::internal)?;
            let id = id.unique_identifier;
            let own = vault.attributes(std::slice::from_ref(&id))?;
            let public = own
                .first()
                .and_then(|own| linked(own, LinkType::PublicKeyLink));
            let ids: Vec<_> = [id]
                .into_iter()
                .chain(public.map(|public| UniqueIdentifier::Text(public.0)))
                .collect();
            vault.facts(&ids)
        }))
    }
}

fn read_public(pem: &str) -> Result<Vec<u8>> {
    public::from_pem(pem).map_err(|_| invalid("the public half is not a public key in PEM"))
}

/// A key that came wrapped.
struct Arrival {
    spec: KeySpec,
    usage: Usage,
    hash: Hash,
    wrapped: Vec<u8>,
    public: Option<Vec<u8>>,
}

impl Arrival {
    /// The public half, where it was given, and the key: what is registered together.
    fn items(
        &self,
        under: &UniqueIdentifier,
        name: &str,
        describe: impl Fn(Usage, &str) -> Attributes,
    ) -> Vec<OutgoingItem> {
        let of = |bits: u32| Usage(self.usage.0 & bits);
        let mut items = Vec::new();
        let usage = if self.spec.is_asymmetric() {
            of(PRIVATE.0)
        } else {
            self.usage
        };
        let mut attributes = describe(usage, name);
        attributes.sensitive = Some(true);
        attributes.extractable = Some(false);
        if let Some(spki) = &self.public {
            let spki = KeyValue::plain(KeyMaterial::Bytes(Secret::from(&spki[..])));
            let key = self.block(KeyFormatType::X509, spki, None);
            let public = describe(of(!PRIVATE.0), &format!("{name}.public"));
            items.push(registration(ManagedObject::PublicKey(key), &public));
            let placeholder = UniqueIdentifierEnumeration::IDPlaceholder;
            attributes.link.push(Link {
                link_type: LinkType::PublicKeyLink,
                linked_object_identifier: UniqueIdentifier::Enumeration(placeholder),
            });
        }
        let wrapped = KeyValue::Wrapped(Bytes(self.wrapped.clone()));
        let how = self.wrapping(under.clone());
        let object = if self.spec.is_asymmetric() {
            ManagedObject::PrivateKey(self.block(KeyFormatType::PKCS8, wrapped, Some(how)))
        } else {
            ManagedObject::SymmetricKey(self.block(KeyFormatType::Raw, wrapped, Some(how)))
        };
        items.push(registration(object, &attributes));
        items
    }

    fn block(
        &self,
        format: KeyFormatType,
        value: KeyValue,
        wrapping: Option<KeyWrappingData>,
    ) -> KeyObject {
        let (algorithm, length, _) = parameters::key_attributes(self.spec, None);
        let key_block = KeyBlock {
            key_format_type: format,
            key_compression_type: None,
            key_value: Some(value),
            cryptographic_algorithm: Some(algorithm),
            cryptographic_length: Some(length),
            key_wrapping_data: wrapping,
        };
        KeyObject { key_block }
    }

    fn wrapping(&self, under: UniqueIdentifier) -> KeyWrappingData {
        let hash = parameters::hashing_algorithm(self.hash);
        KeyWrappingData {
            authenticated_encryption_additional_data: None,
            wrapping_method: WrappingMethod::Encrypt,
            encryption_key_information: Some(EncryptionKeyInformation {
                unique_identifier: under,
                cryptographic_parameters: Some(CryptographicParameters {
                    block_cipher_mode: Some(BlockCipherMode::AESKeyWrapPadding),
                    padding_method: Some(PaddingMethod::OAEP),
                    hashing_algorithm: Some(hash),
                    mask_generator: Some(MaskGenerator::MFG1),
                    mask_generator_hashing_algorithm: Some(hash),
                    ..CryptographicParameters::default()
                }),
            }),
            mac_signature_key_information: None,
            mac_signature: None,
            iv_counter_nonce: None,
            encoding_option: Some(EncodingOption::NoEncoding),
        }
    }
}

fn registration(object: ManagedObject, attributes: &Attributes) -> OutgoingItem {
    let request = RegisterRequest {
        object_type: object.object_type(),
        attributes: attributes.each(V2_1),
        object: Some(object),
        protection_storage_masks: None,
    };
    outgoing::<Register>(&request, V2_1)
}

impl Admin {
    pub(in crate::admin) fn new_id(&self) -> ObjectId {
        let (seconds, nanoseconds) = self.parts.clock.since_epoch();
        let time = uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanoseconds);
        ObjectId(uuid::Uuid::new_v7(time).to_string())
    }

    fn make_transport(
        &self,
        vault: &Vault,
        uid: u32,
        spec: KeySpec,
        (name, id): (&str, &ObjectId),
    ) -> Result<TransportFacts> {
        let hsm = self.hsm_of(vault)?;
        let terms = Terms {
            id: id.0.clone().into_bytes(),
            label: name.to_owned(),
            exportable: false,
            usage: Usage::UnwrapKey,
            // What a token of a group keeps as an object of its own could not be copied to the others.
            custody: if self.parts.service.groups.contains_key(&vault.backend) {
                CustodyMode::Wrapped
            } else {
                CustodyMode::Resident
            },
        };
        let service = &self.parts.service;
        let _foreseen = doubts::foresee(service, (&vault.backend, hsm.as_ref()), spec, &terms)?;
        let made = hsm.transport(spec, &terms).map_err(|error| match error {
            hsm::Error::Unsupported => invalid(format!(
                "the HSM {:?} makes no key of this kind that unwraps others; `keyhold check` tells what it can do",
                vault.backend
            )),
            other => other.into(),
        })?;
        let kept = self.keep_transport(vault, uid, spec, (name, id), &made);
        if kept.is_err()
            && let Err(error) = hsm.destroy(&made.key)
        {
            tracing::warn!(backend = vault.backend, %error, "a transport key stays in its HSM");
        }
        let records = kept?;
        let own = records.first();
        let own = own.ok_or_else(|| Error::internal("a key pair without a private half"))?;
        Ok(TransportFacts {
            key: facts::facts(&own.attributes),
            hashes: made
                .hashes
                .iter()
                .map(|own| own.name().to_owned())
                .collect(),
            public: public::to_pem(&made.public)?,
        })
    }

    fn keep_transport(
        &self,
        vault: &Vault,
        uid: u32,
        spec: KeySpec,
        (name, id): (&str, &ObjectId),
        made: &Transport,
    ) -> Result<Vec<Record>> {
        let now = self.parts.clock.now();
        let newcomer = Newcomer {
            vault,
            uid,
            now,
            name,
            spec,
            usage: Usage::UnwrapKey,
            is_active: true,
            key: &made.key,
            in_hardware: self.hsm_of(vault)?.keeps_keys(),
            id,
            public: Some((self.new_id(), &made.public)),
        };
        let records = newcomer.records(|own| {
            own.sensitive = Some(true);
            own.extractable = Some(false);
            own.always_sensitive = Some(true);
            own.never_extractable = Some(true);
            template::generated(own, KeyFormatType::PKCS8, now);
            marks::say_transport(own, &made.hashes)
        })?;
        let mut tx = self.parts.service.store.begin();
        for record in &records {
            tx.insert(record.clone())?;
        }
        tx.commit()?;
        self.tell_new(&records);
        Ok(records)
    }
}
