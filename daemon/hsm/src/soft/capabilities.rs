//! What the embedded HSM can do.

use kmip::mechanism::{
    Cipher, Curve, Derivation, Hash, Kept, KeySpec, Mac, Padding, PostQuantum, PostQuantumUse, Prf,
    Signing,
};

use crate::Capabilities;

/// What this HSM can do. Where a length is free (an HMAC key, an imported RSA modulus, a salt, a label), one row with
/// the usual length stands for all.
pub(super) fn all() -> Capabilities {
    let hashes = || Hash::ALL.iter().copied();
    let pairs = || hashes().flat_map(move |hash| hashes().map(move |mask_hash| (hash, mask_hash)));
    let mut keys: Vec<_> = [128, 192, 256, 512]
        .map(|bits| KeySpec::Aes { bits })
        .into();
    keys.extend([112, 168].map(|bits| KeySpec::TripleDes { bits }));
    keys.extend([KeySpec::ChaCha20, KeySpec::ChaCha20Poly1305]);
    keys.extend(Kept::ALL.iter().map(|algorithm| KeySpec::Kept {
        algorithm: *algorithm,
        bits: algorithm.default_bits(),
    }));
    keys.extend(hashes().map(|hash| KeySpec::Hmac {
        hash,
        bits: u16::try_from(hash.digest_bytes() * 8).unwrap_or(u16::MAX),
    }));
    keys.extend([1024, 2048, 3072, 4096].map(|bits| KeySpec::Rsa { bits }));
    keys.extend(
        [(1024, 160), (2048, 224), (2048, 256), (3072, 256)]
            .map(|(bits, order_bits)| KeySpec::Dsa { bits, order_bits }),
    );
    keys.extend([2048, 3072, 4096].map(|bits| KeySpec::Dh { bits }));
    keys.extend(Curve::ALL.iter().map(|curve| KeySpec::Ec(*curve)));
    keys.extend(
        PostQuantum::ALL
            .iter()
            .map(|own| KeySpec::PostQuantum(*own)),
    );

    let or_none = || hashes().map(Some).chain([None]);
    let mut sign: Vec<_> = or_none().map(Signing::RsaPkcs1).collect();
    sign.extend(pairs().map(|(hash, mask_hash)| Signing::RsaPss {
        hash,
        mask_hash,
        salt_bytes: u16::try_from(hash.digest_bytes()).unwrap_or(u16::MAX),
    }));
    sign.extend(or_none().map(Signing::Dsa));
    sign.extend(or_none().map(Signing::Ecdsa));
    sign.extend([Signing::Eddsa, Signing::MlDsa, Signing::SlhDsa]);

    let mut cipher = symmetric();
    cipher.push(Cipher::RsaPkcs1);
    cipher.extend(pairs().map(|(hash, mask_hash)| Cipher::RsaOaep {
        hash,
        mask_hash,
        label: Vec::new(),
    }));
    Capabilities {
        description: format!(
            "Keyhold embedded HSM {} (AWS-LC; {})",
            env!("CARGO_PKG_VERSION"),
            openssl::version::version()
        ),
        generate: keys.clone(),
        import: keys,
        sign,
        cipher,
        mac: hashes().map(Mac::Hmac).chain(BLOCK_MACS).collect(),
        derive: derivations(),
        decapsulate: decapsulating(),
        wrapped: Vec::new(),
        trials: Vec::new(),
    }
}

/// The keys that decapsulate.
fn decapsulating() -> Vec<KeySpec> {
    let all = PostQuantum::ALL.iter().copied();
    all.filter(|own| own.kind() == PostQuantumUse::Kem)
        .map(KeySpec::PostQuantum)
        .collect()
}

/// The ciphers with secret keys.
fn symmetric() -> Vec<Cipher> {
    let paddings = || Padding::ALL.iter().copied();
    let tags = || [4, 8, 12, 13, 14, 15, 16].into_iter();
    let mut cipher = vec![
        Cipher::AesCtr,
        Cipher::AesCfb,
        Cipher::AesOfb,
        Cipher::AesXts,
        Cipher::AesKeyWrap,
        Cipher::AesKeyWrapPadded,
        Cipher::TripleDesCfb,
        Cipher::TripleDesOfb,
        Cipher::ChaCha20,
    ];
    cipher.extend(paddings().map(Cipher::AesEcb));
    cipher.extend(paddings().map(Cipher::AesCbc));
    cipher.extend(paddings().map(Cipher::TripleDesEcb));
    cipher.extend(paddings().map(Cipher::TripleDesCbc));
    cipher.extend(tags().map(|tag_bytes| Cipher::AesGcm { tag_bytes }));
    cipher.extend([4, 6, 8, 10, 12, 14, 16].map(|tag_bytes| Cipher::AesCcm { tag_bytes }));
    cipher.extend(tags().map(|tag_bytes| Cipher::ChaCha20Poly1305 { tag_bytes }));
    cipher
}

/// The MACs of block ciphers.
const BLOCK_MACS: [Mac; 4] = [
    Mac::AesCmac,
    Mac::TripleDesCmac,
    Mac::AesCbcMac,
    Mac::TripleDesCbcMac,
];

/// Derivations, with one count of iterations standing for all.
fn derivations() -> Vec<Derivation> {
    let mut all = vec![Derivation::Agreement];
    for hash in Hash::ALL.iter().copied() {
        let prf = Prf::Hmac(hash);
        all.extend([
            Derivation::Pbkdf2 {
                hash,
                iterations: 1,
            },
            Derivation::Digest(hash),
            Derivation::Hmac(hash),
            Derivation::Counter(prf),
            Derivation::Feedback(prf),
            Derivation::DoublePipeline(prf),
            Derivation::Hkdf(hash),
            Derivation::HkdfExtract(hash),
            Derivation::HkdfExpand(hash),
            Derivation::X963(hash),
            Derivation::OneStep(hash),
        ]);
    }
    all.extend([
        Derivation::Counter(Prf::AesCmac),
        Derivation::Feedback(Prf::AesCmac),
        Derivation::DoublePipeline(Prf::AesCmac),
    ]);
    let paddings = [Padding::None, Padding::Pkcs5];
    all.extend(paddings.map(|padding| Derivation::Encrypt(Cipher::AesEcb(padding))));
    all.extend(paddings.map(|padding| Derivation::Encrypt(Cipher::AesCbc(padding))));
    all
}
