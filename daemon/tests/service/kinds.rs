//! The other kinds of objects: PGP keys, certificate requests, templates, secret data that the server makes.

use kmip::{
    CertificateRequestType, CertificateType, CryptographicAlgorithm, CryptographicUsageMask,
    KeyFormatType, ObjectType, QueryFunction, ResultReason, Secret, SecretDataType, V1_0, V1_1,
    V1_2, V1_3, V1_4, V2_0, V2_1, Version,
    attribute::{Attribute, AttributeKind, AttributeList, Name},
    object::{
        CertificateRequest, KeyBlock, KeyMaterial, KeyValue, ManagedObject, PGPKey, Template,
    },
    payload::{
        create::{Create, CreateKeyPair, CreateKeyPairRequest, CreateRequest},
        destroy::{Destroy, DestroyRequest},
        query::{Query, QueryRequest},
    },
    ttlv::Bytes,
};

use crate::{
    fixture::{Fixture, text},
    objects::{attributes, get, list, register},
};

fn pgp_key() -> ManagedObject {
    ManagedObject::PGPKey(PGPKey {
        pgp_key_version: 4,
        key_block: KeyBlock {
            key_format_type: KeyFormatType::Raw,
            key_compression_type: None,
            key_value: Some(KeyValue::plain(KeyMaterial::Bytes(Secret::from(
                &b"-----BEGIN PGP PRIVATE KEY BLOCK-----"[..],
            )))),
            cryptographic_algorithm: Some(CryptographicAlgorithm::RSA),
            cryptographic_length: Some(2048),
            key_wrapping_data: None,
        },
    })
}

fn request() -> ManagedObject {
    ManagedObject::CertificateRequest(CertificateRequest {
        certificate_request_type: CertificateRequestType::PKCS10,
        certificate_request_value: Bytes(vec![0x30, 0]),
    })
}

fn template(attributes: impl IntoIterator<Item = Attribute>) -> ManagedObject {
    ManagedObject::Template(Template {
        attributes: list(attributes),
    })
}

fn since(object_type: ObjectType) -> Version {
    match object_type {
        ObjectType::PGPKey => V1_2,
        ObjectType::CertificateRequest => V2_0,
        _ => V1_0,
    }
}

#[test]
fn what_is_kept_whole_comes_back_as_it_came_in_its_versions() {
    for version in Version::SPOKEN {
        for object in [pgp_key(), request()] {
            let mut fixture = Fixture::new();
            fixture.version = *version;
            let registered = register(&mut fixture, object.clone(), list([]));
            if *version < since(object.object_type()) {
                assert_eq!(registered, Err(ResultReason::InvalidField), "{version}");
                continue;
            }
            let id = registered.unwrap();
            assert!(get(&mut fixture, &id, None).unwrap() == object, "{version}");
            assert_eq!(
                fixture
                    .call::<Destroy>(&DestroyRequest {
                        unique_identifier: Some(id.as_str().into())
                    })
                    .map(|response| text(&response.unique_identifier)),
                Ok(id.clone())
            );
            assert!(get(&mut fixture, &id, None).is_err());
        }
    }
}

#[test]
fn a_pgp_key_is_a_secret_and_a_request_is_none() {
    let mut fixture = Fixture::new();
    let sensitive = list([Attribute::Sensitive(true)]);
    let id = register(&mut fixture, pgp_key(), sensitive.clone()).unwrap();
    assert_eq!(
        get(&mut fixture, &id, None).err(),
        Some(ResultReason::Sensitive)
    );
    let id = register(&mut fixture, request(), list([])).unwrap();
    assert!(get(&mut fixture, &id, None).is_ok());
    // KMIP 2.1 §4.22: whoever says that an object is sensitive is taken at their word.
    let id = register(&mut fixture, request(), sensitive).unwrap();
    assert_eq!(
        get(&mut fixture, &id, None).err(),
        Some(ResultReason::Sensitive)
    );
    let wrong = list([Attribute::CryptographicLength(4096)]);
    assert_eq!(
        register(&mut fixture, pgp_key(), wrong),
        Err(ResultReason::InvalidField)
    );
}

#[test]
fn query_tells_the_objects_of_the_version() {
    for version in Version::SPOKEN {
        let mut fixture = Fixture::new();
        fixture.version = *version;
        let asked = QueryRequest {
            query_function: vec![QueryFunction::QueryObjects],
        };
        let types = fixture.call::<Query>(&asked).unwrap().object_type;
        assert_eq!(types.contains(&ObjectType::Template), *version < V2_0);
        assert_eq!(types.contains(&ObjectType::PGPKey), *version >= V1_2);
        assert_eq!(
            types.contains(&ObjectType::CertificateRequest),
            *version >= V2_0
        );
        assert!(types.contains(&ObjectType::SplitKey));
    }
}

fn aes() -> [Attribute; 3] {
    [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(128),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
    ]
}

fn by_template(names: &[&str], own: impl IntoIterator<Item = Attribute>) -> AttributeList {
    AttributeList {
        templates: names.iter().map(|name| Name::text(name)).collect(),
        ..list(own)
    }
}

fn create(fixture: &mut Fixture, attributes: AttributeList) -> Result<String, ResultReason> {
    let request = CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes,
        protection_storage_masks: None,
    };
    Ok(text(&fixture.call::<Create>(&request)?.unique_identifier))
}

#[test]
fn objects_begin_with_what_their_templates_hold() {
    for version in [V1_0, V1_1, V1_2, V1_3, V1_4] {
        let mut fixture = Fixture::new();
        fixture.version = version;
        let named = list([Attribute::Name(Name::text("template"))]);
        let mut content = aes().to_vec();
        content.push(Attribute::ObjectGroup("group".into()));
        content.push(Attribute::ContactInformation("Joe".into()));
        let id = register(&mut fixture, template(content.clone()), named).unwrap();
        // Clients put the name inside, too.
        let inside = [
            Attribute::Name(Name::text("other")),
            Attribute::ContactInformation("Ann".into()),
            Attribute::ObjectGroup("second".into()),
        ];
        register(&mut fixture, template(inside), list([])).unwrap();

        let ManagedObject::Template(got) = get(&mut fixture, &id, None).unwrap() else {
            panic!("no template");
        };
        for attribute in &content {
            assert!(
                got.attributes.iter().any(|own| own == attribute),
                "{attribute:?}"
            );
        }
        let own = attributes(&mut fixture, &id);
        assert_eq!(
            (own.state, own.object_type),
            (None, Some(ObjectType::Template))
        );

        let key = create(
            &mut fixture,
            by_template(&["template"], [Attribute::Name(Name::text("key"))]),
        )
        .unwrap();
        let key = attributes(&mut fixture, &key);
        assert_eq!(key.cryptographic_length, Some(128));
        assert_eq!(key.contact_information.as_deref(), Some("Joe"));
        assert_eq!(key.name.iter().collect::<Vec<_>>(), [&Name::text("key")]);

        // One by one goes before templates, and the last template before the others; groups add up.
        let own = [Attribute::CryptographicLength(256)];
        let key = create(&mut fixture, by_template(&["template", "other"], own)).unwrap();
        let key = attributes(&mut fixture, &key);
        assert_eq!(key.cryptographic_length, Some(256));
        assert_eq!(key.contact_information.as_deref(), Some("Ann"));
        assert_eq!(key.object_group.iter().count(), 2);

        assert_eq!(
            create(&mut fixture, by_template(&["nothing"], aes())),
            Err(ResultReason::ItemNotFound)
        );
        let destroy = DestroyRequest {
            unique_identifier: Some(id.as_str().into()),
        };
        fixture.call::<Destroy>(&destroy).unwrap();
        assert_eq!(
            create(&mut fixture, by_template(&["template"], [])),
            Err(ResultReason::ItemNotFound)
        );
        assert!(
            fixture.call::<Destroy>(&destroy).is_err(),
            "it is gone already"
        );
    }
}

#[test]
fn pairs_and_registered_objects_take_templates_too() {
    let mut fixture = Fixture::new();
    fixture.version = V1_0;
    let rsa = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::RSA),
        Attribute::CryptographicLength(2048),
    ];
    let named = |name: &str| list([Attribute::Name(Name::text(name))]);
    register(&mut fixture, template(rsa), named("pair")).unwrap();
    let signs = [Attribute::CryptographicUsageMask(
        CryptographicUsageMask::Sign,
    )];
    register(&mut fixture, template(signs), named("private")).unwrap();
    let made = fixture
        .call::<CreateKeyPair>(&CreateKeyPairRequest {
            common_attributes: by_template(&["pair"], []),
            private_key_attributes: by_template(&["private"], []),
            public_key_attributes: list([Attribute::CryptographicUsageMask(
                CryptographicUsageMask::Verify,
            )]),
            common_protection_storage_masks: None,
            private_protection_storage_masks: None,
            public_protection_storage_masks: None,
        })
        .unwrap();
    let private = attributes(&mut fixture, &text(&made.private_key_unique_identifier));
    assert_eq!(private.cryptographic_length, Some(2048));
    assert_eq!(
        private.cryptographic_usage_mask,
        Some(CryptographicUsageMask::Sign)
    );
    let opaque = kmip::object::OpaqueObject {
        opaque_data_type: kmip::OpaqueDataType(0x8000_0001),
        opaque_data_value: Secret::from(&b"x"[..]),
    };
    let id = register(
        &mut fixture,
        ManagedObject::OpaqueObject(opaque),
        by_template(&["private"], []),
    )
    .unwrap();
    let mask = attributes(&mut fixture, &id).cryptographic_usage_mask;
    assert_eq!(mask, Some(CryptographicUsageMask::Sign));
}

#[test]
fn there_are_no_templates_in_2_x() {
    let mut fixture = Fixture::new();
    fixture.version = V1_4;
    let id = register(&mut fixture, template(aes()), list([])).unwrap();
    fixture.version = V2_1;
    assert_eq!(
        get(&mut fixture, &id, None).err(),
        Some(ResultReason::InvalidObjectType)
    );
    assert_eq!(
        register(&mut fixture, template([]), list([])),
        Err(ResultReason::InvalidObjectType)
    );
    assert_eq!(
        attributes(&mut fixture, &id)
            .of(AttributeKind::ObjectType)
            .len(),
        1,
        "but its attributes can be read"
    );
}

#[test]
fn the_server_makes_secret_data() {
    for version in Version::SPOKEN {
        let mut fixture = Fixture::new();
        fixture.version = *version;
        let create = |fixture: &mut Fixture, bits: Option<i32>| {
            fixture
                .call::<Create>(&CreateRequest {
                    object_type: ObjectType::SecretData,
                    attributes: bits
                        .map(Attribute::CryptographicLength)
                        .into_iter()
                        .collect(),
                    protection_storage_masks: None,
                })
                .map(|response| text(&response.unique_identifier))
        };
        let id = create(&mut fixture, Some(80)).unwrap();
        let ManagedObject::SecretData(data) = get(&mut fixture, &id, None).unwrap() else {
            panic!("no secret data");
        };
        assert_eq!(data.secret_data_type, SecretDataType::Password);
        let Some(KeyValue::Plain {
            key_material: KeyMaterial::Bytes(bytes),
            ..
        }) = data.key_block.key_value
        else {
            panic!("no bytes");
        };
        assert_eq!(bytes.len(), 10);
        assert!(bytes.expose() != [0; 10]);
        for unfit in [Some(0), Some(-8), Some(81), Some(1 << 20), None] {
            assert!(create(&mut fixture, unfit).is_err(), "{unfit:?}");
        }
    }
}

#[test]
fn a_certificate_of_pgp_comes_back_and_is_not_looked_into() {
    for version in Version::SPOKEN {
        let mut fixture = Fixture::new();
        fixture.version = *version;
        let object = ManagedObject::Certificate(kmip::object::Certificate {
            certificate_type: CertificateType::PGP,
            certificate_value: Bytes(b"-----BEGIN PGP PUBLIC KEY BLOCK-----".to_vec()),
        });
        let id = register(&mut fixture, object.clone(), list([])).unwrap();
        assert!(get(&mut fixture, &id, None).unwrap() == object);
        let own = attributes(&mut fixture, &id);
        assert_eq!(own.certificate_type, Some(CertificateType::PGP));
        assert_eq!(own.x_509_certificate_subject, None);
    }
}
