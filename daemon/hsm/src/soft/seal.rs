//! Sealing under the master: keys into self-contained references, data into labelled blobs.
//!
//! ```text
//! key   1 │ flags │ kind │ of │ bits, 2 │ id length │ id …      │ salt, 16 │ ciphertext … │ tag, 16
//! data  1 │                                                     │ salt, 16 │ ciphertext … │ tag, 16
//!       └────────────── authenticated, with the label ──────────┘          └── AES-256-GCM ────────┘
//! ```
//!
//! Each blob has a key and a nonce of its own, HKDF-SHA-256 of the master and the random salt, so no number of blobs
//! comes near GCM's limits.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hkdf,
};
use kmip::Secret;
use zeroize::Zeroizing;

use super::{engine::failed, master::Master, rng};
use crate::{Error, KeyRef, Material, Result, Sealed, Terms, kind};

/// A key opened again, and what was sealed with it.
pub(super) struct OpenedKey {
    /// Whether the key may leave.
    pub(super) exportable: bool,
    /// The key.
    pub(super) material: Material,
}

/// Seals a key with its kind, its identifier and whether it may leave.
pub(super) fn seal_key(master: &Master, material: &Material, terms: &Terms) -> Result<KeyRef> {
    let (spec, bytes) = match material {
        Material::Secret { spec, bytes } => (*spec, bytes),
        Material::Private { spec, pkcs8 } => (*spec, pkcs8),
    };
    let id_bytes = u8::try_from(terms.id.len())
        .map_err(|_| Error::BadInput("an identifier of more than 255 bytes"))?;
    let mut blob = vec![VERSION, u8::from(terms.exportable)];
    blob.extend(kind::to_bytes(spec, FIRST));
    blob.push(id_bytes);
    blob.extend(&terms.id);
    let header = blob.clone();
    append(master, Purpose::Key, &[&header], bytes.expose(), &mut blob)?;
    Ok(KeyRef(blob))
}

/// Opens a key. What was not made by [`seal_key`] under this master is corrupt.
pub(super) fn open_key(master: &Master, key: &KeyRef) -> Result<OpenedKey> {
    let blob = key.0.as_slice();
    let [VERSION, flags @ 0..=1, kind, of, high, low, id_bytes, ..] = blob else {
        return Err(Error::KeyNotFound);
    };
    let (header, body) = blob
        .split_at_checked(KEY_HEADER_BYTES + usize::from(*id_bytes))
        .ok_or(Error::Corrupt)?;
    let bytes = open_body(master, Purpose::Key, &[header], body)?;
    let spec = kind::from_bytes([*kind, *of, *high, *low], FIRST).ok_or(Error::Corrupt)?;
    Ok(OpenedKey {
        exportable: *flags == 1,
        material: if spec.is_asymmetric() {
            Material::Private { spec, pkcs8: bytes }
        } else {
            Material::Secret { spec, bytes }
        },
    })
}

/// Seals data to a label.
pub(super) fn seal(master: &Master, plain: &Secret, label: &[u8]) -> Result<Sealed> {
    let mut blob = vec![VERSION];
    append(
        master,
        Purpose::Data,
        &[&[VERSION], label],
        plain.expose(),
        &mut blob,
    )?;
    Ok(Sealed(blob))
}

/// Opens data sealed to a label.
pub(super) fn open(master: &Master, sealed: &Sealed, label: &[u8]) -> Result<Secret> {
    match sealed.0.split_first() {
        Some((&VERSION, body)) => open_body(master, Purpose::Data, &[&[VERSION], label], body),
        _ => Err(Error::Corrupt),
    }
}

/// Seals a master key under a secret from which it can be opened again; the header is authenticated.
pub(super) fn seal_master(master: &Master, under: &Secret, header: &[u8]) -> Result<Vec<u8>> {
    let mut blob = Vec::new();
    let under = Master::of(under.expose())?;
    append(
        &under,
        Purpose::Master,
        &[header],
        master.secret().expose(),
        &mut blob,
    )?;
    Ok(blob)
}

/// Opens what [`seal_master`] sealed.
pub(super) fn open_master(body: &[u8], under: &Secret, header: &[u8]) -> Result<Secret> {
    open_body(
        &Master::of(under.expose())?,
        Purpose::Master,
        &[header],
        body,
    )
}

/// What a derived key is for: a blob of one kind can never be opened as another.
#[derive(Clone, Copy)]
enum Purpose {
    Data,
    Key,
    Master,
}

impl Purpose {
    const fn info(self) -> &'static [u8] {
        match self {
            Self::Data => b"keyhold soft 1 data",
            Self::Key => b"keyhold soft 1 key",
            Self::Master => b"keyhold soft 1 master",
        }
    }
}

/// Appends salt, ciphertext and tag.
fn append(
    master: &Master,
    purpose: Purpose,
    bound: &[&[u8]],
    plain: &[u8],
    blob: &mut Vec<u8>,
) -> Result<()> {
    let mut salt = [0; SALT_BYTES];
    rng::fill(&mut salt)?;
    let (key, nonce) = derive(master, purpose, &salt)?;
    blob.extend(salt);
    let mut sealed = vec![0; plain.len()];
    let mut tag = [0; TAG_BYTES];
    key.seal_out_of_place_scatter(
        nonce,
        Aad::from(bound.concat()),
        plain,
        &mut sealed,
        &[],
        &mut tag,
    )
    .map_err(failed)?;
    blob.extend(sealed);
    blob.extend(tag);
    Ok(())
}

fn open_body(master: &Master, purpose: Purpose, bound: &[&[u8]], body: &[u8]) -> Result<Secret> {
    let (salt, body) = body
        .split_first_chunk::<SALT_BYTES>()
        .ok_or(Error::Corrupt)?;
    let (sealed, tag) = body.split_last_chunk::<TAG_BYTES>().ok_or(Error::Corrupt)?;
    let (key, nonce) = derive(master, purpose, salt)?;
    let mut plain = Zeroizing::new(vec![0; sealed.len()]);
    key.open_separate_gather(nonce, Aad::from(bound.concat()), sealed, tag, &mut plain)
        .map_err(|_| Error::Corrupt)?;
    Ok(Secret::new(std::mem::take(&mut *plain)))
}

fn derive(
    master: &Master,
    purpose: Purpose,
    salt: &[u8; SALT_BYTES],
) -> Result<(LessSafeKey, Nonce)> {
    let mut okm = Zeroizing::new([0; KEY_BYTES + NONCE_BYTES]);
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(master.secret().expose())
        .expand(&[purpose.info()], OkmLength)
        .and_then(|okm_source| okm_source.fill(okm.as_mut_slice()))
        .map_err(failed)?;
    let (key, nonce) = okm.split_at_checked(KEY_BYTES).unwrap_or_default();
    let key = UnboundKey::new(&AES_256_GCM, key).map_err(failed)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(failed)?;
    Ok((LessSafeKey::new(key), nonce))
}

struct OkmLength;

impl hkdf::KeyType for OkmLength {
    fn len(&self) -> usize {
        KEY_BYTES + NONCE_BYTES
    }
}

/// Kinds of keys count the places of their tables from here.
const FIRST: u8 = 1;
const VERSION: u8 = 1;
const KEY_HEADER_BYTES: usize = 7;
const SALT_BYTES: usize = 16;
const TAG_BYTES: usize = 16;
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_be_opened_as_a_key() {
        let master = Master::ephemeral().unwrap();
        let header = [VERSION, 1, 1, 0, 1, 0, 0];
        let mut blob = header.to_vec();
        append(&master, Purpose::Data, &[&header], &[7; 32], &mut blob).unwrap();
        assert_eq!(open_key(&master, &KeyRef(blob)).err(), Some(Error::Corrupt));
    }
}
