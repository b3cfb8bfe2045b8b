//! Locate against its meaning in plain Rust, on random records and filters, committed and pending.

use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask, HashingAlgorithm, LinkType, NameType,
    ObjectGroupMember, ObjectType, State, StorageStatusMask, UsageLimitsUnit,
    attribute::{
        ApplicationSpecificInformation, Attribute, AttributeKind, CryptographicParameters, Digest,
        Link, Name, UniqueIdentifier, UsageLimits, VendorAttribute, X509CertificateSubject,
    },
    ttlv::{AnyValue, Bytes, Timestamp},
};
use proptest::{collection::vec, option, prelude::*, sample::Index};
use store::{Custody, Filter, ObjectId, Page, Record, Scope, SqliteStore, Store, Transaction};

use crate::sample::key;

/// Far from each other, for the clock of a store's users goes back by seconds at most.
fn date() -> impl Strategy<Value = Timestamp> {
    (0_i64..5).prop_map(|n| Timestamp(n * 1_000))
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..4).prop_map(|n| format!("text {n}")),
        // Alike to where search keys are cut.
        (0..2).prop_map(|n| format!("{}{n}", "long ".repeat(40))),
    ]
}

fn bytes() -> impl Strategy<Value = Bytes> {
    vec(0_u8..3, 0..2).prop_map(Bytes)
}

fn plain() -> impl Strategy<Value = Attribute> {
    prop_oneof![
        (text(), 1_u32..3).prop_map(|(value, kind)| Attribute::Name(Name {
            name_value: value,
            name_type: NameType(kind),
        })),
        date().prop_map(Attribute::InitialDate),
        date().prop_map(Attribute::ActivationDate),
        date().prop_map(Attribute::DeactivationDate),
        date().prop_map(Attribute::ArchiveDate),
        (1_u32..7).prop_map(|n| Attribute::State(State(n))),
        (1_u32..4).prop_map(|n| Attribute::CryptographicAlgorithm(CryptographicAlgorithm(n))),
        (1_i32..3).prop_map(Attribute::CryptographicLength),
        (0_u32..8).prop_map(|n| Attribute::CryptographicUsageMask(CryptographicUsageMask(n))),
        text().prop_map(Attribute::ObjectGroup),
        text().prop_map(Attribute::Comment),
        any::<bool>().prop_map(Attribute::Fresh),
        any::<bool>().prop_map(Attribute::Sensitive),
    ]
}

fn structured() -> impl Strategy<Value = Attribute> {
    prop_oneof![
        (text(), option::of(text())).prop_map(|(application_namespace, application_data)| {
            Attribute::ApplicationSpecificInformation(ApplicationSpecificInformation {
                application_namespace,
                application_data,
            })
        }),
        (1_u32..3, option::of(bytes())).prop_map(|(n, digest_value)| Attribute::Digest(Digest {
            hashing_algorithm: HashingAlgorithm(n),
            digest_value,
            key_format_type: None,
        })),
        (option::of(0_i32..2), option::of(any::<bool>())).prop_map(|(tag_length, random_iv)| {
            Attribute::CryptographicParameters(Box::new(CryptographicParameters {
                tag_length,
                random_iv,
                ..CryptographicParameters::default()
            }))
        }),
        (1_u32..3, text()).prop_map(|(n, id)| Attribute::Link(Link {
            link_type: LinkType(n),
            linked_object_identifier: id.into(),
        })),
        (0_i64..3, option::of(0_i64..3), 1_u32..3).prop_map(|(total, count, unit)| {
            Attribute::UsageLimits(UsageLimits {
                usage_limits_total: total,
                usage_limits_count: count,
                usage_limits_unit: UsageLimitsUnit(unit),
            })
        }),
        (option::of(bytes()), vec(bytes(), 0..3)).prop_map(|(name, alternatives)| {
            Attribute::X509CertificateSubject(X509CertificateSubject {
                subject_distinguished_name: name,
                subject_alternative_name: alternatives,
            })
        }),
        (text(), text(), text()).prop_map(|(vendor, name, value)| {
            Attribute::Vendor(VendorAttribute {
                vendor_identification: vendor,
                attribute_name: name,
                value: AnyValue::text(&value),
            })
        }),
    ]
}

fn attribute() -> impl Strategy<Value = Attribute> {
    prop_oneof![2 => plain(), 1 => structured()]
}

/// What the state at a time depends on, more often than chance would have it.
fn lifecycle() -> impl Strategy<Value = Vec<Attribute>> {
    let dates = (option::of(date()), option::of(date()));
    (option::weighted(0.8, 1_u32..7), dates).prop_map(|(state, (activation, deactivation))| {
        let state = state.map(|n| Attribute::State(State(n)));
        let activation = activation.map(Attribute::ActivationDate);
        let deactivation = deactivation.map(Attribute::DeactivationDate);
        [state, activation, deactivation]
            .into_iter()
            .flatten()
            .collect()
    })
}

/// Three kinds of keys, and users.
fn some_type(n: u32) -> ObjectType {
    if n == 4 {
        ObjectType::User
    } else {
        ObjectType(n)
    }
}

fn record() -> impl Strategy<Value = Record> {
    let attributes = (lifecycle(), vec(attribute(), 0..10));
    (attributes, 0_u8..3, 0_u8..3, 1_u32..5, 0_u8..4).prop_map(
        |((lifecycle, others), vault, owner, object_type, custody)| {
            let mut record = key("");
            record.attributes = kmip::attribute::Attributes::default();
            for attribute in lifecycle.into_iter().chain(others) {
                // A second value of a single attribute is refused, which is all the same here.
                let _ = record.attributes.add(attribute);
            }
            record.vault = format!("vault {}", vault.min(1));
            record.owner = format!("owner {}", owner.min(1));
            record.object_type = some_type(object_type);
            if custody == 0 {
                record.custody = Custody::Gone;
            }
            record
        },
    )
}

/// A filter of what records have and of what they may not have.
#[derive(Clone, Debug)]
struct Asked {
    own: Vec<(Index, Index)>,
    other: Vec<Attribute>,
    object_type: Option<u32>,
    state: Option<u32>,
    id: Option<Index>,
    storage_status: Option<u32>,
    object_group_member: Option<u32>,
    owner: Option<u8>,
    accounts: bool,
    page: (u64, Option<u64>),
    now: Timestamp,
}

fn asked() -> impl Strategy<Value = Asked> {
    let attributes = (vec(any::<(Index, Index)>(), 0..3), vec(attribute(), 0..2));
    let others = (
        option::weighted(0.2, 1_u32..5),
        option::weighted(0.3, 1_u32..7),
        option::weighted(0.1, any::<Index>()),
        option::weighted(0.4, 0_u32..8),
        option::weighted(0.2, 1_u32..4),
        option::weighted(0.2, 0_u8..2),
        any::<bool>(),
    );
    let page = (0_u64..3, option::of(0_u64..5));
    (attributes, others, page, date()).prop_map(|((own, other), others, page, now)| Asked {
        own,
        other,
        object_type: others.0,
        state: others.1,
        id: others.2,
        storage_status: others.3,
        object_group_member: others.4,
        owner: others.5,
        accounts: others.6,
        page,
        now,
    })
}

impl Asked {
    fn filter(&self, records: &[Record]) -> Filter {
        let mut attributes = self.other.clone();
        for (which, instance) in &self.own {
            let record = which.get(records);
            let instances: Vec<_> = record.attributes.each(kmip::V2_1).iter().cloned().collect();
            if !instances.is_empty() {
                attributes.push(instance.get(&instances).clone());
            }
        }
        attributes.extend(
            self.object_type
                .map(|n| Attribute::ObjectType(some_type(n))),
        );
        attributes.extend(self.state.map(|n| Attribute::State(State(n))));
        let id = self
            .id
            .as_ref()
            .map(|which| which.get(records).id.0.clone());
        attributes.extend(id.map(|id| Attribute::UniqueIdentifier(UniqueIdentifier::Text(id))));
        Filter {
            attributes,
            storage_status: self.storage_status.map(StorageStatusMask),
            object_group_member: self.object_group_member.map(ObjectGroupMember),
            accounts: self.accounts,
        }
    }

    fn scope(&self) -> Scope {
        Scope {
            vault: "vault 1".to_owned(),
            owner: self.owner.map(|n| format!("owner {n}")),
        }
    }

    /// Compares what is found with what the model says of the records, the oldest first.
    fn check(
        &self,
        transaction: &mut dyn Transaction,
        records: &[Record],
    ) -> Result<(), TestCaseError> {
        let (filter, scope) = (self.filter(records), self.scope());
        let page = Page {
            offset: self.page.0,
            items_max: self.page.1,
            is_counted: true,
        };
        let matching: Vec<ObjectId> = records
            .iter()
            .rev()
            .filter(|record| scope.contains(record) && filter.matches(record, self.now))
            .map(|record| record.id.clone())
            .collect();
        let found = transaction.locate(&filter, &scope, page, self.now).unwrap();
        let shown = matching.iter().enumerate();
        let shown = shown
            .filter(|(n, _)| page.shows(*n as u64))
            .map(|(_, id)| id.clone());
        prop_assert_eq!(found.ids, shown.collect::<Vec<_>>(), "{:?}", filter);
        prop_assert_eq!(found.total, Some(matching.len() as u64));
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn locate_is_its_model(
        committed in vec(record(), 1..25),
        inserted in vec(record(), 0..4),
        changed in vec((any::<Index>(), record()), 0..4),
        asked in vec(asked(), 12),
    ) {
        let store = SqliteStore::in_memory().unwrap();
        let mut records = Vec::new();
        let mut transaction = store.begin();
        for record in committed {
            // A name that is taken keeps a record out.
            if transaction.insert(record.clone()).is_ok() {
                records.push(record);
            }
        }
        transaction.commit().unwrap();
        for one in &asked {
            one.check(&mut *store.begin(), &records)?;
        }

        let mut transaction = store.begin();
        for (which, mut new) in changed {
            let place = which.index(records.len());
            let old = transaction.record(&records[place].id).unwrap().unwrap();
            new.id = old.id.clone();
            new.vault = old.vault.clone();
            new.object_type = old.object_type;
            new.revision = old.revision;
            if transaction.update(new.clone()).is_ok() {
                records[place] = new;
            }
        }
        for record in inserted {
            if transaction.insert(record.clone()).is_ok() {
                records.push(record);
            }
        }
        for one in &asked {
            one.check(&mut *transaction, &records)?;
        }
        transaction.commit().unwrap();
        for one in &asked {
            one.check(&mut *store.begin(), &records)?;
        }
        let kinds = AttributeKind::ALL;
        for record in &records {
            let read = store.record(&record.id).unwrap().unwrap();
            for kind in kinds {
                prop_assert_eq!(read.attributes.of(*kind), record.attributes.of(*kind));
            }
        }
    }
}
