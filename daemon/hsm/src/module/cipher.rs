//! Encryption and decryption with locked keys.

use cryptoki_sys as ck;
use kmip::{
    Secret,
    mechanism::{Cipher, KeySpec, Padding},
};

use super::{
    error::Result,
    mechanism::{hash_number, mask_number},
    oaep, random,
    raw::{Mechanism, Parameter, Step},
    reject,
    seat::{Loaded, Seat},
    wrap,
    wrapping::Method,
};
use crate::{
    Decryption, Encrypted, Encryption, Error, padding,
    soft::engine::{bounded, decryption_failed},
};

/// What the ciphers of one module need to know of it.
pub(super) struct Settings {
    /// The mechanism that is RFC 5649: CKM_AES_KEY_WRAP_KWP, or what was sold as it before PKCS #11 3.0.
    pub(super) wrap_padded: ck::CK_MECHANISM_TYPE,
    /// Whether the module gives the bare RSA operation, so that paddings are looked at here.
    pub(super) raw_rsa: bool,
    /// The kinds of keys that can be kept wrapped, and how.
    pub(super) wrapped: Vec<(KeySpec, Method)>,
    /// A secret of the token, behind the answers to wrong RSA paddings.
    pub(super) rejection: Secret,
}

/// Encrypts with a secret key.
pub(super) fn encrypt(
    seat: &Seat,
    key: &Loaded,
    settings: &Settings,
    cipher: &Cipher,
    input: Encryption<'_>,
) -> Result<Encrypted> {
    bounded(input.plain)?;
    bounded(input.associated)?;
    check_extras(cipher, input.iv, None, input.associated)?;
    let run = |number, parameter, plain: &[u8], more: usize| {
        let mechanism = Mechanism { number, parameter };
        let out_max = plain.len() + more;
        let out = seat.library.raw.run(
            &seat.session,
            Step::Encrypt,
            mechanism,
            key.handle,
            plain,
            out_max,
        )?;
        if out.len() == out_max {
            Ok(out)
        } else {
            Err(Error::Failed("the module gave a ciphertext of a wrong length".into()).into())
        }
    };
    let made = match (input.iv, cipher.iv_bytes()) {
        (None, Some(bytes)) => Some(random(bytes)?),
        _ => None,
    };
    let iv = input.iv.or(made.as_deref()).unwrap_or_default();
    let (data, tag) = match cipher {
        Cipher::AesEcb(padding)
        | Cipher::AesCbc(padding)
        | Cipher::TripleDesEcb(padding)
        | Cipher::TripleDesCbc(padding) => {
            let (number, parameter, block_bytes) = block_mode(cipher, iv);
            let plain = padding::padded(*padding, block_bytes, input.plain)?;
            let run = |plain: &[u8]| run(number, parameter, plain, 0);
            (unless_empty(&plain, run)?, None)
        }
        Cipher::AesCtr => (counted(seat, key, Step::Encrypt, iv, input.plain)?, None),
        Cipher::AesGcm { tag_bytes } => {
            if matches!(tag_bytes, 4 | 8) {
                return Err(Error::BadInput("so short a tag is only checked, never made").into());
            }
            let parameter = gcm(iv, input.associated, *tag_bytes);
            let mut data = run(ck::CKM_AES_GCM, parameter, input.plain, (*tag_bytes).into())?;
            let tag = data.split_off(input.plain.len());
            (data, Some(tag))
        }
        Cipher::AesKeyWrap | Cipher::AesKeyWrapPadded => {
            let mechanism = wrapping(cipher, settings);
            (wrap::wrap(seat, key, mechanism, cipher, input.plain)?, None)
        }
        Cipher::RsaPkcs1 | Cipher::RsaOaep { .. } => return Err(Error::KeyTypeMismatch.into()),
        _ => return Err(Error::Unsupported.into()),
    };
    Ok(Encrypted {
        data,
        iv: made,
        tag,
    })
}

/// Decrypts with a secret or private key.
pub(super) fn decrypt(
    seat: &Seat,
    key: &Loaded,
    settings: &Settings,
    cipher: &Cipher,
    input: Decryption<'_>,
) -> Result<Secret> {
    bounded(input.data)?;
    bounded(input.associated)?;
    check_extras(cipher, input.iv, input.tag, input.associated)?;
    if input.iv.is_none() && cipher.iv_bytes().is_some() {
        return Err(Error::BadInput("the mode needs the IV").into());
    }
    let iv = input.iv.unwrap_or_default();
    let blocks = |padding: Padding| {
        let (number, parameter, block_bytes) = block_mode(cipher, iv);
        padding::check_whole(padding, block_bytes, input.data.len())?;
        let mechanism = Mechanism { number, parameter };
        let plain = unless_empty(input.data, |data| {
            run_decrypt(seat, key, mechanism, data, data.len())
        })?;
        padding::unpadded(padding, block_bytes, Secret::new(plain)).map_err(Into::into)
    };
    match cipher {
        Cipher::AesEcb(padding)
        | Cipher::AesCbc(padding)
        | Cipher::TripleDesEcb(padding)
        | Cipher::TripleDesCbc(padding) => blocks(*padding),
        Cipher::AesCtr => counted(seat, key, Step::Decrypt, iv, input.data).map(Secret::new),
        Cipher::AesGcm { tag_bytes } => {
            let tag = input
                .tag
                .filter(|tag| tag.len() == usize::from(*tag_bytes))
                .ok_or(Error::BadInput("GCM needs a tag of the length agreed"))?;
            let mechanism = Mechanism {
                number: ck::CKM_AES_GCM,
                parameter: gcm(iv, input.associated, *tag_bytes),
            };
            let data = [input.data, tag].concat();
            // Modules want room for the tag too, though they do not return it.
            let plain = Secret::new(run_decrypt(seat, key, mechanism, &data, data.len())?);
            if plain.len() == input.data.len() {
                Ok(plain)
            } else {
                Err(decryption_failed().into())
            }
        }
        Cipher::AesKeyWrap | Cipher::AesKeyWrapPadded => {
            let mechanism = wrapping(cipher, settings);
            wrap::unwrap(seat, key, mechanism, cipher, input.data)
        }
        Cipher::RsaPkcs1 | Cipher::RsaOaep { .. } => {
            decrypt_rsa(seat, key, settings, cipher, input.data)
        }
        _ => Err(Error::Unsupported.into()),
    }
}

/// The mechanism, its parameter and the length of a block, of a mode that works in whole blocks.
const fn block_mode<'a>(
    cipher: &Cipher,
    iv: &'a [u8],
) -> (ck::CK_MECHANISM_TYPE, Parameter<'a>, usize) {
    match cipher {
        Cipher::TripleDesEcb(_) => (ck::CKM_DES3_ECB, Parameter::None, 8),
        Cipher::TripleDesCbc(_) => (ck::CKM_DES3_CBC, Parameter::Iv(iv), 8),
        Cipher::AesCbc(_) => (ck::CKM_AES_CBC, Parameter::Iv(iv), BLOCK_BYTES),
        _ => (ck::CKM_AES_ECB, Parameter::None, BLOCK_BYTES),
    }
}

fn decrypt_rsa(
    seat: &Seat,
    key: &Loaded,
    settings: &Settings,
    cipher: &Cipher,
    data: &[u8],
) -> Result<Secret> {
    let modulus_bytes = usize::from(key.spec.bits().div_ceil(8));
    if data.len() != modulus_bytes {
        return Err(Error::BadInput("an RSA ciphertext is as long as the modulus").into());
    }
    let bare = || {
        let raw = Mechanism {
            number: ck::CKM_RSA_X_509,
            parameter: Parameter::None,
        };
        run_decrypt(seat, key, raw, data, modulus_bytes).map(Secret::new)
    };
    let Cipher::RsaOaep {
        hash,
        mask_hash,
        label,
    } = cipher
    else {
        return Ok(reject::message(&bare()?, &settings.rejection, data)?);
    };
    if settings.raw_rsa {
        let pair = (*hash, *mask_hash);
        return Ok(oaep::message(&bare()?, modulus_bytes, pair, label)?);
    }
    let mechanism = Mechanism {
        number: ck::CKM_RSA_PKCS_OAEP,
        parameter: Parameter::Oaep {
            hash: hash_number(*hash),
            mask: mask_number(*mask_hash).ok_or(Error::Unsupported)?,
            label,
        },
    };
    run_decrypt(seat, key, mechanism, data, modulus_bytes).map(Secret::new)
}

/// Decrypts, and tells nobody in what way a ciphertext was wrong.
fn run_decrypt(
    seat: &Seat,
    key: &Loaded,
    mechanism: Mechanism<'_>,
    data: &[u8],
    out_max: usize,
) -> Result<Vec<u8>> {
    seat.library
        .raw
        .run(
            &seat.session,
            Step::Decrypt,
            mechanism,
            key.handle,
            data,
            out_max,
        )
        .map_err(super::error::of_decryption)
}

/// AES-CTR over the whole block: where the counter returns to zero, modules refuse, so a second call begins there.
fn counted(seat: &Seat, key: &Loaded, step: Step, iv: &[u8], data: &[u8]) -> Result<Vec<u8>> {
    let first = <[u8; BLOCK_BYTES]>::try_from(iv)
        .map_err(|_| Error::BadInput("the mode needs an IV of 16 bytes"))?;
    let blocks_left = u128::from_be_bytes(first).wrapping_neg();
    let before = usize::try_from(blocks_left)
        .ok()
        .filter(|&blocks| blocks > 0)
        .and_then(|blocks| blocks.checked_mul(BLOCK_BYTES))
        .map_or(data.len(), |bytes| bytes.min(data.len()));
    let (before, after) = data.split_at_checked(before).unwrap_or((data, &[]));
    let run = |counter, data: &[u8]| {
        let mechanism = Mechanism {
            number: ck::CKM_AES_CTR,
            parameter: Parameter::Counter(counter),
        };
        unless_empty(data, |data| {
            let raw = &seat.library.raw;
            Ok(raw.run(&seat.session, step, mechanism, key.handle, data, data.len())?)
        })
    };
    let mut out = run(first, before)?;
    if !after.is_empty() {
        out.extend(zeroize::Zeroizing::new(run([0; BLOCK_BYTES], after)?).iter());
    }
    Ok(out)
}

fn wrapping(cipher: &Cipher, settings: &Settings) -> Mechanism<'static> {
    Mechanism {
        number: match cipher {
            Cipher::AesKeyWrapPadded => settings.wrap_padded,
            _ => ck::CKM_AES_KEY_WRAP,
        },
        parameter: Parameter::None,
    }
}

fn gcm<'a>(iv: &'a [u8], associated: &'a [u8], tag_bytes: u8) -> Parameter<'a> {
    Parameter::Gcm {
        iv,
        associated,
        tag_bytes,
    }
}

/// Whether a key of this kind does that at all.
pub(super) fn fits(spec: KeySpec, cipher: &Cipher) -> bool {
    match cipher {
        Cipher::RsaPkcs1 | Cipher::RsaOaep { .. } => matches!(spec, KeySpec::Rsa { .. }),
        Cipher::TripleDesEcb(_)
        | Cipher::TripleDesCbc(_)
        | Cipher::TripleDesCfb
        | Cipher::TripleDesOfb => matches!(spec, KeySpec::TripleDes { .. }),
        Cipher::ChaCha20 | Cipher::ChaCha20Poly1305 { .. } => {
            matches!(spec, KeySpec::ChaCha20 | KeySpec::ChaCha20Poly1305)
        }
        _ => matches!(spec, KeySpec::Aes { .. }),
    }
}

/// Refuses an IV, tag or associated data that the mode has not, and an IV of a wrong length.
fn check_extras(
    cipher: &Cipher,
    iv: Option<&[u8]>,
    tag: Option<&[u8]>,
    associated: &[u8],
) -> Result<()> {
    let is_gcm = matches!(cipher, Cipher::AesGcm { .. });
    if !is_gcm && (tag.is_some() || !associated.is_empty()) {
        return Err(Error::BadInput("a tag or associated data in a mode without any").into());
    }
    let fits = match (cipher, iv) {
        (_, None) => true,
        (Cipher::AesGcm { .. }, Some(iv)) => (1..=GCM_IV_BYTES_MAX).contains(&iv.len()),
        (cipher, Some(iv)) => cipher.iv_bytes() == Some(iv.len()),
    };
    if fits {
        Ok(())
    } else {
        Err(Error::BadInput("an IV that the mode has not, or of a wrong length").into())
    }
}

/// Some modules refuse to do nothing.
fn unless_empty(data: &[u8], run: impl FnOnce(&[u8]) -> Result<Vec<u8>>) -> Result<Vec<u8>> {
    if data.is_empty() {
        return Ok(Vec::new());
    }
    run(data)
}

/// The block of AES.
const BLOCK_BYTES: usize = 16;
/// As much as the embedded HSM takes.
const GCM_IV_BYTES_MAX: usize = 128;
