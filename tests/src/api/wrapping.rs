//! The parameters of mechanisms that wrap, of which one gives the IV.

use std::sync::{Arc, Mutex};

use cryptoki_sys as ck;

use super::{
    Ulong,
    calls::ulong,
    mechanism::{pointer, with},
};

/// Where an IV comes that is made inside.
#[derive(Clone, Debug, Default)]
pub struct Place(Arc<Mutex<[u8; 12]>>);

impl Place {
    /// The IV that came last.
    ///
    /// # Panics
    /// When a call has panicked.
    #[must_use]
    pub fn iv(&self) -> [u8; 12] {
        *self.0.lock().unwrap()
    }
}

/// `CK_GCM_WRAP_PARAMS`, of which the IV is made inside.
pub(super) fn gcm<T>(
    kind: Ulong,
    place: &Place,
    (additional, tag_bits): (&[u8], Ulong),
    call: impl FnOnce(*mut ck::CK_MECHANISM) -> T,
) -> T {
    let mut iv = place.0.lock().unwrap();
    let own = ck::CK_GCM_WRAP_PARAMS {
        pIv: iv.as_mut_ptr(),
        ulIvLen: ulong(iv.len()),
        ulIvFixedBits: 0,
        ivGenerator: ck::CKG_GENERATE,
        pAAD: pointer(additional),
        ulAADLen: ulong(additional.len()),
        ulTagBits: tag_bits,
    };
    with(kind, own, call)
}

/// `CK_RSA_AES_KEY_WRAP_PARAMS`: bits, and of the parameter in it hash and mask generation function.
pub(super) fn rsa_aes<T>(
    kind: Ulong,
    (bits, hash, mgf): (Ulong, Ulong, Ulong),
    call: impl FnOnce(*mut ck::CK_MECHANISM) -> T,
) -> T {
    let mut oaep = ck::CK_RSA_PKCS_OAEP_PARAMS::default();
    (oaep.hashAlg, oaep.mgf, oaep.source) = (hash, mgf, ck::CKZ_DATA_SPECIFIED);
    let own = ck::CK_RSA_AES_KEY_WRAP_PARAMS {
        ulAESKeyBits: bits,
        pOAEPParams: &raw mut oaep,
    };
    with(kind, own, call)
}
