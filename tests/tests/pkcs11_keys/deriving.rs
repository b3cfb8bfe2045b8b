//! Derived keys: the same as another implementation derives, and as the programs that use this ask for them.

use std::num::NonZeroUsize;

use cryptoki::{
    mechanism::{
        Mechanism, MechanismType,
        elliptic_curve::{EcKdf, Ecdh1DeriveParams},
        hkdf::{HkdfParams, HkdfSalt},
        kbkdf::{
            Endianness, KbkdfCounterFormat, KbkdfFeedbackParams, KbkdfParams, PrfDataParam,
            PrfDataParamType,
        },
    },
    object::{Attribute, AttributeType, KeyType, ObjectHandle},
    session::Session,
};

use super::{alone, brought, open, python, refused, secret, value};

/// The other side of an agreement: the curve, our point, and what to make of the secret; its own point and the result.
const AGREE: &str = r#"
import sys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, x25519, x448
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
name, point, how, shared = map(bytes.fromhex, sys.argv[1:5])
raw = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
curves = {b"x25519": x25519, b"x448": x448}
if name in curves:
    kind = {"x25519": "X25519", "x448": "X448"}[name.decode()]
    own = getattr(curves[name], kind + "PrivateKey").generate()
    other = getattr(curves[name], kind + "PublicKey").from_public_bytes(point)
    secret, mine = own.exchange(other), own.public_key().public_bytes(*raw)
else:
    curve = {b"p256": ec.SECP256R1(), b"p384": ec.SECP384R1(), b"p521": ec.SECP521R1()}[name]
    own = ec.generate_private_key(curve)
    other = ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
    secret = own.exchange(ec.ECDH(), other)
    form = serialization.PublicFormat.UncompressedPoint
    mine = own.public_key().public_bytes(serialization.Encoding.X962, form)
if how == b"x963":
    secret = X963KDF(hashes.SHA384(), 32, shared).derive(secret)
print((len(mine).to_bytes(2, "big") + mine + secret).hex())
"#;

/// The point of the other side, and the secret that it comes to.
fn other_side(curve: &str, point: &[u8], how: &str, shared: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let both = python(AGREE, &[curve.as_bytes(), point, how.as_bytes(), shared]);
    let length = usize::from(both[0]) << 8 | usize::from(both[1]);
    (both[2..2 + length].to_vec(), both[2 + length..].to_vec())
}

const CURVES: [(&str, bool, &[u8], u64); 5] = [
    (
        "p256",
        false,
        &[6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7],
        32,
    ),
    ("p384", false, &[6, 5, 0x2B, 0x81, 4, 0, 0x22], 48),
    ("p521", false, &[6, 5, 0x2B, 0x81, 4, 0, 0x23], 66),
    ("x25519", true, &[6, 3, 0x2B, 0x65, 0x6E], 32),
    ("x448", true, &[6, 3, 0x2B, 0x65, 0x6F], 56),
];

/// A private key, and the bare point of its public half.
fn pair(session: &Session, montgomery: bool, oid: &[u8]) -> (ObjectHandle, Vec<u8>) {
    let how = if montgomery {
        Mechanism::EccMontgomeryKeyPairGen
    } else {
        Mechanism::EccKeyPairGen
    };
    let public = [Attribute::EcParams(oid.to_vec())];
    let private = [Attribute::Derive(true)];
    let (public, private) = session.generate_key_pair(&how, &public, &private).unwrap();
    let point = session
        .get_attributes(public, &[AttributeType::EcPoint])
        .unwrap();
    let [Attribute::EcPoint(point)] = &point[..] else {
        panic!("{point:?} is no point");
    };
    // Without the head of the OCTET STRING, which is three bytes long of the longest.
    let head = if point[1] & 0x80 == 0 { 2 } else { 3 };
    (private, point[head..].to_vec())
}

#[test]
fn two_sides_come_to_the_same_on_every_curve() {
    alone(
        "deriving::two_sides_come_to_the_same_on_every_curve",
        &[],
        |session| {
            for (name, montgomery, oid, bytes) in CURVES {
                let (private, point) = pair(session, montgomery, oid);
                let (theirs, secret_of_both) = other_side(name, &point, "null", b"");
                // As systemd and OpenSSL's provider ask: the secret is to be read.
                let how = Ecdh1DeriveParams::new(EcKdf::null(), &theirs);
                let template = open(secret(KeyType::GENERIC_SECRET, None));
                let agreed = session
                    .derive_key(&Mechanism::Ecdh1Derive(how), private, &template)
                    .unwrap();
                assert_eq!(value(session, agreed), secret_of_both, "{name}");
                assert_eq!(
                    session
                        .get_attributes(agreed, &[AttributeType::ValueLen])
                        .unwrap(),
                    [Attribute::ValueLen(bytes.into())]
                );
                let (theirs, hashed) = other_side(name, &point, "x963", b"both know");
                let how = Ecdh1DeriveParams::new(EcKdf::sha384(b"both know"), &theirs);
                let template = open(secret(KeyType::AES, Some(32)));
                let agreed = session
                    .derive_key(&Mechanism::Ecdh1Derive(how), private, &template)
                    .unwrap();
                assert_eq!(value(session, agreed), hashed, "{name}");
            }
        },
    );
}

#[test]
fn java_agrees_with_a_bare_point_and_says_no_length() {
    alone(
        "deriving::java_agrees_with_a_bare_point_and_says_no_length",
        &[],
        |session| {
            let (name, montgomery, oid, bytes) = CURVES[0];
            let (private, point) = pair(session, montgomery, oid);
            let (theirs, _) = other_side(name, &point, "null", b"");
            assert_eq!(theirs.len(), 65);
            let how = Ecdh1DeriveParams::new(EcKdf::null(), &theirs);
            let agreed = session
                .derive_key(
                    &Mechanism::Ecdh1Derive(how),
                    private,
                    &secret(KeyType::GENERIC_SECRET, None),
                )
                .unwrap();
            let asked = [
                AttributeType::ValueLen,
                AttributeType::Sensitive,
                AttributeType::Extractable,
                AttributeType::Local,
                AttributeType::AlwaysSensitive,
            ];
            assert_eq!(
                session.get_attributes(agreed, &asked).unwrap(),
                [
                    Attribute::ValueLen(bytes.into()),
                    Attribute::Sensitive(true),
                    Attribute::Extractable(false),
                    Attribute::Local(false),
                    Attribute::AlwaysSensitive(true),
                ]
            );
        },
    );
}

/// HKDF and SP 800-108 with HMAC: the way, the key, the salt or IV, the information.
const KDF: &str = r#"
import sys
from cryptography.hazmat.primitives import cmac, hashes, hmac
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
way, key, salt, info = map(bytes.fromhex, sys.argv[1:5])

def prf(data):
    run = cmac.CMAC(algorithms.AES(key)) if way.endswith(b"cmac") else hmac.HMAC(key, hashes.SHA256())
    run.update(data)
    return run.finalize()

def counter():
    return b"".join(prf(n.to_bytes(4, "big") + info) for n in range(1, 5))

def feedback():
    out, last = b"", salt
    for n in range(1, 5):
        last = prf(last + n.to_bytes(4, "big") + info)
        out += last
    return out

def pipeline():
    out, inner = b"", info
    for n in range(1, 5):
        inner = prf(inner)
        out += prf(inner + n.to_bytes(4, "big") + info)
    return out

print({
    "hkdf": lambda: HKDF(hashes.SHA256(), 40, salt, info).derive(key),
    "counter": counter,
    "counter-cmac": counter,
    "feedback": feedback,
    "pipeline": pipeline,
}[way.decode()]()[:40].hex())
"#;

#[test]
#[expect(clippy::too_many_lines, reason = "one sequence, told in its order")]
fn functions_give_what_another_implementation_gives() {
    alone(
        "deriving::functions_give_what_another_implementation_gives",
        &[],
        |session| {
            let key = *b"the key that others are made of.";
            let derives = [
                Attribute::Derive(true),
                Attribute::Sensitive(false),
                Attribute::Extractable(true),
            ];
            let base = brought(session, KeyType::GENERIC_SECRET, &key, &derives);
            let aes = brought(session, KeyType::AES, &key, &derives);
            let template = open(secret(KeyType::GENERIC_SECRET, Some(40)));
            let (salt, info) = ([7; 32], b"information".as_slice());
            let derived = |how: &Mechanism<'_>, base| {
                let key = session.derive_key(how, base, &template).unwrap();
                value(session, key)
            };
            let elsewhere = |way: &str| python(KDF, &[way.as_bytes(), &key, &salt, info]);

            let how = HkdfParams::new(
                MechanismType::SHA256,
                Some(HkdfSalt::Data(&salt)),
                Some(info),
            );
            let hkdf = Mechanism::HkdfDerive(how);
            assert_eq!(derived(&hkdf, base), elsewhere("hkdf"));
            // Where nobody says how long it is to be, it is as long as a digest.
            let silent = open(secret(KeyType::GENERIC_SECRET, None));
            let whole = session.derive_key(&hkdf, base, &silent).unwrap();
            assert_eq!(value(session, whole), elsewhere("hkdf")[..32]);

            let width = KbkdfCounterFormat::new(Endianness::Big, NonZeroUsize::new(32).unwrap());
            let counts = [
                PrfDataParam::new(PrfDataParamType::IterationVariable(Some(&width))),
                PrfDataParam::new(PrfDataParamType::ByteArray(info)),
            ];
            for (prf, base, way) in [
                (MechanismType::SHA256_HMAC, base, "counter"),
                (MechanismType::AES_CMAC, aes, "counter-cmac"),
            ] {
                let how = Mechanism::KbkdfCounter(KbkdfParams::new(prf, &counts, None));
                assert_eq!(derived(&how, base), elsewhere(way));
            }
            let iterates = [
                PrfDataParam::new(PrfDataParamType::IterationVariable(None)),
                PrfDataParam::new(PrfDataParamType::Counter(&width)),
                PrfDataParam::new(PrfDataParamType::ByteArray(info)),
            ];
            let prf = MechanismType::SHA256_HMAC;
            let how = KbkdfFeedbackParams::new(prf, &iterates, Some(&salt), None);
            assert_eq!(
                derived(&Mechanism::KbkdfFeedback(how), base),
                elsewhere("feedback")
            );
            let how = KbkdfParams::new(prf, &iterates, None);
            assert_eq!(
                derived(&Mechanism::KbkdfDoublePipeline(how), base),
                elsewhere("pipeline")
            );
            // A short key would give a longer one away bit by bit.
            let short = open(secret(KeyType::GENERIC_SECRET, Some(13)));
            let how = HkdfParams::new(MechanismType::SHA256, Some(HkdfSalt::Null), Some(info));
            refused(session.derive_key(&Mechanism::HkdfDerive(how), base, &short));
        },
    );
}

#[test]
fn an_agreed_secret_is_a_key_to_derive_from() {
    alone(
        "deriving::an_agreed_secret_is_a_key_to_derive_from",
        &[],
        |session| {
            let (name, montgomery, oid, _) = CURVES[0];
            let (private, point) = pair(session, montgomery, oid);
            let (theirs, both) = other_side(name, &point, "null", b"");
            let how = Ecdh1DeriveParams::new(EcKdf::null(), &theirs);
            let mut template = open(secret(KeyType::GENERIC_SECRET, None));
            template.push(Attribute::Derive(true));
            let agreed = session
                .derive_key(&Mechanism::Ecdh1Derive(how), private, &template)
                .unwrap();
            let (salt, info) = ([1; 16], b"volume key".as_slice());
            let how = HkdfParams::new(
                MechanismType::SHA256,
                Some(HkdfSalt::Data(&salt)),
                Some(info),
            );
            let template = open(secret(KeyType::GENERIC_SECRET, Some(40)));
            let key = session
                .derive_key(&Mechanism::HkdfDerive(how), agreed, &template)
                .unwrap();
            assert_eq!(
                value(session, key),
                python(KDF, &[b"hkdf", &both, &salt, info])
            );
        },
    );
}
