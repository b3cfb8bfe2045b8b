//! Rules for changing attributes that depend on the object: its state, its dates, what it was before.

use kmip::{
    State,
    attribute::{Attribute, AttributeKind, Attributes, UsageLimits},
    ttlv::Timestamp,
};
use store::Record;

use super::{circle, read_only};
use crate::{
    context::Context,
    error::{Error, Result},
    fault::Fault,
    rules, template,
};

/// Whether an object may have this new value; the value as it is to be stored.
pub(super) fn check_change(
    context: &mut Context<'_>,
    record: &mut Record,
    attribute: Attribute,
) -> Result<Attribute> {
    let state = record.state_at(context.now);
    let before_use = state == Some(State::PreActive);
    let in_use = matches!(state, Some(State::PreActive | State::Active));
    if let Attribute::Link(link) = &attribute {
        circle::refuse(context, &record.id, link)?;
    }
    let attribute = match attribute {
        // KMIP 2.1 §4.1: the activation of what is active cannot be moved.
        Attribute::ActivationDate(_) if !before_use => Err(wrong_state()),
        Attribute::DeactivationDate(_) if !in_use => Err(wrong_state()),
        Attribute::ProcessStartDate(_) => {
            date_may_move(record.attributes.process_start_date, in_use, context.now)
                .map(|()| attribute)
        }
        Attribute::ProtectStopDate(_) => {
            date_may_move(record.attributes.protect_stop_date, in_use, context.now)
                .map(|()| attribute)
        }
        Attribute::UsageLimits(new) => limits(record, &new).map(Attribute::UsageLimits),
        Attribute::Sensitive(false) if record.attributes.sensitive != Some(false) => {
            // KMIP 2.1 §4.56: what was sensitive stays so.
            Err(read_only(AttributeKind::Sensitive))
        }
        Attribute::Extractable(true) if record.attributes.extractable != Some(true) => {
            Err(read_only(AttributeKind::Extractable))
        }
        Attribute::Extractable(false) if record.attributes.extractable == Some(true) => {
            let mut terms = context.terms(&record.id, &record.attributes)?;
            terms.exportable = false;
            context.lock(record, &terms)?;
            Ok(Attribute::Extractable(false))
        }
        Attribute::QuantumSafe(true) => {
            let mut called = record.clone();
            called.attributes.quantum_safe = Some(true);
            rules::quantum_safe(&called).map(|()| attribute)
        }
        other => Ok(other),
    }?;
    dates_fit(record, &attribute)?;
    Ok(attribute)
}

/// Whether the dates of an object still fit each other with the new one.
fn dates_fit(record: &Record, new: &Attribute) -> Result<()> {
    let own = &record.attributes;
    let mut dates = Attributes {
        activation_date: own.activation_date,
        process_start_date: own.process_start_date,
        protect_stop_date: own.protect_stop_date,
        deactivation_date: own.deactivation_date,
        ..Attributes::default()
    };
    match new {
        Attribute::ActivationDate(date) => dates.activation_date = Some(*date),
        Attribute::ProcessStartDate(date) => dates.process_start_date = Some(*date),
        Attribute::ProtectStopDate(date) => dates.protect_stop_date = Some(*date),
        Attribute::DeactivationDate(date) => dates.deactivation_date = Some(*date),
        _ => return Ok(()),
    }
    template::check_dates(&dates)
}

fn wrong_state() -> Error {
    Error::new(
        Fault::WrongState,
        "the object's state does not allow this date to change",
    )
}

/// A date within the active life moves only until it is reached (KMIP 2.1 §4.40, §4.41).
fn date_may_move(current: Option<Timestamp>, in_use: bool, now: Timestamp) -> Result<()> {
    if in_use && current.is_none_or(|date| now < date) {
        Ok(())
    } else {
        Err(wrong_state())
    }
}

/// Total and unit may be corrected until something was counted; the count is the server's (KMIP 2.1 §4.59).
fn limits(record: &Record, new: &UsageLimits) -> Result<UsageLimits> {
    let spent = record
        .attributes
        .usage_limits
        .as_ref()
        .is_some_and(|limits| limits.usage_limits_count != Some(limits.usage_limits_total));
    if spent {
        return Err(read_only(AttributeKind::UsageLimits));
    }
    Ok(UsageLimits {
        usage_limits_count: Some(new.usage_limits_total),
        ..new.clone()
    })
}
