//! Set Defaults, Set Constraints and Get Constraints (KMIP 2.1 §6.1.52, §6.1.51, §6.1.22).

use super::operation;
use crate::{
    ObjectType,
    attribute::{AttributeList, UniqueIdentifier},
    ttlv::structure,
};

operation! {
    /// Set Defaults: what new objects have where the client does not say.
    SetDefaults since V2_1: SetDefaultsRequest -> SetDefaultsResponse;
    /// Set Constraints: what new objects must have.
    SetConstraints since V2_1: SetConstraintsRequest -> SetConstraintsResponse;
    /// Get Constraints: what new objects must have.
    GetConstraints since V2_1: GetConstraintsRequest -> GetConstraintsResponse;
}

structure! {
    /// Object Types (KMIP 2.1 §7.24).
    #[derive(Debug, Default, Eq)]
    pub struct ObjectTypes {
        /// The types.
        object_type: Vec<ObjectType> = ObjectType;
    }
}

structure! {
    /// Object Groups (KMIP 2.1 §7.23).
    #[derive(Debug, Default, Eq)]
    pub struct ObjectGroups {
        /// The groups by their names.
        object_group: Vec<String> = ObjectGroup until V3_0;
        /// The groups.
        group_link: Vec<UniqueIdentifier> = GroupLink since V3_0;
    }
}

structure! {
    /// Object Defaults (KMIP 2.1 §7.22): what new objects of some types and groups have.
    #[derive(Debug, Default)]
    pub struct ObjectDefaults {
        /// The type.
        object_type: Option<ObjectType> = ObjectType;
        /// The types, where there are several.
        object_types: Option<ObjectTypes> = ObjectTypes since V2_1;
        /// What they have.
        attributes: AttributeList = Attributes;
        /// The groups; any when absent.
        object_groups: Option<ObjectGroups> = ObjectGroups since V2_1;
    }
}

structure! {
    /// Defaults Information (KMIP 2.1 §7.13).
    #[derive(Debug, Default)]
    pub struct DefaultsInformation {
        /// One for each kind of object.
        object_defaults: Vec<ObjectDefaults> = ObjectDefaults;
    }
}

structure! {
    /// Constraint (KMIP 2.1 §7.6): what objects of some types and groups must have.
    #[derive(Debug, Default)]
    pub struct Constraint {
        /// The types; any when absent.
        object_types: Option<ObjectTypes> = ObjectTypes;
        /// The groups; any when absent.
        object_groups: Option<ObjectGroups> = ObjectGroups;
        /// What they must have.
        attributes: AttributeList = Attributes;
    }
}

structure! {
    /// Constraints (KMIP 2.1 §7.7).
    #[derive(Debug, Default)]
    pub struct Constraints {
        /// The alternatives.
        constraint: Vec<Constraint> = Constraint;
    }
}

structure! {
    /// Set Defaults, request; absent, all defaults go.
    pub struct SetDefaultsRequest {
        /// The new defaults.
        defaults_information: Option<DefaultsInformation> = DefaultsInformation;
    }
}

structure! {
    /// Set Defaults, response.
    pub struct SetDefaultsResponse {
    }
}

structure! {
    /// Set Constraints, request; absent, all constraints go.
    pub struct SetConstraintsRequest {
        /// The new constraints.
        constraints: Option<Constraints> = Constraints;
    }
}

structure! {
    /// Set Constraints, response.
    pub struct SetConstraintsResponse {
    }
}

structure! {
    /// Get Constraints, request.
    pub struct GetConstraintsRequest {
    }
}

structure! {
    /// Get Constraints, response.
    pub struct GetConstraintsResponse {
        /// The constraints.
        constraints: Constraints = Constraints;
    }
}
