//! The pairwise consistency test of a key pair in a token (FIPS 140-3 IG 10.3.A): what one half makes, the other undoes.

use kmip::{
    CryptographicUsageMask as Usage,
    mechanism::{Cipher, Hash, KeySpec, Signing},
};

use super::{
    ModuleHsm, cipher,
    error::Result,
    listed,
    seat::{Loaded, Seat},
    sign, template,
};
use crate::{Decryption, Error, Input, public};

/// Tests a new key in every way that its terms and the module allow. A secret key has nothing to agree with.
pub(super) fn agrees(hsm: &ModuleHsm, seat: &Seat, key: &Loaded, usage: Usage) -> Result<()> {
    if !key.spec.is_asymmetric() {
        return Ok(());
    }
    if public::spec(&key.public)? != key.spec {
        return Err(
            Error::BadKey("the module made a key of another kind than was asked for").into(),
        );
    }
    if usage.intersects(template::SIGNING)
        && let Some((signing, input)) = signing(hsm, key.spec)
    {
        // A signature is verified with the public half before it comes back.
        sign::sign(seat, key, signing, input)?;
    }
    if usage.intersects(Usage::Decrypt | Usage::UnwrapKey)
        && let Some(cipher) = decrypting(hsm, key.spec)
    {
        decrypts(hsm, seat, key, &cipher)?;
    }
    Ok(())
}

fn decrypts(hsm: &ModuleHsm, seat: &Seat, key: &Loaded, cipher: &Cipher) -> Result<()> {
    let made = public::encrypt(&key.public, cipher, MESSAGE)?;
    let input = Decryption {
        iv: None,
        associated: &[],
        tag: None,
        data: &made,
    };
    let plain = cipher::decrypt(seat, key, &hsm.settings, cipher, input)?;
    if plain.expose() == MESSAGE {
        return Ok(());
    }
    Err(Error::Failed("a new key pair of the module does not agree with itself".into()).into())
}

/// A signature that the module is known to make with this kind of key.
fn signing(hsm: &ModuleHsm, spec: KeySpec) -> Option<(Signing, Input<'static>)> {
    let wanted: &[Signing] = match spec {
        KeySpec::Rsa { .. } => &[
            Signing::RsaPkcs1(Some(Hash::Sha256)),
            Signing::RsaPss {
                hash: Hash::Sha256,
                mask_hash: Hash::Sha256,
                salt_bytes: 32,
            },
        ],
        KeySpec::Ec(curve) if curve.is_edwards() => &[Signing::Eddsa],
        _ => &[Signing::Ecdsa(Some(Hash::Sha256))],
    };
    let can = |signing: &&Signing| listed::signing(&hsm.capabilities.sign, **signing);
    Some((*wanted.iter().find(can)?, Input::Message(MESSAGE)))
}

/// A decryption that the module is known to do with this kind of key.
fn decrypting(hsm: &ModuleHsm, spec: KeySpec) -> Option<Cipher> {
    let hashes = [Hash::Sha256, Hash::Sha1];
    let mut wanted = hashes
        .map(|hash| Cipher::RsaOaep {
            hash,
            mask_hash: hash,
            label: Vec::new(),
        })
        .into_iter()
        .chain([Cipher::RsaPkcs1]);
    wanted.find(|own| cipher::fits(spec, own) && listed::cipher(&hsm.capabilities.cipher, own))
}

const MESSAGE: &[u8] = b"pairwise consistency";
