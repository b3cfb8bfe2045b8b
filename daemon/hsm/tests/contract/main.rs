//! The contract of `trait Hsm`: one suite, held against every backend there is.
//!
//! The embedded HSM always runs, SoftHSM2 and Kryoptic in children of the run; any other PKCS#11 module runs in the place of
//! the rest when `KEYHOLD_TEST_MODULE` names it. What a backend does not list among its capabilities it must refuse, and what it lists
//! it must do.
#![expect(
    clippy::unwrap_used,
    reason = "a test that meets what it did not expect stops"
)]

mod adoption;
mod bad_keys;
mod blocks;
mod capabilities;
mod crosscheck;
mod derivation;
mod encapsulation;
mod group;
mod keys;
mod make;
mod module;
mod parts;
mod remote;
mod roundtrips;
mod sealing;
mod signatures;
mod symmetric;
mod threads;
mod vectors;

use std::sync::LazyLock;

use hsm::{
    CustodyMode, Hsm, KeyRef, Material, Terms,
    soft::{self, Master, SoftHsm},
};
use kmip::{CryptographicUsageMask, mechanism::KeySpec};

/// Every backend of this run, by name.
pub(crate) fn backends() -> &'static [(&'static str, Box<dyn Hsm>)] {
    static BACKENDS: LazyLock<Vec<(&str, Box<dyn Hsm>)>> = LazyLock::new(|| {
        soft::start(soft::SECURE_HEAP_BYTES).unwrap();
        let soft = |cache_keys_max| -> Box<dyn Hsm> {
            Box::new(SoftHsm::new(Master::ephemeral().unwrap(), cache_keys_max))
        };
        // What a child is begun for, beside what its answers are compared with.
        if let Some(own) = group::open().or_else(module::open) {
            return vec![own, ("soft", soft(soft::CACHE_KEYS_MAX))];
        }
        vec![
            ("soft", soft(soft::CACHE_KEYS_MAX)),
            ("soft without a cache", soft(0)),
            ("soft behind sockets", remote::open()),
            ("a group of two", group::of_two()),
        ]
    });
    &BACKENDS
}

/// Terms of a key under an identifier of its own.
pub(crate) fn terms(exportable: bool) -> Terms {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Terms {
        id: [&std::process::id().to_be_bytes()[..], &number.to_be_bytes()].concat(),
        label: format!("contract {number}"),
        exportable,
        usage: [
            CryptographicUsageMask::Sign,
            CryptographicUsageMask::Encrypt,
            CryptographicUsageMask::Decrypt,
            CryptographicUsageMask::MACGenerate,
            CryptographicUsageMask::WrapKey,
            CryptographicUsageMask::UnwrapKey,
        ]
        .into_iter()
        .fold(CryptographicUsageMask::default(), |all, one| all | one),
        custody: module::custody(),
    }
}

/// A new locked key and its public half.
pub(crate) fn generate(hsm: &dyn Hsm, spec: KeySpec) -> (KeyRef, Option<Vec<u8>>) {
    let made = hsm.generate(spec, &terms(false)).unwrap();
    assert_eq!(made.public.is_some(), spec.is_asymmetric());
    assert_eq!(made.digest, None, "nobody is told of a locked key's bytes");
    (made.key, made.public)
}

/// Takes bytes over as a locked key, or `None` where the backend imports no such keys.
pub(crate) fn import(hsm: &dyn Hsm, spec: KeySpec, bytes: &[u8]) -> Option<KeyRef> {
    if !imports(hsm, spec) {
        return None;
    }
    let material = if spec.is_asymmetric() {
        Material::Private {
            spec,
            pkcs8: bytes.into(),
        }
    } else {
        Material::Secret {
            spec,
            bytes: bytes.into(),
        }
    };
    Some(hsm.import(&material, &terms(false)).unwrap())
}

/// Whether a kind of key is listed for import.
fn imports(hsm: &dyn Hsm, spec: KeySpec) -> bool {
    lists(&hsm.capabilities().import, spec) && keeps(hsm, spec)
}

/// Whether a kind of key is made as a locked one, and kept as the terms of this run say.
pub(crate) fn makes(hsm: &dyn Hsm, spec: KeySpec) -> bool {
    hsm.capabilities().generate.contains(&spec) && keeps(hsm, spec)
}

/// Whether a kind of key is kept as the terms of this run say, which counts where the HSM keeps keys itself.
fn keeps(hsm: &dyn Hsm, spec: KeySpec) -> bool {
    !hsm.keeps_keys()
        || module::custody() == CustodyMode::Resident
        || lists(&hsm.capabilities().wrapped, spec)
}

/// Whether a kind of key is listed; one length of an HMAC key or an RSA modulus stands for all.
fn lists(all: &[KeySpec], spec: KeySpec) -> bool {
    all.iter().any(|listed| match (*listed, spec) {
        (KeySpec::Hmac { hash, .. }, KeySpec::Hmac { hash: wanted, .. }) => hash == wanted,
        (KeySpec::Rsa { .. }, KeySpec::Rsa { .. }) => true,
        (listed, spec) => listed == spec,
    })
}
