//! Known answers of key pairs: with keys that protect nothing, kept beside this file.

use kmip::{
    Secret,
    mechanism::{Cipher, Curve, Hash, KeySpec, PostQuantum, Signing},
};
use openssl::pkey::PKey;

use super::{AWS_LC, KnownAnswer, OPENSSL, Test};
use crate::{
    Decryption, Error, Input, Material, Result, public,
    soft::{engine::failed, named, plain::PlainKey},
};

macro_rules! rows {
    ($(($what:literal, $by:ident, $kind:ident, $test:expr, $answer:expr),)*) => {
        &[$(KnownAnswer {
            what: $what,
            by: $by,
            test: Test::$kind($test),
            answer: $answer,
        }),*]
    };
}

macro_rules! key {
    ($spec:expr, $file:literal) => {
        Key {
            spec: $spec,
            pkcs8: include_bytes!(concat!("keys/", $file, ".der")),
        }
    };
}

/// The answers.
#[rustfmt::skip]
pub(super) const TABLE: &[KnownAnswer] = rows![
    ("sign rsa-pkcs1 sha256", OPENSSL, Computes, || RSA.signature(PKCS1),
        "430b16373ad44eb032464f369aecf0b82f949d6021c18898865871a5041df55d"),
    ("sign rsa-pss sha256", OPENSSL, Verifies, |known| RSA.signs(PSS, known), concat!(
        "200f79fa5cd83e031b74bc43c5e48eff25640c33f6a380e9f4fa13fcfd4597d5b0bf884c8955b9fa4105b5c8b0d213bc",
        "48879ecd6dc6e11e7f97c51d4fe591cf0d51d0f19d93a550c535296ebe215efca4709234aee3c23358af3a40960affb3",
        "1cb08623b7450c7a6f3ee67eeb34c9e1cc0b67f7acf1d3cbdbab99f7e7a1031f5573dc7926182c6bc0afddc7c81aee18",
        "fa2dadc60571105359f1b21ecc2d958e41868b5f4851106da886fbd9d0edeb0191e5a3a00e1d88feb7d82d87656b356a",
        "168ad491c60f1491aa2e37a417851c753baff0ec852e38f3ff342a8db5e37360822e9b993071b0723cb64a4dacdaf00a",
        "b5bedc955227537c37efe38bfbc53f28",
    )),
    ("decrypt rsa-oaep sha256", OPENSSL, Computes, || RSA.decrypts(&OAEP), "6b6e6f776e20746f206576657279626f6479"),
    ("decrypt rsa-pkcs1", OPENSSL, Computes, || RSA.decrypts(&Cipher::RsaPkcs1),
        "6b6e6f776e20746f206576657279626f6479"),
    ("sign dsa sha256", OPENSSL, Verifies, |known| DSA.signs(Signing::Dsa(SHA256), known), concat!(
        "65f92a5695b78256a814207155287afe9dacbb2eaa6070e26d4b3c931e8d4d8501ba9e43cd2cadb9300bb5e18b90e87b",
        "1ef78842e6e70d9f8d986c5767c12586",
    )),
    ("agree dh", OPENSSL, Computes, || DH.agrees(),
        "4615ffc970ad182c6fda63394715578aaef8c80364d9a4bd1fa8d0414f09270b"),
    ("sign ec-p256", AWS_LC, Verifies, |known| P256.signs(ECDSA, known), concat!(
        "fa332b1e958afab81670af42cb6d07def41e70e30372804483a83052f3703c06c9983025269c33608868ff3535d4ac16",
        "c44108ee1e46e3915ae2318e46d91c54",
    )),
    ("sign ec-p384", AWS_LC, Verifies, |known| P384.signs(ECDSA, known), concat!(
        "0f16acc66451a3acedac1a69420df39d6527c936fa57355407edf2af3d87dc13f5a6d77d968dbf28d8297bd01c6aab8a",
        "a665101213ca42c85419fe15eaf6d733eeffcaf00f6958918866f5750025c1a89a05343f1585058d2d9507f0692b6fa3",
    )),
    ("sign ec-p521", AWS_LC, Verifies, |known| P521.signs(ECDSA, known), concat!(
        "01b9ffb333be6effe29145a3778f679be9dff96a2453dd7c426db7cc31406af93b6eae0975640a7435af367d35f83195",
        "cdb1ce6a947f397684b28c37135f83d586d30132ec2ae3d054d8c3f5c124f3f450b867d89b0990d1cd1d3b46731a8c00",
        "7ac14372d18bee25a5b89e6d189c6f234701d04dd133fd3010e576b4970668021ccf4861",
    )),
    ("sign ec-secp256k1", OPENSSL, Verifies, |known| SECP256K1.signs(ECDSA, known), concat!(
        "70a6bcd66ba5b891423d35553846ed60f628fb46444f352fa50fbac0c5863be65b1332aecdf4ebbf60a2b49f8181789c",
        "73aa1b68d34d521ae52a27b95d96885c",
    )),
    ("sign ec-brainpoolp256r1", OPENSSL, Verifies, |known| BRAINPOOL.signs(ECDSA, known), concat!(
        "a6c38f45166baf4f4b7454be99ad7288442595b727e85e87e04f8489658200b33df4c6f1bb74c7a530d6011bf5a0d262",
        "dda14b1209674cd1b5add38aadec67dc",
    )),
    ("sign ec-ed25519", AWS_LC, Computes, || ED25519.signature(Signing::Eddsa),
        "a4f6b82254c7827e24a70c4ecde6e6508c4585bf10267f809c31e37703307ba8"),
    ("sign ec-ed448", OPENSSL, Computes, || ED448.signature(Signing::Eddsa),
        "273a820ee375c7cb9332e64b9a0916c16bd0a6ccbf0d9f103bebc7648d200aa8"),
    ("agree ec-p256", OPENSSL, Computes, || P256.agrees(),
        "fc84077a1e3f5f5ec28d103458ee351b2604ff45e1d3e4be0b3d747e043563f8"),
    ("agree ec-x25519", OPENSSL, Computes, || X25519.agrees(),
        "4f5f57c497e5cde0c1aa52377d5ec4738250268578fa99deea98492240b1241c"),
    ("agree ec-x448", OPENSSL, Computes, || X448.agrees(),
        "4870a55d6dcde63d63d642882ea9e5965140b4f7d28aef5cb7b09241c02ca06d"),
    ("decapsulate ml-kem-768", AWS_LC, Computes, || ML_KEM.decapsulates(),
        "44461f0b06696ca510e080f92be56171d048d16451eb748af3791cd545fbf415"),
    ("sign ml-dsa-65", AWS_LC, Computes, || ML_DSA.signs_in_context(Signing::MlDsa),
        "8a5d2ac33649c626cae12719e02b7b28beb3e7c60e3d79877eb5adfd1cb2ed85"),
    ("sign slh-dsa-sha2-128f", OPENSSL, Computes, || SLH_DSA.signature(DETERMINISTIC),
        "6ea72399dd086b6e1304fb9ff074fa4b4c6a58fd98db353b2e47dd3e6d2c22cd"),
];

/// A key pair that protects nothing.
struct Key {
    spec: KeySpec,
    pkcs8: &'static [u8],
}

impl Key {
    fn ready(&self) -> Result<PlainKey> {
        PlainKey::from_validated(&Material::Private {
            spec: self.spec,
            pkcs8: Secret::from(self.pkcs8),
        })
    }

    /// A signature that comes out the same each time, and verifies.
    fn signature(&self, signing: Signing) -> Result<Vec<u8>> {
        let key = self.ready()?;
        let input = input(signing);
        let made = key.sign(signing, input)?;
        verified(&key, signing, input, &made)?;
        Ok(made)
    }

    /// Whether a signature from before is right, and whether a new one is.
    fn signs(&self, signing: Signing, known: &[u8]) -> Result<bool> {
        let key = self.ready()?;
        let input = input(signing);
        let made = key.sign(signing, input)?;
        verified(&key, signing, input, &made)?;
        is_right(&key, signing, input, known)
    }

    /// The same signature each time by one library, which the other one verifies, and signs another.
    fn signs_in_context(&self, plain: Signing) -> Result<Vec<u8>> {
        let made = self.signature(DETERMINISTIC)?;
        if self.signs(plain, &made)? {
            return Ok(made);
        }
        Err(Error::Failed("the libraries disagree".into()))
    }

    /// What a message encrypted anew decrypts to.
    fn decrypts(&self, cipher: &Cipher) -> Result<Vec<u8>> {
        let key = self.ready()?;
        let made = public::encrypt(spki(&key), cipher, MESSAGE)?;
        let input = Decryption {
            iv: None,
            associated: &[],
            tag: None,
            data: &made,
        };
        Ok(key.decrypt(cipher, input)?.expose().to_vec())
    }

    /// What a key agrees on with itself.
    fn agrees(&self) -> Result<Vec<u8>> {
        let key = self.ready()?;
        Ok(key.agree(spki(&key))?.expose().to_vec())
    }

    /// What a ciphertext that is none decapsulates to; a good one gives what was encapsulated.
    fn decapsulates(&self) -> Result<Vec<u8>> {
        let key = self.ready()?;
        let (mut ciphertext, secret) = public::encapsulate(spki(&key))?;
        if key.decapsulate(&ciphertext)? != secret {
            return Err(Error::Failed("what was encapsulated is not found".into()));
        }
        ciphertext.fill(0);
        Ok(key.decapsulate(&ciphertext)?.expose().to_vec())
    }
}

fn spki(key: &PlainKey) -> &[u8] {
    key.public().unwrap_or_default()
}

const fn input(signing: Signing) -> Input<'static> {
    match signing {
        Signing::InContext { .. } => Input::InContext {
            message: MESSAGE,
            is_digest: false,
            context: &[],
        },
        _ => Input::Message(MESSAGE),
    }
}

/// As [`public::verify`], which for DSA would look for factors of the key first.
fn is_right(key: &PlainKey, signing: Signing, input: Input<'_>, signature: &[u8]) -> Result<bool> {
    if let spec @ KeySpec::Dsa { .. } = key.spec() {
        let own = PKey::public_key_from_der(spki(key)).map_err(failed)?;
        return named::verify(spec, &own, signing, input, signature);
    }
    public::verify(spki(key), signing, input, signature)
}

fn verified(key: &PlainKey, signing: Signing, input: Input<'_>, made: &[u8]) -> Result<()> {
    if is_right(key, signing, input, made)? {
        return Ok(());
    }
    Err(Error::Failed("its signature does not verify".into()))
}

const RSA: Key = key!(KeySpec::Rsa { bits: 2048 }, "rsa-2048");
const DSA: Key = key!(
    KeySpec::Dsa {
        bits: 2048,
        order_bits: 256
    },
    "dsa-2048"
);
const DH: Key = key!(KeySpec::Dh { bits: 2048 }, "dh-2048");
const P256: Key = key!(KeySpec::Ec(Curve::P256), "p256");
const P384: Key = key!(KeySpec::Ec(Curve::P384), "p384");
const P521: Key = key!(KeySpec::Ec(Curve::P521), "p521");
const SECP256K1: Key = key!(KeySpec::Ec(Curve::Secp256k1), "secp256k1");
const BRAINPOOL: Key = key!(KeySpec::Ec(Curve::BrainpoolP256r1), "brainpoolp256r1");
const ED25519: Key = key!(KeySpec::Ec(Curve::Ed25519), "ed25519");
const ED448: Key = key!(KeySpec::Ec(Curve::Ed448), "ed448");
const X25519: Key = key!(KeySpec::Ec(Curve::X25519), "x25519");
const X448: Key = key!(KeySpec::Ec(Curve::X448), "x448");
const ML_KEM: Key = key!(KeySpec::PostQuantum(PostQuantum::MlKem768), "ml-kem-768");
const ML_DSA: Key = key!(KeySpec::PostQuantum(PostQuantum::MlDsa65), "ml-dsa-65");
const SLH_DSA: Key = key!(
    KeySpec::PostQuantum(PostQuantum::SlhDsaSha2_128f),
    "slh-dsa-sha2-128f"
);

const SHA256: Option<Hash> = Some(Hash::Sha256);
const PKCS1: Signing = Signing::RsaPkcs1(SHA256);
const PSS: Signing = Signing::RsaPss {
    hash: Hash::Sha256,
    mask_hash: Hash::Sha256,
    salt_bytes: 32,
};
const ECDSA: Signing = Signing::Ecdsa(SHA256);
const DETERMINISTIC: Signing = Signing::InContext {
    prehash: None,
    deterministic: true,
};
const OAEP: Cipher = Cipher::RsaOaep {
    hash: Hash::Sha256,
    mask_hash: Hash::Sha256,
    label: Vec::new(),
};
const MESSAGE: &[u8] = b"known to everybody";
