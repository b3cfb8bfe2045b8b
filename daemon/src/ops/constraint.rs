//! Set Defaults, Set Constraints and Get Constraints (KMIP 2.1 §6.1.52, §6.1.51, §6.1.22).

use kmip::{
    V2_1,
    attribute::Attributes,
    payload::constraint::{
        GetConstraints, GetConstraintsRequest, GetConstraintsResponse, SetConstraints,
        SetConstraintsRequest, SetConstraintsResponse, SetDefaults, SetDefaultsRequest,
        SetDefaultsResponse,
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
        let defaults = encoded(request.defaults_information.as_ref())?;
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
        let constraints = encoded(request.constraints.as_ref())?;
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
        Ok(GetConstraintsResponse {
            constraints: context.constraints()?,
        })
    }
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
    context.tx.put_vault(Vault {
        rules,
        ..(*before).clone()
    });
    context.effects.vaults = true;
    Ok(())
}
