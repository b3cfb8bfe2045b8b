//! What would change a locked key: its marks, its state, where it is.

use keyhold_tests::objects::*;
use kmip::{
    AdjustmentType, ObjectType, OperationCode, RevocationReasonCode, State,
    attribute::{Attribute, AttributeKind, AttributeReference, SingleAttribute},
    payload::{
        activate::{Activate, ActivateRequest},
        archive::{Archive, ArchiveRequest, Recover, RecoverRequest},
        attribute::*,
        destroy::{Destroy, DestroyRequest},
        revoke::Revoke,
    },
};

use crate::{
    keys::Victim,
    operations::{Ask, each, freeing, one},
};

/// What is asked to change a victim.
pub fn asks(code: OperationCode, victim: &Victim) -> Vec<Ask> {
    let own = || id(&victim.id);
    let new = |attribute| SingleAttribute {
        index: None,
        attribute,
    };
    match code {
        OperationCode::AddAttribute => {
            freeing(each::<AddAttribute>(unlocking().map(|attribute| {
                AddAttributeRequest {
                    unique_identifier: own(),
                    new_attribute: new(attribute),
                }
            })))
        }
        OperationCode::ModifyAttribute => {
            freeing(each::<ModifyAttribute>(unlocking().map(|attribute| {
                ModifyAttributeRequest {
                    unique_identifier: own(),
                    current_attribute: None,
                    new_attribute: new(attribute),
                }
            })))
        }
        OperationCode::SetAttribute => {
            freeing(each::<SetAttribute>(unlocking().map(|attribute| {
                SetAttributeRequest {
                    unique_identifier: own(),
                    new_attribute: new(attribute),
                }
            })))
        }
        OperationCode::DeleteAttribute => {
            freeing(each::<DeleteAttribute>(unlocking().map(|attribute| {
                DeleteAttributeRequest {
                    unique_identifier: own(),
                    current_attribute: Some(new(attribute)),
                    attribute_reference: None,
                    attribute_index: None,
                }
            })))
        }
        _ => of_life(code, victim),
    }
}

/// What is asked to change a victim's state.
fn of_life(code: OperationCode, victim: &Victim) -> Vec<Ask> {
    let own = || id(&victim.id);
    match code {
        OperationCode::Activate => one::<Activate>(ActivateRequest {
            unique_identifier: own(),
        }),
        OperationCode::Archive => one::<Archive>(ArchiveRequest {
            unique_identifier: own(),
        }),
        OperationCode::Recover => one::<Recover>(RecoverRequest {
            unique_identifier: own(),
        }),
        OperationCode::Revoke => one::<Revoke>(revocation(
            &victim.id,
            RevocationReasonCode::CessationOfOperation,
        )),
        OperationCode::Destroy => one::<Destroy>(DestroyRequest {
            unique_identifier: own(),
        }),
        OperationCode::AdjustAttribute => freeing(each::<AdjustAttribute>(MARKS.map(|mark| {
            AdjustAttributeRequest {
                unique_identifier: own(),
                attribute_reference: AttributeReference::Standard(mark),
                adjustment_type: AdjustmentType::Negate,
                adjustment_value: None,
            }
        }))),
        // 2.1 does not have them, and they do what Revoke and Destroy do.
        OperationCode::Deactivate | OperationCode::Obliterate => vec![],
        other => panic!("say here what {other:?} is asked about locked keys"),
    }
}

/// What a lock is.
const MARKS: [AttributeKind; 4] = [
    AttributeKind::Sensitive,
    AttributeKind::Extractable,
    AttributeKind::AlwaysSensitive,
    AttributeKind::NeverExtractable,
];

/// What would unlock a key.
fn unlocking() -> impl Iterator<Item = Attribute> {
    [
        Attribute::Sensitive(false),
        Attribute::Extractable(true),
        Attribute::AlwaysSensitive(false),
        Attribute::NeverExtractable(false),
        Attribute::State(State::PreActive),
        Attribute::ObjectType(ObjectType::PublicKey),
    ]
    .into_iter()
}
