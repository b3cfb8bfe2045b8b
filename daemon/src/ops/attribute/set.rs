//! Set Attribute and Adjust Attribute: a value in the place of another, or the same value moved (KMIP 2.1 §6.1.51, §6.1.3).

use kmip::{
    AdjustmentType,
    attribute::{Attribute, AttributeReference, SingleAttribute},
    payload::attribute::{
        AdjustAttribute, AdjustAttributeRequest, AdjustAttributeResponse, SetAttribute,
        SetAttributeRequest, SetAttributeResponse,
    },
    ttlv::{AnyValue, Interval, ItemType, Timestamp},
};

use super::{changeable, check_change, modifiable, reference_to, settable};
use crate::{
    context::Context,
    error::{Error, Result},
    fault::Fault,
    ops::Handler,
    policy::Access,
    service::Service,
    template,
};

impl Handler for SetAttribute {
    const ACCESS: Access = Access::Manage;

    fn is_light_to_commit(service: &Service, request: &SetAttributeRequest) -> bool {
        service.has_light_key(request.unique_identifier.as_ref(), |_| true)
    }

    fn handle(
        context: &mut Context<'_>,
        request: SetAttributeRequest,
    ) -> Result<SetAttributeResponse> {
        let object = context.object(request.unique_identifier)?;
        let mut record = changeable(&object)?;
        let SingleAttribute { attribute, .. } = request.new_attribute;
        let attribute = context.resolve_links(attribute)?;
        let instances = record
            .attributes
            .named(&reference_to(&attribute, context.version));
        let before = only(&instances)?.map(|(index, _)| *index);
        match before {
            None => settable(&attribute),
            Some(_) => modifiable(&attribute),
        }
        .map_err(as_read_only)?;
        let attribute = template::completed(attribute);
        template::check_value(&attribute)?;
        let attribute = check_change(context, &mut record, attribute).map_err(as_read_only)?;
        match before {
            None => record.attributes.add(attribute).map(drop)?,
            Some(index) => record.attributes.replace(index, attribute)?,
        }
        context.save_linked(object.record(), record)?;
        Ok(SetAttributeResponse {
            unique_identifier: object.identifier(),
        })
    }
}

impl Handler for AdjustAttribute {
    const ACCESS: Access = Access::Manage;

    fn handle(
        context: &mut Context<'_>,
        request: AdjustAttributeRequest,
    ) -> Result<AdjustAttributeResponse> {
        let object = context.object(request.unique_identifier)?;
        let mut record = changeable(&object)?;
        if matches!(request.attribute_reference, AttributeReference::Unknown(_)) {
            return Err(Error::new(
                Fault::AttributeUnsupported,
                "the tag is that of no attribute served here",
            ));
        }
        let instances = record.attributes.named(&request.attribute_reference);
        let (index, before) = only(&instances)?.cloned().ok_or_else(|| {
            Error::new(
                Fault::NothingToAdjust,
                "the object does not have the attribute",
            )
        })?;
        modifiable(&before).map_err(as_read_only)?;
        let by = request.adjustment_value.as_ref();
        let attribute = adjusted(before, request.adjustment_type, by)?;
        template::check_value(&attribute)?;
        let attribute = check_change(context, &mut record, attribute).map_err(as_read_only)?;
        record.attributes.replace(index, attribute)?;
        context.save(record)?;
        Ok(AdjustAttributeResponse {
            unique_identifier: object.identifier(),
        })
    }
}

/// The only instance, or none; more than one cannot be told apart here.
fn only(instances: &[(u32, Attribute)]) -> Result<Option<&(u32, Attribute)>> {
    match instances {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => Err(Error::new(
            Fault::AttributeMultiValued,
            "the object has several instances of the attribute",
        )),
    }
}

/// These operations have a reason of their own for what clients may not change.
fn as_read_only(error: Error) -> Error {
    match error.fault {
        Fault::AttributeReadOnly => {
            Error::new(Fault::ReadOnlyAttribute, error.message().to_owned())
        }
        _ => error,
    }
}

/// The attribute with its value adjusted.
fn adjusted(attribute: Attribute, how: AdjustmentType, by: Option<&AnyValue>) -> Result<Attribute> {
    use Attribute as A;
    let date = |date: Timestamp| moved(date.0, how, by).map(Timestamp);
    Ok(match attribute {
        A::ActivationDate(own) => A::ActivationDate(date(own)?),
        A::DeactivationDate(own) => A::DeactivationDate(date(own)?),
        A::ProcessStartDate(own) => A::ProcessStartDate(date(own)?),
        A::ProtectStopDate(own) => A::ProtectStopDate(date(own)?),
        A::ProtectionPeriod(own) => {
            let moved = moved(i64::from(own.0), how, by)?;
            A::ProtectionPeriod(Interval(moved.try_into().map_err(out_of_range)?))
        }
        A::Sensitive(own) => A::Sensitive(negated(own, how)?),
        A::Extractable(own) => A::Extractable(negated(own, how)?),
        A::QuantumSafe(own) => A::QuantumSafe(negated(own, how)?),
        A::Vendor(mut own) => {
            own.value = adjusted_value(&own.value, how, by)?;
            A::Vendor(own)
        }
        _ => return Err(wrong_type()),
    })
}

/// The same for a value of any type.
fn adjusted_value(own: &AnyValue, how: AdjustmentType, by: Option<&AnyValue>) -> Result<AnyValue> {
    if own.item_type == ItemType::Boolean {
        let value = negated(number(own)? != 0, how)?;
        return Ok(AnyValue {
            item_type: ItemType::Boolean,
            body: u64::from(value).to_be_bytes().to_vec(),
        });
    }
    let moved = moved(number(own)?, how, by)?;
    let body = match own.item_type {
        ItemType::Integer => i32::try_from(moved)
            .map_err(out_of_range)?
            .to_be_bytes()
            .to_vec(),
        ItemType::Interval => u32::try_from(moved)
            .map_err(out_of_range)?
            .to_be_bytes()
            .to_vec(),
        _ => moved.to_be_bytes().to_vec(),
    };
    Ok(AnyValue {
        item_type: own.item_type,
        body,
    })
}

/// A number more, less or the opposite, within its range.
fn moved(own: i64, how: AdjustmentType, by: Option<&AnyValue>) -> Result<i64> {
    let by = by.map_or(Ok(1), number)?;
    let moved = match how {
        AdjustmentType::Increment => own.checked_add(by),
        AdjustmentType::Decrement => own.checked_sub(by),
        AdjustmentType::Negate => own.checked_neg(),
        _ => return Err(Error::invalid_field("the adjustment type is not known")),
    };
    moved.ok_or_else(|| out_of_range(()))
}

fn negated(own: bool, how: AdjustmentType) -> Result<bool> {
    if how == AdjustmentType::Negate {
        Ok(!own)
    } else {
        Err(wrong_type())
    }
}

/// What a value of a numeric type says.
fn number(value: &AnyValue) -> Result<i64> {
    let body = value.body.as_slice();
    match value.item_type {
        ItemType::Integer => body.try_into().ok().map(i32::from_be_bytes).map(i64::from),
        ItemType::Interval => body.try_into().ok().map(u32::from_be_bytes).map(i64::from),
        ItemType::LongInteger | ItemType::DateTime | ItemType::Boolean => {
            body.try_into().ok().map(i64::from_be_bytes)
        }
        // Most big integers are small; what is larger than a word is not moved by steps.
        ItemType::BigInteger => body.try_into().ok().map(i64::from_be_bytes),
        _ => None,
    }
    .ok_or_else(wrong_type)
}

fn wrong_type() -> Error {
    Error::new(
        Fault::WrongDataType,
        "a value of this type cannot be adjusted so",
    )
}

fn out_of_range<T>(_: T) -> Error {
    Error::new(
        Fault::NumericRange,
        "the adjusted value is out of its range",
    )
}
