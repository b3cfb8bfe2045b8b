//! Set Defaults, Set Constraints and Get Constraints (KMIP 2.1 §6.1.52, §6.1.51, §6.1.22).

use kmip::{
    V2_1,
    attribute::{Attributes, UniqueIdentifier},
    payload::constraint::{
        GetConstraints, GetConstraintsRequest, GetConstraintsResponse, ObjectGroups,
        SetConstraints, SetConstraintsRequest, SetConstraintsResponse, SetDefaults,
        SetDefaultsRequest, SetDefaultsResponse,
    },
    ttlv::{Structure, Writer},
};
use store::{Rules, Vault};

use super::Handler;
use crate::{
    context::Context,
    error::{Error, Result},
    policy::Access,
    template,
};

/// The most bytes of a vault's constraints, or of its defaults: each new object is compared with them.
const BYTES_MAX: usize = 65_536;

impl Handler for SetDefaults {
    const ACCESS: Access = Access::Administer;

    fn handle(
        context: &mut Context<'_>,
        request: SetDefaultsRequest,
    ) -> Result<SetDefaultsResponse> {
        for own in request
            .defaults_information
            .iter()
            .flat_map(|own| &own.object_defaults)
        {
            if own.object_type.is_none() && own.object_types.is_none() {
                return Err(Error::invalid_field("defaults are for objects of a type"));
            }
            // What a client may not give to a new object is no default either.
            template::fold(&mut Attributes::default(), &own.attributes)?;
        }
        let mut defaults = request.defaults_information;
        let all = defaults.iter_mut().flat_map(|own| &mut own.object_defaults);
        all.filter_map(|own| own.object_groups.as_mut())
            .for_each(named);
        let defaults = encoded(defaults.as_ref())?;
        put(context, |rules| Rules { defaults, ..rules })?;
        Ok(SetDefaultsResponse {})
    }
}

impl Handler for SetConstraints {
    const ACCESS: Access = Access::Administer;

    fn handle(
        context: &mut Context<'_>,
        request: SetConstraintsRequest,
    ) -> Result<SetConstraintsResponse> {
        let mut constraints = request.constraints;
        let all = constraints.iter_mut().flat_map(|own| &mut own.constraint);
        all.filter_map(|own| own.object_groups.as_mut())
            .for_each(named);
        let constraints = encoded(constraints.as_ref())?;
        put(context, |rules| Rules {
            constraints,
            ..rules
        })?;
        Ok(SetConstraintsResponse {})
    }
}

impl Handler for GetConstraints {
    const ACCESS: Access = Access::Read;

    fn handle(
        context: &mut Context<'_>,
        _: GetConstraintsRequest,
    ) -> Result<GetConstraintsResponse> {
        let mut constraints = context.constraints()?;
        if context.version.is_3() {
            let all = constraints.constraint.iter_mut();
            all.filter_map(|own| own.object_groups.as_mut())
                .for_each(linked);
        }
        Ok(GetConstraintsResponse { constraints })
    }
}

/// The groups as they are kept: by name, or by the identifier that 3.0 has for them.
fn named(groups: &mut ObjectGroups) {
    let links = std::mem::take(&mut groups.group_link).into_iter();
    groups
        .object_group
        .extend(links.filter_map(|link| match link {
            UniqueIdentifier::Text(group) | UniqueIdentifier::Name(group) => Some(group),
            UniqueIdentifier::Enumeration(_) | UniqueIdentifier::Integer(_) => None,
        }));
}

/// The groups as 3.0 tells them. Those that have an object are known by their identifiers, which are UUIDs.
pub(super) fn linked(groups: &mut ObjectGroups) {
    let own = std::mem::take(&mut groups.object_group).into_iter();
    groups
        .group_link
        .extend(own.map(|group| match uuid::Uuid::parse_str(&group) {
            Ok(_) => UniqueIdentifier::Text(group),
            Err(_) => UniqueIdentifier::Name(group),
        }));
}

/// The form in which the vault keeps them, whatever the version of the message.
fn encoded(rules: Option<&impl Structure>) -> Result<Option<Vec<u8>>> {
    let Some(rules) = rules else {
        return Ok(None);
    };
    let mut writer = Writer::new(V2_1);
    rules.write_fields(&mut writer);
    if writer.bytes().len() > BYTES_MAX {
        return Err(Error::invalid_field(
            "a vault keeps no more than 64 KiB of these",
        ));
    }
    Ok(Some(writer.bytes().to_vec()))
}

/// Changes the vault with the item; new objects are held to it once the item is committed.
fn put(context: &mut Context<'_>, change: impl FnOnce(Rules) -> Rules) -> Result<()> {
    let before = context.vault()?;
    let rules = change(before.rules.clone());
    let before = (*before).clone();
    let after = Vault {
        rules,
        ..before.clone()
    };
    context.tx.change_vault(before, after);
    context.effects.vaults = true;
    Ok(())
}
