//! Private keys in which one bit is turned: refused, or as good as any other.

use hsm::{Error, Input, Material, soft::PlainKey};
use kmip::{
    Secret,
    mechanism::{Curve, Hash, KeySpec, PostQuantum, Signing},
};
use openssl::pkey::PKey;

/// Keys that sign; of ML-DSA in the form that has no seed, of which nothing else can be computed.
fn signing() -> Vec<(Material, Signing)> {
    let sha = Some(Hash::Sha256);
    let dsa = KeySpec::Dsa {
        bits: 2048,
        order_bits: 256,
    };
    let made = |spec| PlainKey::generate(spec).unwrap().0;
    let mut keys = vec![
        (made(KeySpec::Rsa { bits: 1024 }), Signing::RsaPkcs1(sha)),
        (made(KeySpec::Ec(Curve::P256)), Signing::Ecdsa(sha)),
        (made(KeySpec::Ec(Curve::Secp256k1)), Signing::Ecdsa(sha)),
        (made(KeySpec::Ec(Curve::Ed25519)), Signing::Eddsa),
        (made(KeySpec::Ec(Curve::Ed448)), Signing::Eddsa),
        (made(dsa), Signing::Dsa(sha)),
        (
            made(KeySpec::PostQuantum(PostQuantum::SlhDsaSha2_128f)),
            Signing::SlhDsa,
        ),
    ];
    let ml_dsa = KeySpec::PostQuantum(PostQuantum::MlDsa44);
    keys.push((made(ml_dsa), Signing::MlDsa));
    keys.push((without_seed(&made(ml_dsa)), Signing::MlDsa));
    keys
}

/// A key of ML-DSA as its expanded form alone (RFC 9881 §6).
fn without_seed(material: &Material) -> Material {
    let pkcs8 = material.bytes().expose();
    let expanded = PKey::private_key_from_pkcs8(pkcs8)
        .and_then(|key| key.raw_private_key())
        .unwrap();
    let der = |tag: u8, contents: &[u8]| {
        let length = u16::try_from(contents.len()).unwrap().to_be_bytes();
        [&[tag, 0x82], &length[..], contents].concat()
    };
    // The version and the algorithm stand behind the four bytes that begin the structure.
    let end = 9 + usize::from(*pkcs8.get(8).unwrap());
    let named = pkcs8.get(4..end).unwrap();
    let whole = [named, &der(4, &der(4, &expanded))].concat();
    Material::Private {
        spec: material.spec(),
        pkcs8: Secret::new(der(0x30, &whole)),
    }
}

#[test]
fn a_key_with_a_bit_turned_is_refused_or_signs_rightly() {
    for (material, mechanism) in signing() {
        let spec = material.spec();
        let good = material.bytes().expose();
        let (mut taken, mut refused) = (0, 0);
        PlainKey::from_material(&material).unwrap();
        for at in (0..good.len()).step_by((good.len() / 64).max(1)) {
            let mut bytes = good.to_vec();
            bytes[at] ^= 1 << (at % 8);
            let turned = Material::Private {
                spec,
                pkcs8: Secret::new(bytes),
            };
            match PlainKey::from_material(&turned) {
                Ok(key) => {
                    let signed = key.sign(mechanism, Input::Message(b"mine"));
                    assert!(signed.is_ok(), "{spec:?}, byte {at}: {signed:?}");
                    taken += 1;
                }
                Err(error) => {
                    assert!(matches!(error, Error::BadKey(_)), "{spec:?}: {error:?}");
                    refused += 1;
                }
            }
        }
        assert!(
            refused > 0 && taken + refused >= 40,
            "{spec:?}: {taken} and {refused}"
        );
    }
}
