//! What an operation costs through the embedded HSM, beside what the library alone takes for it.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails stops")]

use std::hint::black_box;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
        EcdsaKeyPair, KeyPair, ParsedPublicKey,
    },
};
use criterion::{Criterion, criterion_group, criterion_main};
use hsm::{
    Encryption, Hsm, Input, KeyRef, Terms,
    soft::{self, Master, SoftHsm},
};
use kmip::{
    CryptographicUsageMask,
    mechanism::{Cipher, Curve, Hash, KeySpec, Mac, PostQuantum, Signing},
};
use openssl::{
    ec::{EcGroup, EcKey},
    ecdsa::EcdsaSig,
    nid::Nid,
    pkey::PKey,
    pkey_ctx::PkeyCtx,
    rsa::{Padding, Rsa},
};

const MESSAGE: &[u8] = &[7; 64];
const DIGEST: &[u8] = &[7; 32];

fn soft_hsm() -> SoftHsm {
    soft::start(soft::SECURE_HEAP_BYTES).unwrap();
    SoftHsm::new(Master::ephemeral().unwrap(), soft::CACHE_KEYS_MAX)
}

fn key(hsm: &SoftHsm, spec: KeySpec) -> KeyRef {
    let terms = Terms {
        id: vec![1; 16],
        label: String::new(),
        exportable: false,
        usage: CryptographicUsageMask::default(),
        custody: hsm::CustodyMode::Resident,
    };
    hsm.generate(spec, &terms).unwrap().key
}

fn signatures(criterion: &mut Criterion) {
    let hsm = soft_hsm();
    let unlooked_at = soft_hsm().with_signatures_verified(false);
    let mut group = criterion.benchmark_group("sign");
    let bare = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut signature = [0; 256];
    group.bench_function("RSA-2048 OpenSSL alone", |bencher| {
        bencher.iter(|| {
            let mut context = PkeyCtx::new(&bare).unwrap();
            context.sign_init().unwrap();
            context.set_rsa_padding(Padding::PKCS1).unwrap();
            context.set_signature_md(openssl::md::Md::sha256()).unwrap();
            context
                .sign(black_box(DIGEST), Some(&mut signature))
                .unwrap()
        });
    });
    for (name, spec, mechanism) in [
        (
            "RSA-2048",
            KeySpec::Rsa { bits: 2048 },
            Signing::RsaPkcs1(Some(Hash::Sha256)),
        ),
        (
            "P-256",
            KeySpec::Ec(Curve::P256),
            Signing::Ecdsa(Some(Hash::Sha256)),
        ),
        (
            "P-384",
            KeySpec::Ec(Curve::P384),
            Signing::Ecdsa(Some(Hash::Sha384)),
        ),
        ("Ed25519", KeySpec::Ec(Curve::Ed25519), Signing::Eddsa),
        (
            "ML-DSA-65",
            KeySpec::PostQuantum(PostQuantum::MlDsa65),
            Signing::MlDsa,
        ),
    ] {
        for (hsm, looked_at) in [(&hsm, ""), (&unlooked_at, ", not verified")] {
            let key = key(hsm, spec);
            group.bench_function(format!("{name}{looked_at}"), |bencher| {
                bencher.iter(|| hsm.sign(&key, mechanism, Input::Message(black_box(MESSAGE))));
            });
        }
    }
    for (name, algorithm) in [
        ("P-256 AWS-LC alone", &ECDSA_P256_SHA256_FIXED_SIGNING),
        ("P-384 AWS-LC alone", &ECDSA_P384_SHA384_FIXED_SIGNING),
    ] {
        let pair = EcdsaKeyPair::generate(algorithm).unwrap();
        let random = SystemRandom::new();
        group.bench_function(name, |bencher| {
            bencher.iter(|| pair.sign(&random, black_box(MESSAGE)));
        });
    }
    group.finish();
}

/// What looking at a signature costs in either library.
fn verifications(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("verify");
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let signature = pair.sign(&SystemRandom::new(), MESSAGE).unwrap();
    let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key()).unwrap();
    group.bench_function("P-256 AWS-LC alone", |bencher| {
        bencher.iter(|| {
            key.verify_sig(black_box(MESSAGE), signature.as_ref())
                .unwrap()
        });
    });
    let curve = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = EcKey::generate(&curve).unwrap();
    let signature = EcdsaSig::sign(DIGEST, &key).unwrap();
    group.bench_function("P-256 OpenSSL alone", |bencher| {
        bencher.iter(|| signature.verify(black_box(DIGEST), &key).unwrap());
    });
    group.finish();
}

fn symmetric(criterion: &mut Criterion) {
    let hsm = soft_hsm();
    let mut group = criterion.benchmark_group("symmetric, 1 KiB");
    let plain = vec![5; 1024];
    let bare = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).unwrap());
    group.bench_function("AES-256-GCM AWS-LC alone", |bencher| {
        bencher.iter(|| {
            let mut data = vec![0; plain.len()];
            let mut tag = [0; 16];
            bare.seal_out_of_place_scatter(
                Nonce::assume_unique_for_key([1; 12]),
                Aad::empty(),
                black_box(&plain),
                &mut data,
                &[],
                &mut tag,
            )
            .unwrap();
            (data, tag)
        });
    });
    let aes = key(&hsm, KeySpec::Aes { bits: 256 });
    let gcm = Cipher::AesGcm { tag_bytes: 16 };
    for (name, iv) in [
        ("AES-256-GCM", None),
        ("AES-256-GCM, the IV given", Some([1; 12])),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let input = Encryption {
                    iv: iv.as_ref().map(|iv| iv.as_slice()),
                    associated: &[],
                    plain: black_box(&plain),
                };
                hsm.encrypt(&aes, &gcm, input)
            });
        });
    }
    let hmac = key(
        &hsm,
        KeySpec::Hmac {
            hash: Hash::Sha256,
            bits: 256,
        },
    );
    group.bench_function("HMAC-SHA-256", |bencher| {
        bencher.iter(|| hsm.mac(&hmac, Mac::Hmac(Hash::Sha256), black_box(&plain)));
    });
    group.finish();
}

/// The cheapest use of a key there is shows what finding it costs; the same without a cache, what unsealing costs.
fn cache(criterion: &mut Criterion) {
    let hsm = soft_hsm();
    let uncached = SoftHsm::new(Master::ephemeral().unwrap(), 0);
    let mut group = criterion.benchmark_group("cache");
    for (name, hsm) in [("hit", &hsm), ("miss", &uncached)] {
        for (kind, spec) in [
            ("AES-256", KeySpec::Aes { bits: 256 }),
            ("RSA-2048", KeySpec::Rsa { bits: 2048 }),
        ] {
            let key = key(hsm, spec);
            group.bench_function(format!("{name} {kind}"), |bencher| {
                // A mechanism of another kind of key is refused right after the lookup.
                bencher.iter(|| hsm.mac(black_box(&key), Mac::Hmac(Hash::Sha256), &[]));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, signatures, verifications, symmetric, cache);
criterion_main!(benches);
