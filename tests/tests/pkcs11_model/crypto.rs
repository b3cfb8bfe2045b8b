//! The cryptography of whoever recognises a key, or has keys of his own: another implementation than the daemon's where
//! there is one, and RFC 3394 once more.

use openssl::{
    hash::MessageDigest,
    pkey::{PKey, Private},
    sign::Signer,
    symm::{Cipher, Crypter, Mode},
};

/// A key's block cipher in ECB, without padding; `None` where no AES key is so long.
pub fn ecb(mode: Mode, key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let cipher = match key.len() {
        16 => Cipher::aes_128_ecb(),
        24 => Cipher::aes_192_ecb(),
        32 => Cipher::aes_256_ecb(),
        _ => return None,
    };
    crypted(cipher, mode, key, None, data)
}

/// CBC without regard to the padding.
pub fn cbc_opened(key: &[u8], iv: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let cipher = match key.len() {
        16 => Cipher::aes_128_cbc(),
        24 => Cipher::aes_192_cbc(),
        32 => Cipher::aes_256_cbc(),
        _ => return None,
    };
    crypted(cipher, Mode::Decrypt, key, Some(iv), data)
}

/// GCM's key stream over data, without regard to the tag.
pub fn gcm_opened(key: &[u8], nonce: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let cipher = match key.len() {
        16 => Cipher::aes_128_ctr(),
        24 => Cipher::aes_192_ctr(),
        32 => Cipher::aes_256_ctr(),
        _ => return None,
    };
    let counter = [nonce, &[0, 0, 0, 2]].concat();
    crypted(cipher, Mode::Decrypt, key, Some(&counter), data)
}

fn crypted(
    cipher: Cipher,
    mode: Mode,
    key: &[u8],
    iv: Option<&[u8]>,
    data: &[u8],
) -> Option<Vec<u8>> {
    let mut crypter = Crypter::new(cipher, mode, key, iv).unwrap();
    crypter.pad(false);
    let mut out = vec![0; data.len() + 32];
    let first = crypter.update(data, &mut out).ok()?;
    let last = crypter.finalize(&mut out[first..]).ok()?;
    out.truncate(first + last);
    Some(out)
}

/// AES key wrap undone (RFC 3394 §2.2.2, RFC 5649 §4.2) by whatever decrypts one block: what was under it, unchecked.
pub fn key_unwrapped(
    wrapped: &[u8],
    mut decrypt: impl FnMut(&[u8]) -> Option<Vec<u8>>,
) -> Option<Vec<u8>> {
    if wrapped.len() < 16 || !wrapped.len().is_multiple_of(8) {
        return None;
    }
    if wrapped.len() == 16 {
        return decrypt(wrapped);
    }
    let mut blocks: Vec<[u8; 8]> = wrapped
        .chunks_exact(8)
        .map(|block| block.try_into().unwrap())
        .collect();
    let count = blocks.len() - 1;
    for round in (0..6).rev() {
        for at in (1..=count).rev() {
            let step = u64::try_from(count * round + at).unwrap();
            let front = (u64::from_be_bytes(blocks[0]) ^ step).to_be_bytes();
            let both = decrypt(&[front, blocks[at]].concat())?;
            blocks[0].copy_from_slice(&both[..8]);
            blocks[at].copy_from_slice(&both[8..]);
        }
    }
    Some(blocks[1..].concat())
}

/// HMAC with SHA-256.
pub fn hmac(key: &[u8], data: &[u8]) -> Vec<u8> {
    signed(
        &PKey::hmac(key).unwrap(),
        Some(MessageDigest::sha256()),
        data,
    )
}

/// CMAC with AES.
pub fn cmac(key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let cipher = match key.len() {
        16 => Cipher::aes_128_cbc(),
        24 => Cipher::aes_192_cbc(),
        32 => Cipher::aes_256_cbc(),
        _ => return None,
    };
    Some(signed(&PKey::cmac(&cipher, key).unwrap(), None, data))
}

fn signed(key: &PKey<Private>, digest: Option<MessageDigest>, data: &[u8]) -> Vec<u8> {
    let mut signer = match digest {
        Some(digest) => Signer::new(digest, key).unwrap(),
        None => Signer::new_without_digest(key).unwrap(),
    };
    signer.sign_oneshot_to_vec(data).unwrap()
}

/// HKDF with SHA-256 and no salt: up to one block of it.
pub fn hkdf(key: &[u8], info: &[u8], bytes: usize) -> Vec<u8> {
    let extracted = hmac(&[0; 32], key);
    let mut expanded = hmac(&extracted, &[info, &[1]].concat());
    expanded.truncate(bytes);
    expanded
}
