//! Locked keys whose values are known: one of every kind, registered by a client who forgets them.

use hsm::{
    CustodyMode, Hsm, KeyRef, Material, Terms, encoding,
    soft::{CACHE_KEYS_MAX, Master, SoftHsm},
};
use keyhold_tests::{Client, canary::Canaries, objects::*};
use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask, KeyFormatType, ObjectType, OpaqueDataType,
    RecommendedCurve, ResultReason, Secret, SecretDataType,
    attribute::Attribute,
    mechanism::{
        Curve, Hash, Kept, KeySpec, PostQuantum, PostQuantumUse, parameters::key_attributes,
    },
    object::{KeyObject, ManagedObject},
    payload::register::Register,
    ttlv::Timestamp,
};

/// A key whose value is known here, and to nobody else but the HSM that it is registered in.
pub struct Known {
    /// What it is, for people.
    pub name: String,
    /// What kind of key; secret data and opaque objects have none.
    spec: Option<KeySpec>,
    object: ManagedObject,
    secrets: Vec<(String, Vec<u8>)>,
}

/// A locked object in an appliance.
#[derive(Clone)]
pub struct Victim {
    /// What it is, for people.
    pub name: String,
    /// Its identifier.
    pub id: String,
    /// What type of object.
    pub object_type: ObjectType,
    /// The other half of a pair that was made in the appliance.
    pub public: Option<String>,
}

/// One key of every kind that the embedded HSM takes, made elsewhere; of kinds that differ by nothing but numbers, some.
pub fn known() -> Vec<Known> {
    hsm::soft::start(0).unwrap();
    let elsewhere = SoftHsm::new(Master::ephemeral().unwrap(), CACHE_KEYS_MAX);
    let all = elsewhere.capabilities().import.clone();
    assert!(all.len() > 30, "{all:?}");
    let keys = all.into_iter().filter(|spec| stands_for_others(*spec));
    let keys = keys.map(|spec| Known::key(&elsewhere.export(&made(&elsewhere, spec)).unwrap()));
    let bytes = || {
        let mut bytes = [0; 32];
        elsewhere.random(&mut bytes).unwrap();
        Secret::from(&bytes[..])
    };
    let (password, opaque) = (bytes(), bytes());
    keys.chain([
        Known {
            name: "secret data".to_owned(),
            spec: None,
            object: secret_object(
                SecretDataType::Password,
                KeyFormatType::Raw,
                password.expose(),
            ),
            secrets: vec![("the password".to_owned(), password.expose().to_vec())],
        },
        Known {
            name: "an opaque object".to_owned(),
            spec: None,
            object: opaque_object(OpaqueDataType(0x8000_0001), opaque.expose()),
            secrets: vec![("the opaque bytes".to_owned(), opaque.expose().to_vec())],
        },
    ])
    .collect()
}

const CURVES: [Curve; 8] = [
    Curve::P256,
    Curve::P521,
    Curve::Secp256k1,
    Curve::BrainpoolP384r1,
    Curve::Ed25519,
    Curve::Ed448,
    Curve::X25519,
    Curve::X448,
];

fn stands_for_others(spec: KeySpec) -> bool {
    match spec {
        // Of curves that differ by their numbers alone, one of each form.
        KeySpec::Ec(curve) => CURVES.contains(&curve),
        KeySpec::Rsa { bits } | KeySpec::Dh { bits } => bits == 2048,
        KeySpec::Dsa { bits, .. } => bits == 1024,
        KeySpec::Kept { algorithm, .. } => [Kept::Des, Kept::Camellia].contains(&algorithm),
        KeySpec::Hmac { hash, .. } => [Hash::Sha256, Hash::Sha512, Hash::Sha3_256].contains(&hash),
        // They differ by their lengths and by a hash function.
        KeySpec::PostQuantum(algorithm) => {
            algorithm.kind() != PostQuantumUse::SlhDsa || algorithm.name().ends_with("128f")
        }
        _ => true,
    }
}

fn made(elsewhere: &SoftHsm, spec: KeySpec) -> KeyRef {
    let terms = Terms {
        id: b"made elsewhere".to_vec(),
        label: String::new(),
        exportable: true,
        usage: CryptographicUsageMask(0),
        custody: CustodyMode::Resident,
    };
    elsewhere.generate(spec, &terms).unwrap().key
}

impl Known {
    fn key(material: &Material) -> Self {
        let spec = material.spec();
        let (algorithm, bits, _) = key_attributes(spec, None);
        let format = match material {
            Material::Secret { .. } => KeyFormatType::Raw,
            Material::Private { .. } => KeyFormatType::PKCS8,
        };
        let bytes = material.bytes().expose();
        let key_block = block(format, bytes, Some(algorithm), Some(bits));
        let key = KeyObject { key_block };
        let (object, secrets) = match material {
            Material::Secret { bytes, .. } => (
                ManagedObject::SymmetricKey(key),
                vec![("key".to_owned(), bytes.expose().to_vec())],
            ),
            Material::Private { pkcs8, .. } => {
                (ManagedObject::PrivateKey(key), private_parts(spec, pkcs8))
            }
        };
        let name = spec.to_string();
        let secrets = secrets.into_iter();
        Self {
            secrets: secrets
                .map(|(part, value)| (format!("{part} of {name}"), value))
                .collect(),
            name,
            spec: Some(spec),
            object,
        }
    }

    /// Looks for this key from now on.
    pub fn add_to(&self, canaries: &mut Canaries) {
        for (name, value) in &self.secrets {
            canaries.add(name, value);
        }
    }

    /// Registers this key as one that never leaves and that may be used for everything, or says why it is not taken.
    pub fn lock_in(&self, client: &mut Client) -> Result<Victim, ResultReason> {
        let everything = [
            Attribute::CryptographicUsageMask(EVERYTHING),
            Attribute::ActivationDate(Timestamp(1)),
        ];
        let domain = self.spec.and_then(|spec| key_attributes(spec, None).2);
        let attributes = locked()
            .into_iter()
            .chain([Attribute::ObjectGroup(self.name.clone())]);
        let attributes = attributes.chain(domain.map(Attribute::CryptographicDomainParameters));
        let object_type = self.object.object_type();
        let of_keys = (object_type != ObjectType::OpaqueObject).then_some(everything);
        let request = registration(
            self.object.clone(),
            attributes.chain(of_keys.into_iter().flatten()),
        );
        let registered = client.try_call::<Register>(&request);
        let registered = registered.map_err(|refused| refused.reason.expect("a reason"))?;
        Ok(Victim {
            name: self.name.clone(),
            id: text(&registered.unique_identifier),
            object_type,
            public: None,
        })
    }
}

impl Known {
    /// Registers this key as one of another algorithm and length, which is refused.
    pub fn spoil_in(&self, client: &mut Client) {
        let mut object = self.object.clone();
        if let ManagedObject::SymmetricKey(key) | ManagedObject::PrivateKey(key) = &mut object {
            key.key_block.cryptographic_length = Some(7);
            key.key_block.cryptographic_algorithm = Some(CryptographicAlgorithm::SKIPJACK);
            client.refused::<Register>(&registration(object, locked()));
        }
    }
}

/// Keys that are made locked, so that nobody has ever known them: nothing can be looked for, but they must be refused.
pub fn generated(client: &mut Client) -> Vec<Victim> {
    let everything = [
        Attribute::CryptographicUsageMask(EVERYTHING),
        Attribute::ActivationDate(Timestamp(1)),
    ];
    let attributes = aes(256, EVERYTHING).into_iter().chain(locked());
    let mut all = vec![Victim {
        name: "a made AES key".to_owned(),
        id: create(client, attributes.chain(everything.into_iter().skip(1))),
        object_type: ObjectType::SymmetricKey,
        public: None,
    }];
    for kind in [Pair::Rsa(2048), Pair::Ec(RecommendedCurve::P256, 256)] {
        let (id, public) = create_pair(client, kind, locked());
        all.push(Victim {
            name: format!("a made {kind:?} key"),
            id,
            object_type: ObjectType::PrivateKey,
            public: Some(public),
        });
    }
    all
}

/// Every use that a client may ask for.
const EVERYTHING: CryptographicUsageMask = CryptographicUsageMask(0x000F_FFFF);

/// What nobody may see of a private key.
fn private_parts(spec: KeySpec, pkcs8: &Secret) -> Vec<(String, Vec<u8>)> {
    let all: Vec<(&str, Secret)> = match spec {
        KeySpec::Rsa { .. } => {
            let numbers = encoding::pkcs8_to_rsa_numbers(pkcs8).unwrap();
            vec![
                ("d", numbers.private_exponent),
                ("p", numbers.p.unwrap()),
                ("q", numbers.q.unwrap()),
                ("d mod (p - 1)", numbers.exponent_p.unwrap()),
                ("d mod (q - 1)", numbers.exponent_q.unwrap()),
                ("the coefficient", numbers.coefficient.unwrap()),
            ]
        }
        KeySpec::Dsa { .. } => vec![("x", encoding::pkcs8_to_dsa(pkcs8).unwrap().1)],
        KeySpec::Dh { .. } => vec![("x", encoding::pkcs8_to_dh(pkcs8).unwrap().1)],
        KeySpec::Ec(_) => vec![("the scalar", encoding::pkcs8_to_scalar(pkcs8).unwrap().1)],
        KeySpec::PostQuantum(algorithm) => post_quantum_parts(algorithm, pkcs8),
        other => panic!("{other} has no private half"),
    };
    let all = all.into_iter();
    all.map(|(name, part)| (name.to_owned(), part.expose().to_vec()))
        .collect()
}

fn post_quantum_parts(algorithm: PostQuantum, pkcs8: &Secret) -> Vec<(&'static str, Secret)> {
    let expanded = encoding::pkcs8_to_post_quantum(pkcs8).unwrap();
    let expanded = expanded.expose();
    let secret = |part: &[u8]| Secret::from(part);
    let seed = encoding::pkcs8_to_seed(algorithm, pkcs8).unwrap();
    let seed = seed.map(|seed| ("the seed", seed));
    let parts = match algorithm.kind() {
        // FIPS 203 §7.1: the secret vector, the encapsulation key and its hash, z.
        PostQuantumUse::Kem => {
            let public = algorithm.public_bytes();
            let (hidden, rest) = expanded.split_at(expanded.len() - public - 64);
            vec![
                ("the vector", secret(hidden)),
                ("z", secret(&rest[public + 32..])),
            ]
        }
        // FIPS 204 §7.2: ρ and tr are public; K, s1 and s2 are not; t0 is of no use to anybody.
        PostQuantumUse::MlDsa => {
            let low_bits = algorithm.public_bytes() - 32;
            let low_bits = low_bits / 320 * 416;
            vec![
                ("K", secret(&expanded[32..64])),
                (
                    "the vectors",
                    secret(&expanded[128..expanded.len() - low_bits]),
                ),
            ]
        }
        // FIPS 205 §9.1: the seed and the key of the function, then what is public.
        PostQuantumUse::SlhDsa => {
            vec![("the seeds", secret(&expanded[..expanded.len() / 2]))]
        }
    };
    seed.into_iter().chain(parts).collect()
}
