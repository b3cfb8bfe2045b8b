//! Finding objects: one question, many pages, what other clients made, the profile.

use cryptoki_sys as ck;
use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask, LinkType, ObjectType, OperationCode as Op,
    attribute::{Attribute, Link, Name},
};

use crate::common::{
    CONFIG, alone,
    api::{bytes, flag, number, plain, raw},
    ops::put,
};

#[test]
fn one_search_by_label_is_one_round_trip() {
    alone(
        "objects::finding::one_search_by_label_is_one_round_trip",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            let (public, private) = api.p384(session, "one");
            api.p384(session, "two");
            fake.take_requests();
            let found = api.find(
                session,
                &[
                    number(ck::CKA_CLASS, ck::CKO_PRIVATE_KEY),
                    bytes(ck::CKA_LABEL, b"one"),
                ],
            );
            assert_eq!(found, [private]);
            assert_eq!(fake.take_requests().len(), 1);
            assert_eq!(
                api.get(session, private, ck::CKA_LABEL),
                Ok(b"one".to_vec())
            );
            assert_eq!(api.get(session, private, ck::CKA_SIGN), Ok(vec![1]));
            assert!(
                fake.take_requests().is_empty(),
                "attributes came with the search"
            );
            let mut mechanism = plain(ck::CKM_ECDSA);
            api.sign(session, &mut mechanism, private, &[7; 48])
                .unwrap();
            assert_eq!(
                fake.take_requests(),
                [vec![Op::Sign]],
                "a signature is one round trip"
            );
            let found = api.find(
                session,
                &[
                    number(ck::CKA_CLASS, ck::CKO_PUBLIC_KEY),
                    bytes(ck::CKA_ID, b"one"),
                ],
            );
            assert_eq!(found, [public]);
            assert!(
                api.find(session, &[bytes(ck::CKA_LABEL, b"three")])
                    .is_empty()
            );
            assert!(
                api.find(session, &[(0xCE53_4351, vec![1])]).is_empty(),
                "others' attributes match nothing"
            );
        },
    );
}

#[test]
fn many_objects_are_found_in_few_trips() {
    alone(
        "objects::finding::many_objects_are_found_in_few_trips",
        CONFIG,
        |fake, api| {
            {
                let mut state = fake.state.lock().unwrap();
                for n in 0..150 {
                    let attributes = vec![
                        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
                        Attribute::CryptographicLength(256),
                        Attribute::Name(Name::text(&format!("key {n}"))),
                    ];
                    put(&mut state, ObjectType::SymmetricKey, attributes, None);
                }
            }
            let session = api.ready();
            fake.take_requests();
            assert_eq!(
                api.find(session, &[number(ck::CKA_CLASS, ck::CKO_SECRET_KEY)])
                    .len(),
                150
            );
            // Five for pages, which overlap by half where they are so short, and three for what is on them.
            let trips = fake.take_requests().len();
            assert!(trips <= 8, "{trips}");
            let all = api.find(session, &[]);
            assert_eq!(all.len(), 150);
        },
    );
}

#[test]
fn objects_of_other_clients_are_found_as_they_are_shown() {
    alone(
        "objects::finding::objects_of_other_clients_are_found_as_they_are_shown",
        CONFIG,
        |fake, api| {
            let (private, public) = {
                let mut state = fake.state.lock().unwrap();
                let key = |name: &str| {
                    vec![
                        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::EC),
                        Attribute::CryptographicLength(384),
                        Attribute::CryptographicUsageMask(CryptographicUsageMask(3)),
                        Attribute::Name(Name::text(name)),
                    ]
                };
                let private = put(&mut state, ObjectType::PrivateKey, key("tde"), None);
                let mut of_public = key("tde-public");
                of_public.push(Attribute::Link(Link {
                    link_type: LinkType::PrivateKeyLink,
                    linked_object_identifier: private.as_str().into(),
                }));
                let public = put(&mut state, ObjectType::PublicKey, of_public, None);
                let link = Link {
                    link_type: LinkType::PublicKeyLink,
                    linked_object_identifier: public.as_str().into(),
                };
                state
                    .objects
                    .get_mut(&private)
                    .unwrap()
                    .attributes
                    .push(Attribute::Link(link));
                (private, public)
            };
            let session = api.ready();
            let found = api.find(session, &[bytes(ck::CKA_LABEL, b"tde")]);
            assert_eq!(found.len(), 1);
            assert_eq!(
                api.get(session, found[0], ck::CKA_UNIQUE_ID),
                Ok(private.into_bytes())
            );
            let id = api.get(session, found[0], ck::CKA_ID).unwrap();
            assert_eq!(id.len(), 16);
            let halves = api.find(session, &[bytes(ck::CKA_ID, &id)]);
            assert_eq!(halves.len(), 2);
            let of_class = api.find(
                session,
                &[
                    number(ck::CKA_CLASS, ck::CKO_PUBLIC_KEY),
                    bytes(ck::CKA_ID, &id),
                ],
            );
            assert_eq!(of_class.len(), 1);
            assert_eq!(
                api.get(session, of_class[0], ck::CKA_UNIQUE_ID),
                Ok(public.into_bytes())
            );
            assert_eq!(
                api.set(session, found[0], &[bytes(ck::CKA_LABEL, b"mine")]),
                ck::CKR_OK
            );
            assert_eq!(api.find(session, &[bytes(ck::CKA_LABEL, b"mine")]), found);
            assert_eq!(
                api.set(session, found[0], &[bytes(ck::CKA_ID, b"set on one half")]),
                ck::CKR_OK
            );
            let halves = api.find(session, &[bytes(ck::CKA_ID, b"set on one half")]);
            assert_eq!(halves.len(), 2, "and shown by both");
            assert!(
                api.find(session, &[bytes(ck::CKA_LABEL, b"tde")])
                    .is_empty(),
                "the name is no longer shown"
            );
        },
    );
}

#[test]
fn mechanisms_are_objects_that_nobody_changes() {
    alone(
        "objects::finding::mechanisms_are_objects_that_nobody_changes",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let found = api.find(session, &[number(ck::CKA_CLASS, ck::CKO_MECHANISM)]);
            let told = found.iter().map(|object| {
                let told = api.get(session, *object, ck::CKA_MECHANISM_TYPE).unwrap();
                u64::from_ne_bytes(told.try_into().unwrap())
            });
            let (mut listed, mut many) = (vec![0; 512], 512);
            assert_eq!(
                call!(
                    api,
                    C_GetMechanismList(0, listed.as_mut_ptr(), &raw mut many)
                ),
                ck::CKR_OK
            );
            listed.truncate(many as usize);
            assert_eq!(told.collect::<Vec<_>>(), listed);
            let one = [number(ck::CKA_MECHANISM_TYPE, ck::CKM_AES_GCM)];
            let [gcm] = api.find(session, &one)[..] else {
                panic!("one mechanism, one object");
            };
            assert!(found.contains(&gcm));
            assert_eq!(api.get(session, gcm, ck::CKA_TOKEN), Ok(vec![1]));
            let label = [bytes(ck::CKA_LABEL, b"mine")];
            let mut entries = raw(&label);
            let entries = entries.as_mut_ptr();
            assert_eq!(
                call!(api, C_SetAttributeValue(session, gcm, entries, 1)),
                ck::CKR_ACTION_PROHIBITED
            );
            assert_eq!(
                call!(api, C_DestroyObject(session, gcm)),
                ck::CKR_ACTION_PROHIBITED
            );
            assert!(api.find(session, &[]).is_empty(), "nobody asked for them");
        },
    );
}

#[test]
fn profiles_are_objects_of_the_token() {
    alone(
        "objects::finding::profiles_are_objects_of_the_token",
        CONFIG,
        |_, api| {
            api.initialise();
            let session = api.open(false);
            let found = api.find(
                session,
                &[
                    number(ck::CKA_CLASS, ck::CKO_PROFILE),
                    flag(ck::CKA_TOKEN, true),
                ],
            );
            let kept = [
                ck::CKP_BASELINE_PROVIDER,
                ck::CKP_EXTENDED_PROVIDER,
                ck::CKP_AUTHENTICATION_TOKEN,
            ];
            assert_eq!(found.len(), kept.len());
            for (object, id) in found.iter().zip(kept) {
                let told = api.get(session, *object, ck::CKA_PROFILE_ID);
                assert_eq!(told, Ok(id.to_ne_bytes().to_vec()));
                let one = [number(ck::CKA_PROFILE_ID, id)];
                assert_eq!(api.find(session, &one), [*object]);
            }
            assert!(api.find(session, &[]).is_empty(), "nobody asked for them");
            for class in [ck::CKO_VALIDATION, ck::CKO_HW_FEATURE] {
                assert!(
                    api.find(session, &[number(ck::CKA_CLASS, class)])
                        .is_empty()
                );
            }
            let mut template = raw(&[]);
            assert_eq!(
                call!(api, C_FindObjectsInit(session, template.as_mut_ptr(), 0)),
                ck::CKR_OK
            );
            assert_eq!(
                call!(api, C_FindObjectsInit(session, template.as_mut_ptr(), 0)),
                ck::CKR_OPERATION_ACTIVE
            );
            assert_eq!(call!(api, C_FindObjectsFinal(session)), ck::CKR_OK);
            assert_eq!(
                call!(api, C_FindObjectsFinal(session)),
                ck::CKR_OPERATION_NOT_INITIALIZED
            );
        },
    );
}
