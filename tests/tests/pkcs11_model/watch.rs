//! Keys that must not be seen, and how each is recognised without being known: by what it has once answered.

use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{EcGroup, EcKey, EcPoint},
    nid::Nid,
    pkey::{Id, PKey},
    symm::Mode,
};

use crate::crypto::{cmac, ecb, hkdf, hmac, key_unwrapped};

/// What is encrypted, decrypted and signed to know a key again.
pub const BLOCK: [u8; 16] = *b"know me again by";
/// What is wrapped for it.
pub const UNDER: [u8; 16] = *b"this goes under.";
/// What HKDF is told for it.
pub const INFO: &[u8] = b"known again";

/// What is known of a key that nobody has seen.
#[derive(Debug)]
pub enum Answer {
    /// Its value, for it was brought.
    Value(Vec<u8>),
    /// [`BLOCK`] encrypted.
    Encrypted(Vec<u8>),
    /// [`BLOCK`] decrypted.
    Decrypted(Vec<u8>),
    /// The CMAC of [`BLOCK`].
    Cmac(Vec<u8>),
    /// The HMAC of [`BLOCK`].
    Hmac(Vec<u8>),
    /// [`UNDER`], wrapped.
    Wrapped(Vec<u8>),
    /// The HMAC of [`BLOCK`] with the key that is derived of it for [`INFO`].
    Derived(Vec<u8>),
    /// The public half, as SubjectPublicKeyInfo.
    Public(Vec<u8>),
}

/// A key that must not be seen.
struct Hidden {
    name: String,
    bytes: usize,
    answer: Answer,
}

/// All that must not be seen.
#[derive(Default)]
pub struct Watch(Vec<Hidden>);

impl Watch {
    /// Looks out for a key of so many bytes from now on.
    pub fn hide(&mut self, name: String, bytes: usize, answer: Answer) {
        self.0.push(Hidden {
            name,
            bytes,
            answer,
        });
    }

    /// Fails where a key stands in what came back.
    pub fn see(&self, told: &str, bytes: &[u8]) {
        for hidden in &self.0 {
            assert!(
                !hidden.is_in(bytes),
                "{told} tells {}: {}",
                hidden.name,
                hex::encode(bytes)
            );
        }
    }
}

impl Hidden {
    fn is_in(&self, bytes: &[u8]) -> bool {
        match &self.answer {
            Answer::Public(info) => is_private_half(info, bytes),
            Answer::Value(value) => bytes.windows(value.len()).any(|own| own == value),
            _ => places(bytes, self.bytes).any(|own| self.answers(own)),
        }
    }

    /// Whether a key answers as the hidden one did.
    fn answers(&self, key: &[u8]) -> bool {
        match &self.answer {
            Answer::Encrypted(told) => ecb(Mode::Encrypt, key, &BLOCK).as_ref() == Some(told),
            Answer::Decrypted(told) => ecb(Mode::Decrypt, key, &BLOCK).as_ref() == Some(told),
            Answer::Cmac(told) => cmac(key, &BLOCK).as_ref() == Some(told),
            Answer::Hmac(told) => hmac(key, &BLOCK) == *told,
            Answer::Wrapped(told) => {
                let opened = key_unwrapped(told, |block| ecb(Mode::Decrypt, key, block));
                opened.is_some_and(|opened| opened == UNDER)
            }
            Answer::Derived(told) => hmac(&hkdf(key, INFO, 32), &BLOCK) == *told,
            Answer::Value(_) | Answer::Public(_) => false,
        }
    }
}

/// Where a key of so many bytes may stand: long answers are structures of whole words, or hold no secret key at all.
fn places(bytes: &[u8], key_bytes: usize) -> impl Iterator<Item = &[u8]> {
    let step = if bytes.len() > 64 { 8 } else { 1 };
    bytes.windows(key_bytes).step_by(step)
}

/// Whether bytes are the private half of a public key: in PKCS #8, as a scalar or seed, or as a prime of a modulus.
fn is_private_half(info: &[u8], bytes: &[u8]) -> bool {
    let Ok(public) = PKey::public_key_from_der(info) else {
        return false;
    };
    let encoded = |own: Result<Vec<u8>, _>| own.is_ok_and(|own: Vec<u8>| own == info);
    // What follows the structure is the padding of what it was under.
    let whole = der_bytes(bytes).and_then(|end| bytes.get(..end));
    if let Some(Ok(key)) = whole.map(PKey::private_key_from_pkcs8)
        && encoded(key.public_key_to_der())
    {
        return true;
    }
    match public.id() {
        Id::RSA => {
            let rsa = public.rsa().unwrap();
            let factor = BigNum::from_slice(bytes).unwrap();
            let mut rest = BigNum::new().unwrap();
            let mut context = BigNumContext::new().unwrap();
            bytes.len() >= 64
                && bytes.len() < 256
                && rest.checked_rem(rsa.n(), &factor, &mut context).is_ok()
                && rest.num_bits() == 0
        }
        Id::ED25519 | Id::X25519 => places(bytes, 32).any(|own| {
            PKey::private_key_from_raw_bytes(own, public.id())
                .is_ok_and(|key| encoded(key.public_key_to_der()))
        }),
        Id::EC if bytes.len() == 32 => encoded(of_scalar(bytes)),
        _ => false,
    }
}

/// The public key of a scalar on P-256.
fn of_scalar(scalar: &[u8]) -> Result<Vec<u8>, openssl::error::ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    let scalar = BigNum::from_slice(scalar)?;
    let mut point = EcPoint::new(&group)?;
    point.mul_generator2(&group, &scalar, &mut *BigNumContext::new()?)?;
    PKey::from_ec_key(EcKey::from_public_key(&group, &point)?)?.public_key_to_der()
}

/// How long the structure is that bytes begin with.
fn der_bytes(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [0x30, short @ ..=0x7F, ..] => Some(2 + usize::from(*short)),
        [0x30, 0x81, length, ..] => Some(3 + usize::from(*length)),
        [0x30, 0x82, high, low, ..] => Some(4 + usize::from(u16::from_be_bytes([*high, *low]))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A watch that recognises nothing would let everything pass.
    #[test]
    fn keys_are_recognised() {
        let key = [0x2F_u8; 32];
        let blob = {
            let kek = openssl::aes::AesKey::new_encrypt(&key).unwrap();
            let mut out = vec![0; 24];
            openssl::aes::wrap_key(&kek, None, &mut out, &UNDER).unwrap();
            out
        };
        let pair = PKey::from_ec_key(
            EcKey::generate(&EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap()).unwrap(),
        )
        .unwrap();
        let info = pair.public_key_to_der().unwrap();
        let scalar = pair
            .ec_key()
            .unwrap()
            .private_key()
            .to_vec_padded(32)
            .unwrap();
        let pkcs8 = pair.private_key_to_pkcs8().unwrap();
        let all = [
            (Answer::Value(key.to_vec()), key.to_vec()),
            (
                Answer::Encrypted(ecb(Mode::Encrypt, &key, &BLOCK).unwrap()),
                key.to_vec(),
            ),
            (
                Answer::Decrypted(ecb(Mode::Decrypt, &key, &BLOCK).unwrap()),
                key.to_vec(),
            ),
            (Answer::Cmac(cmac(&key, &BLOCK).unwrap()), key.to_vec()),
            (Answer::Hmac(hmac(&key, &BLOCK)), key.to_vec()),
            (Answer::Wrapped(blob), key.to_vec()),
            (
                Answer::Derived(hmac(&hkdf(&key, INFO, 32), &BLOCK)),
                key.to_vec(),
            ),
            (Answer::Public(info.clone()), scalar),
            (Answer::Public(info), [pkcs8, vec![0; 5]].concat()),
        ];
        for (answer, told) in all {
            let hidden = Hidden {
                name: String::new(),
                bytes: 32,
                answer,
            };
            assert!(hidden.is_in(&told), "{:?}", hidden.answer);
            if !matches!(hidden.answer, Answer::Public(_)) {
                assert!(hidden.is_in(&[&[1, 2, 3], &told[..], &[4]].concat()));
            }
            let mut other = told.clone();
            *other.get_mut(20).unwrap() ^= 1;
            assert!(!hidden.is_in(&other), "{:?}", hidden.answer);
        }
    }
}
