//! Register and Get of every type of object, in every version; what is bad is refused and leaves nothing behind.

use keyhold_tests::{Appliance, Client, VERSIONS, objects::*};
use kmip::{
    CertificateType, CryptographicAlgorithm, CryptographicUsageMask, KeyFormatType, ObjectType,
    OpaqueDataType, ResultReason, SecretDataType, V1_1, V1_4, Version,
    attribute::{Attribute, AttributeKind},
    object::{KeyObject, ManagedObject},
    payload::{
        get::Get,
        register::{Register, RegisterRequest},
    },
};

use crate::keys::OpenSsl;

on_each_backend!(
    every_type_comes_back_as_it_came,
    certificates_are_described,
    what_is_malformed_is_refused
);

fn comes_back(client: &mut Client, object: &ManagedObject, with: Vec<Attribute>) -> String {
    let key = register(client, object.clone(), with);
    let got = client.call::<Get>(&get(&key));
    assert_eq!(got.object_type, object.object_type());
    assert_eq!(text(&got.unique_identifier), key);
    assert!(
        got.object == *object,
        "a {:?} is not what it was in {}",
        got.object_type,
        client.version
    );
    key
}

fn mask(mask: CryptographicUsageMask) -> Vec<Attribute> {
    vec![Attribute::CryptographicUsageMask(mask)]
}

fn key_of(
    kind: fn(KeyObject) -> ManagedObject,
    format: KeyFormatType,
    bytes: &[u8],
    algorithm: CryptographicAlgorithm,
    bits: i32,
) -> ManagedObject {
    kind(KeyObject {
        key_block: block(format, bytes, Some(algorithm), Some(bits)),
    })
}

fn every_type_comes_back_as_it_came(appliance: &Appliance) {
    let rsa = OpenSsl::rsa(&appliance.scratch());
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        for length in [16, 24, 32] {
            let material: Vec<u8> = (0..length).collect();
            comes_back(client, &aes_object(&material), mask(CIPHER));
        }
        let hmac = key_of(
            ManagedObject::SymmetricKey,
            KeyFormatType::Raw,
            &[9; 48],
            CryptographicAlgorithm::HMACSHA384,
            384,
        );
        comes_back(client, &hmac, mask(MAC));
        let private = key_of(
            ManagedObject::PrivateKey,
            KeyFormatType::PKCS8,
            &rsa.pkcs8,
            CryptographicAlgorithm::RSA,
            2048,
        );
        comes_back(client, &private, mask(CryptographicUsageMask::Sign));
        let public = key_of(
            ManagedObject::PublicKey,
            KeyFormatType::X509,
            &rsa.spki,
            CryptographicAlgorithm::RSA,
            2048,
        );
        comes_back(client, &public, mask(CryptographicUsageMask::Verify));
        comes_back(client, &certificate_object(&rsa.certificate), Vec::new());
        let seed = secret_object(SecretDataType::Seed, KeyFormatType::Opaque, &[3; 96]);
        // libmongocrypt registers its master key so, with a usage mask of 0.
        comes_back(client, &seed, mask(CryptographicUsageMask(0)));
        let password = secret_object(
            SecretDataType::Password,
            KeyFormatType::Raw,
            "pass wörd".as_bytes(),
        );
        comes_back(client, &password, Vec::new());
        let opaque = opaque_object(OpaqueDataType(0x8000_0001), &[0; 4096]);
        let opaque = comes_back(client, &opaque, Vec::new());
        comes_back(
            client,
            &opaque_object(OpaqueDataType(0x8000_0002), b""),
            Vec::new(),
        );
        let kind = attributes(client, &opaque, &[AttributeKind::ObjectType]);
        assert_eq!(kind, [Attribute::ObjectType(ObjectType::OpaqueObject)]);
    }
}

fn certificates_are_described(appliance: &Appliance) {
    let rsa = OpenSsl::rsa(&appliance.scratch());
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        let key = register(client, certificate_object(&rsa.certificate), Vec::new());
        let all = attributes(client, &key, &[]);
        let kinds: Vec<_> = all.iter().filter_map(Attribute::kind).collect();
        let has = |kind| kinds.contains(&kind);
        assert!(all.contains(&Attribute::CertificateType(CertificateType::X509)));
        assert_eq!(
            has(AttributeKind::CertificateSubject),
            !version.is_2(),
            "{version}: {kinds:?}"
        );
        assert_eq!(has(AttributeKind::X509CertificateSubject), version >= V1_1);
        assert_eq!(has(AttributeKind::CertificateSubjectCN), version >= V1_4);
        let length = i32::try_from(rsa.certificate.len()).unwrap();
        assert_eq!(
            all.contains(&Attribute::CertificateLength(length)),
            version >= V1_1
        );
        if version >= V1_4 {
            assert!(
                all.contains(&Attribute::CertificateSubjectCN("object".to_owned())),
                "{all:?}"
            );
            assert!(all.contains(&Attribute::CertificateSubjectO("Test & Co".to_owned())));
        }
    }
}

fn refused(client: &mut Client, request: &RegisterRequest) -> ResultReason {
    let before = locate(client, []);
    let reason = client.refused::<Register>(request);
    assert_eq!(locate(client, []), before, "nothing was left behind");
    reason
}

fn what_is_malformed_is_refused(appliance: &Appliance) {
    let rsa = OpenSsl::rsa(&appliance.scratch());
    for version in VERSIONS {
        let client = &mut appliance.client(version);
        let aes = |bytes: &[u8], bits| {
            key_of(
                ManagedObject::SymmetricKey,
                KeyFormatType::Raw,
                bytes,
                CryptographicAlgorithm::AES,
                bits,
            )
        };
        let with = || mask(CIPHER);
        let invalid = invalid_value(version);
        for (object, why) in [
            (aes(&[1; 15], 120), "no AES key has 120 bits"),
            (aes(&[1; 16], 256), "the length is not the material's"),
            (aes(&[], 0), "a key is not empty"),
        ] {
            let reason = refused(client, &registration(object, with()));
            assert!(invalid.contains(&reason), "{why}: {reason:?} in {version}");
        }
        for cut in [0, 1, 40, 800] {
            let object = key_of(
                ManagedObject::PrivateKey,
                KeyFormatType::PKCS8,
                &rsa.pkcs8[..cut],
                CryptographicAlgorithm::RSA,
                2048,
            );
            refused(client, &registration(object, with()));
            let object = certificate_object(&rsa.certificate[..cut]);
            refused(client, &registration(object, []));
        }
        let mut wrong = registration(aes_object(&[1; 16]), with());
        wrong.object_type = ObjectType::SecretData;
        assert_eq!(
            refused(client, &wrong),
            ResultReason::InvalidField,
            "the type is not the object's"
        );
        let mut without = registration(aes_object(&[1; 16]), with());
        without.object = None;
        assert!(
            [
                ResultReason::InvalidField,
                ResultReason::InvalidMessage,
                ResultReason::MissingData
            ]
            .contains(&refused(client, &without))
        );
        let maskless = registration(aes_object(&[1; 16]), []);
        refused(client, &maskless);
    }
}

/// The reasons that a value out of range may have.
fn invalid_value(version: Version) -> Vec<ResultReason> {
    let mut reasons = vec![
        ResultReason::InvalidField,
        ResultReason::CryptographicFailure,
    ];
    if version.is_2() {
        reasons.push(ResultReason::InvalidAttributeValue);
    }
    reasons
}
