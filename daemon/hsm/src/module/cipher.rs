//! Encryption and decryption with locked keys.

use cryptoki_sys as ck;
use kmip::{
    Secret,
    mechanism::{Cipher, KeySpec, Padding},
};

use super::{
    error::Result,
    mechanism::{hash_number, mask_number},
    oaep, padding, random,
    raw::{Mechanism, Parameter, Step},
    reject,
    seat::{Loaded, Seat},
    wrap,
};
use crate::{
    Decryption, Encrypted, Encryption, Error,
    soft::engine::{bounded, decryption_failed},
};

/// What the ciphers of one module need to know of it.
pub(super) struct Settings {
    /// The mechanism that is RFC 5649: CKM_AES_KEY_WRAP_KWP, or what was sold as it before PKCS #11 3.0.
    pub(super) wrap_padded: ck::CK_MECHANISM_TYPE,
    /// Whether the module gives the bare RSA operation, so that paddings are looked at here.
    pub(super) raw_rsa: bool,
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
    let made = match (input.iv, iv_bytes(cipher)) {
        (None, Some(bytes)) => Some(random(bytes)?),
        _ => None,
    };
    let iv = input.iv.or(made.as_deref()).unwrap_or_default();
    let (data, tag) = match cipher {
        Cipher::AesEcb(padding) => {
            let plain = padding::padded(*padding, input.plain)?;
            let run = |plain: &[u8]| run(ck::CKM_AES_ECB, Parameter::None, plain, 0);
            (unless_empty(&plain, run)?, None)
        }
        Cipher::AesCbc(padding) => {
            let plain = padding::padded(*padding, input.plain)?;
            let run = |plain: &[u8]| run(ck::CKM_AES_CBC, Parameter::Iv(iv), plain, 0);
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
    if input.iv.is_none() && iv_bytes(cipher).is_some() {
        return Err(Error::BadInput("the mode needs the IV").into());
    }
    let iv = input.iv.unwrap_or_default();
    let blocks = |number, parameter, padding: Padding| {
        padding::check_whole(padding, input.data)?;
        let mechanism = Mechanism { number, parameter };
        let plain = unless_empty(input.data, |data| {
            run_decrypt(seat, key, mechanism, data, data.len())
        })?;
        padding::unpadded(padding, Secret::new(plain)).map_err(Into::into)
    };
    match cipher {
        Cipher::AesEcb(padding) => blocks(ck::CKM_AES_ECB, Parameter::None, *padding),
        Cipher::AesCbc(padding) => blocks(ck::CKM_AES_CBC, Parameter::Iv(iv), *padding),
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
    }
}

fn decrypt_rsa(
    seat: &Seat,
    key: &Loaded,
    settings: &Settings,
    cipher: &Cipher,
    data: &[u8],
) -> Result<Secret> {
    let modulus_bytes = key.rsa.as_ref().map_or(data.len(), |rsa| rsa.size());
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
            mask: mask_number(*mask_hash),
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
    let first = <[u8; padding::BLOCK_BYTES]>::try_from(iv)
        .map_err(|_| Error::BadInput("the mode needs an IV of 16 bytes"))?;
    let blocks_left = u128::from_be_bytes(first).wrapping_neg();
    let before = usize::try_from(blocks_left)
        .ok()
        .filter(|&blocks| blocks > 0)
        .and_then(|blocks| blocks.checked_mul(padding::BLOCK_BYTES))
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
        out.extend(zeroize::Zeroizing::new(run([0; padding::BLOCK_BYTES], after)?).iter());
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
    let is_rsa = matches!(cipher, Cipher::RsaPkcs1 | Cipher::RsaOaep { .. });
    match spec {
        KeySpec::Aes { .. } => !is_rsa,
        KeySpec::Rsa { .. } => is_rsa,
        KeySpec::Hmac { .. } | KeySpec::Ec(_) => false,
    }
}

/// The length of an IV made here, of the modes that have one.
fn iv_bytes(cipher: &Cipher) -> Option<usize> {
    match cipher {
        Cipher::AesCbc(_) | Cipher::AesCtr => Some(padding::BLOCK_BYTES),
        Cipher::AesGcm { .. } => Some(12),
        _ => None,
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
        (Cipher::AesCbc(_) | Cipher::AesCtr, Some(iv)) => iv.len() == padding::BLOCK_BYTES,
        (Cipher::AesGcm { .. }, Some(iv)) => (1..=GCM_IV_BYTES_MAX).contains(&iv.len()),
        (_, Some(_)) => false,
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

/// As much as the embedded HSM takes.
const GCM_IV_BYTES_MAX: usize = 128;
