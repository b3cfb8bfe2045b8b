//! Known answers of hash functions, MACs, ciphers and derivations.

use kmip::{
    Secret,
    mechanism::{Cipher, Derivation, Hash, KeySpec, Mac, OldHash, Padding, Prf},
};

use super::{AWS_LC, KEYHOLD, KnownAnswer, OPENSSL, Test};
use crate::{
    Decryption, Deriving, Encryption, Error, Material, Result,
    soft::{
        derive::{self, Source},
        engine,
        plain::PlainKey,
    },
};

macro_rules! rows {
    ($(($what:literal, $by:ident, $compute:expr, $answer:expr),)*) => {
        &[$(KnownAnswer {
            what: $what,
            by: $by,
            test: Test::Computes(|| $compute),
            answer: $answer,
        }),*]
    };
}

/// The answers.
#[rustfmt::skip]
pub(super) const TABLE: &[KnownAnswer] = rows![
    ("digest sha1", AWS_LC, digest(Hash::Sha1), "25c9e5ac7b7bbf6e2ade5abefce0759f59ac0bb2"),
    ("digest sha224", AWS_LC, digest(Hash::Sha224), "cc70b9dcd5ec61aafa82b8a9733ff0da5603b1203650db0eac01b579"),
    ("digest sha256", AWS_LC, digest(Hash::Sha256),
        "ae0ff3607ea0189e167258fcac2261c84c155e98d41cacfb9b44349ed0cfff41"),
    ("digest sha384", AWS_LC, digest(Hash::Sha384),
        "3814895e8da01407c9f15e49f788ab7a9d2f2f488a204beca015d37cb9ec35f4"),
    ("digest sha512", AWS_LC, digest(Hash::Sha512),
        "15283fc06b52799cf2303c283e84c5a23ec5544be59bc8518a03b94d9e128bcd"),
    ("digest sha3-224", OPENSSL, digest(Hash::Sha3_224), "456206d0747e0aa7a714499f86911ea9a6e31d67715a18af07710cd4"),
    ("digest sha3-256", AWS_LC, digest(Hash::Sha3_256),
        "009c346735a9156a155faaa57397631f070b53a8f814f23bd63313b0b5d4d141"),
    ("digest sha3-384", AWS_LC, digest(Hash::Sha3_384),
        "6a2e74e47f8e921b01aedddfc5b1323541042f65442ad59bb72c8128e9877b5b"),
    ("digest sha3-512", AWS_LC, digest(Hash::Sha3_512),
        "2441797465655712096834d9a1cfe06d3ac608631be35cd34c5efda6a6b30b91"),
    ("digest sha512-224", OPENSSL, digest(Hash::Sha512_224),
        "9fe459e99958d068faa00d793c44d07056242c64d15114e72d32eeba"),
    ("digest sha512-256", AWS_LC, digest(Hash::Sha512_256),
        "36f21f25a05d6c9732030e4cb8c8fc53774fa9d00d8b7a0ddb31b7311e2ed696"),
    ("digest md5", OPENSSL, engine::old_digest(OldHash::Md5, PLAIN), "ed53a0444ceaa5774c77ceb8260ff045"),
    ("digest ripemd160", OPENSSL, engine::old_digest(OldHash::Ripemd160, PLAIN),
        "c911df0ce9ad77e0a0496a01b22355ac4c838165"),
    ("mac hmac sha1", AWS_LC, hmac(Hash::Sha1), "9d310ecc102420e3cfa6d2c64f77ec2e1fd8f5a0"),
    ("mac hmac sha224", AWS_LC, hmac(Hash::Sha224), "5defb49f6755883fa08f14c4d94dc7628628ebb289bc66a01bd47e2a"),
    ("mac hmac sha256", AWS_LC, hmac(Hash::Sha256),
        "339ba87bc558f98f2570444f73254aed45a7ce1da6f056dae8cd5b74a979c516"),
    ("mac hmac sha384", AWS_LC, hmac(Hash::Sha384),
        "028210a510ffde7dba5571b6aa65f6e3b72b69900aac983987736c7781e7a2d6"),
    ("mac hmac sha512", AWS_LC, hmac(Hash::Sha512),
        "cfc8f08cd0778242db8b3dc383c49eb06bac8016d2024a30d11aac07fcb8c132"),
    ("mac hmac sha3-224", OPENSSL, hmac(Hash::Sha3_224), "d7f906e7d5a742fd1e428fab54ccae96d039eb4d09651505da294df0"),
    ("mac hmac sha3-256", OPENSSL, hmac(Hash::Sha3_256),
        "e6cf9e13786622c7d65c181ad5bc248e7aafc7561a06e163aa0fa26b6b3f461b"),
    ("mac hmac sha3-384", OPENSSL, hmac(Hash::Sha3_384),
        "46f52310f1a0b449bcb4a91d0139fc8b61be5b5cb9b3f2638174eb24c449ddde"),
    ("mac hmac sha3-512", OPENSSL, hmac(Hash::Sha3_512),
        "20dfcee7b00b01fe3b8056124ec27c8068eb31d13c63256d4f57f8ed78232ac3"),
    ("mac hmac sha512-224", OPENSSL, hmac(Hash::Sha512_224),
        "5be6e53d5cd0a82805f76b2db491ba8f37d8812ffbd5c4196566d340"),
    ("mac hmac sha512-256", OPENSSL, hmac(Hash::Sha512_256),
        "2aedbdcc895f1b06646d7ebd57ab8744e18c2f70bc43b74f0bb22cc6f1bcb4c0"),
    ("mac aes-cmac", AWS_LC, mac(AES, Mac::AesCmac), "261dfd1948b7df0900cd890c1e67b0bf"),
    ("mac 3des-cmac", AWS_LC, mac(TRIPLE_DES, Mac::TripleDesCmac), "539e78df605e31eb"),
    ("mac aes-cbc-mac", OPENSSL, mac(AES, Mac::AesCbcMac), "fe39a70a8711d2682cc55ea90f554274"),
    ("mac 3des-cbc-mac", OPENSSL, mac(TRIPLE_DES, Mac::TripleDesCbcMac), "fa28d3c220525d5a"),
    ("encrypt aes-gcm", AWS_LC, crypts(AES, &Cipher::AesGcm { tag_bytes: 16 }, 12),
        "ff7aceb5af3fe5604667734104709e1d5bede793923ddf4485ce8e131c81bbfe"),
    ("encrypt aes-gcm, long IV", OPENSSL, crypts(AES, &Cipher::AesGcm { tag_bytes: 16 }, 16),
        "d874c4855967e6534ef9242bcad2d2ef4e561e68ad7d467fc798f027ad0d879e"),
    ("encrypt aes-ecb", OPENSSL, crypts(AES, &Cipher::AesEcb(Padding::None), 0),
        "f390fbca34c8dc6b171d7157e55c3427ec451da49b470b969097a3c50718c4e7"),
    ("encrypt aes-cbc", OPENSSL, crypts(AES, &Cipher::AesCbc(Padding::Pkcs5), 16),
        "80d849bd9974bb9e504a337d0a46218af2e9da289764913bf22565aa12e80cee"),
    ("encrypt aes-ctr", OPENSSL, crypts(AES, &Cipher::AesCtr, 16),
        "bd701edca83a192c756f122b8f264db1b3334166624831a9a562bc28657a67c7"),
    ("encrypt aes-cfb", OPENSSL, crypts(AES, &Cipher::AesCfb, 16),
        "bd701edca83a192c756f122b8f264db1981844b2cc9b4f2c66922f2499097fdf"),
    ("encrypt aes-ofb", OPENSSL, crypts(AES, &Cipher::AesOfb, 16),
        "bd701edca83a192c756f122b8f264db1c3310496fb706de5391db6ba75d6b62c"),
    ("encrypt aes-ccm", OPENSSL, crypts(AES, &Cipher::AesCcm { tag_bytes: 16 }, 12),
        "4099b364af8cb6b6ff3fe644727122bdcd230083ef4e29d2ad969fca2474ea61"),
    ("encrypt aes-xts", OPENSSL, crypts(KeySpec::Aes { bits: 512 }, &Cipher::AesXts, 16),
        "528bbf497c95a62f21d2a0e37419fe0b533f9b41e5b94ac49b54121a765ee408"),
    ("wrap aes-kw", OPENSSL, crypts(AES, &Cipher::AesKeyWrap, 0),
        "c4828d217c858a043f3e10b89390f1a73d49957abf2f6954beb336795a4fdbee"),
    ("wrap aes-kwp", OPENSSL, crypts(AES, &Cipher::AesKeyWrapPadded, 0),
        "8f72d10de79d4b75ac016d4a2f58529fdb7859fbe33962f526d99a2fcfafbd1b"),
    ("encrypt 3des-ecb", OPENSSL, crypts(TRIPLE_DES, &Cipher::TripleDesEcb(Padding::None), 0),
        "210b2654d8c2a1600730271200a9c8f4da9f39f1ad0b914cfafd3e3a37c3fac2"),
    ("encrypt 3des-cbc", OPENSSL, crypts(TRIPLE_DES, &Cipher::TripleDesCbc(Padding::Pkcs5), 8),
        "6c5fa7a4d902c8841832dddc680ff7ed2ebd2700683ebe4b97c7b7b1be59c5e3"),
    ("encrypt 3des-cfb", OPENSSL, crypts(TRIPLE_DES, &Cipher::TripleDesCfb, 8),
        "91aa9113f0b86557b2990b9186135e125df69549512446c34cbb1420e0b42a15"),
    ("encrypt 3des-ofb", OPENSSL, crypts(TRIPLE_DES, &Cipher::TripleDesOfb, 8),
        "91aa9113f0b865579b213deee4a1d2157727b7309532aa464c945540b7af3a02"),
    ("encrypt chacha20", OPENSSL, crypts(KeySpec::ChaCha20, &Cipher::ChaCha20, 16),
        "29258b668ed2230ef426e6cd2d1214c1e4f291af912ff5a5384bc87b05c1da26"),
    ("encrypt chacha20-poly1305", OPENSSL,
        crypts(KeySpec::ChaCha20Poly1305, &Cipher::ChaCha20Poly1305 { tag_bytes: 16 }, 12),
        "39bcbe94978a79b02332b40295a6bbe860d2d0b6a3fdd7571f695ded18447f00"),
    ("derive pbkdf2 sha256", OPENSSL, derives(&Derivation::Pbkdf2 { hash: Hash::Sha256, iterations: 2 }),
        "11f7a0e2195d8f410b01a4e34cfa10f13f62c21494ed70c0d9c62fd5d3c691cd16db22fcf46adbb9"),
    ("derive hkdf sha256", KEYHOLD, derives(&Derivation::Hkdf(Hash::Sha256)),
        "6ed007f6a0d855969e6adb3745e80b3106906752ca5eb2e5cefe350887293d00392f90eb3262e3f2"),
    ("derive kdf-counter hmac sha256", KEYHOLD, derives(&Derivation::Counter(Prf::Hmac(Hash::Sha256))),
        "458493ee7e3308b761fa4b8c497078e2490af943dda4390c43802ef5b216d2858d3be5f7bdb83898"),
    ("derive kdf-counter aes-cmac", KEYHOLD, derives(&Derivation::Counter(Prf::AesCmac)),
        "8262188dc47ddb0faa871f1b13449f7b6d67402ee1ccd0be743ae9182d30020fb96dcfb0453b8268"),
    ("derive kdf-feedback hmac sha256", KEYHOLD, derives(&Derivation::Feedback(Prf::Hmac(Hash::Sha256))),
        "458493ee7e3308b761fa4b8c497078e2490af943dda4390c43802ef5b216d285001865fb2d0bf0ee"),
    ("derive kdf-double-pipeline hmac sha256", KEYHOLD,
        derives(&Derivation::DoublePipeline(Prf::Hmac(Hash::Sha256))),
        "ea4d3a690c11d221deec01caab972e30df9225bef02474fea3a9031e6a3d86763531835810b76cac"),
];

fn digest(hash: Hash) -> Result<Vec<u8>> {
    Ok(engine::digest(hash, PLAIN)?.as_ref().to_vec())
}

fn hmac(hash: Hash) -> Result<Vec<u8>> {
    mac(KeySpec::Hmac { hash, bits: 256 }, Mac::Hmac(hash))
}

fn mac(spec: KeySpec, mac: Mac) -> Result<Vec<u8>> {
    PlainKey::from_validated(&key(spec))?.mac(mac, PLAIN)
}

/// Encrypts, sees that it decrypts again, and gives ciphertext and tag.
fn crypts(spec: KeySpec, cipher: &Cipher, iv_bytes: usize) -> Result<Vec<u8>> {
    let key = PlainKey::from_validated(&key(spec))?;
    let iv = IV.get(..iv_bytes).filter(|iv| !iv.is_empty());
    let is_aead = matches!(
        cipher,
        Cipher::AesGcm { .. } | Cipher::AesCcm { .. } | Cipher::ChaCha20Poly1305 { .. }
    );
    let associated: &[u8] = if is_aead { b"associated" } else { b"" };
    let input = Encryption {
        iv,
        associated,
        plain: PLAIN,
    };
    let made = key.encrypt(cipher, input)?;
    let back = key.decrypt(
        cipher,
        Decryption {
            iv,
            associated,
            tag: made.tag.as_deref(),
            data: &made.data,
        },
    )?;
    if back.expose() != PLAIN {
        return Err(Error::Failed("what was encrypted does not decrypt".into()));
    }
    Ok([made.data, made.tag.unwrap_or_default()].concat())
}

fn derives(mechanism: &Derivation) -> Result<Vec<u8>> {
    let how = Deriving {
        mechanism,
        data: match mechanism {
            Derivation::Pbkdf2 { .. } => b"",
            _ => PLAIN,
        },
        iv: None,
        salt: match mechanism {
            Derivation::Pbkdf2 { .. } | Derivation::Hkdf(_) => IV,
            _ => b"",
        },
        peer: None,
        keys: &[],
        block: None,
        skipped_bytes: 0,
    };
    let derived = derive::derive(&Source::Key(&key(AES)), &how, &[], 40)?;
    Ok(derived.expose().to_vec())
}

/// A key of known bytes, which protects nothing.
fn key(spec: KeySpec) -> Material {
    let bytes = (1..).take(spec.secret_bytes()).collect::<Vec<u8>>();
    Material::Secret {
        spec,
        bytes: Secret::new(bytes),
    }
}

const AES: KeySpec = KeySpec::Aes { bits: 256 };
const TRIPLE_DES: KeySpec = KeySpec::TripleDes { bits: 168 };
const PLAIN: &[u8] = b"thirty-two bytes for every mode.";
const IV: &[u8] = b"one block of IV.";
