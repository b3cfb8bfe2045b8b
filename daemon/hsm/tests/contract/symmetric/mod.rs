//! Known answers of the modes, ciphers and MACs beside AES-CBC, AES-GCM and HMAC.

mod ciphers;
mod macs;

use kmip::mechanism::KeySpec;

fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

const AES_128: KeySpec = KeySpec::Aes { bits: 128 };

const AES_256: KeySpec = KeySpec::Aes { bits: 256 };

const TWO_KEYS: KeySpec = KeySpec::TripleDes { bits: 112 };

const THREE_KEYS: KeySpec = KeySpec::TripleDes { bits: 168 };

const KEY_128: &str = "2b7e151628aed2a6abf7158809cf4f3c";

const DES_2: &str = "4cf15134a2850dd58a3d10ba80570d38";

const DES_3: &str = "8aa83bf8cbda10620bc1bf19fbb6cd58bc313d4a371ca8b5";

const TWO_BLOCKS: &str = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51";
