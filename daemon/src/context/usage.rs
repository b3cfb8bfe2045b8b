//! Uses of a key: whether its state, its mask and its limits allow one, and what one costs.

use hsm::KeyRef;
use kmip::{CryptographicUsageMask, UsageLimitsUnit, attribute::UsageLimits};
use store::Custody;

use super::{Authorized, Context};
use crate::{
    error::{Error, Result},
    fault::Fault,
    lifecycle, marks,
    uses::Counted,
};

impl Context<'_> {
    /// Whether an object may be used so: state, dates and usage mask, in this order.
    pub(crate) fn permitted(
        &self,
        object: &Authorized,
        usage: CryptographicUsageMask,
    ) -> Result<()> {
        let record = object.record();
        if record.is_destroyed() {
            return Err(lifecycle::destroyed());
        }
        if marks::wants_proof(record) && !self.principal.has_proven_itself {
            return Err(Error::new(
                Fault::NotPermitted,
                "the key is used with its user's PIN alone",
            ));
        }
        if let Some(state) = record.state_at(self.now) {
            let compromised_too = self.principal.role.compromised_keys_too;
            lifecycle::permits(state, usage, &record.attributes, self.now, compromised_too)?;
        }
        let mask = record
            .attributes
            .cryptographic_usage_mask
            .unwrap_or_default();
        if !mask.contains(usage) {
            return Err(Error::new(
                Fault::WrongUsage,
                "the key's usage mask does not allow this",
            ));
        }
        Ok(())
    }

    /// The HSM and reference of a key that may be used so.
    pub(crate) fn key_for(
        &self,
        object: &Authorized,
        usage: CryptographicUsageMask,
    ) -> Result<(String, KeyRef)> {
        self.permitted(object, usage)?;
        self.within_limits(object, usage)?;
        match &object.record().custody {
            Custody::Hsm { backend, key } => Ok((backend.clone(), KeyRef(key.clone()))),
            Custody::Doomed { .. } | Custody::Gone => Err(lifecycle::destroyed()),
            Custody::Unopened { .. } => Err(lifecycle::unopened()),
            Custody::Absent(_) => Err(lifecycle::absent()),
            Custody::Archived => Err(lifecycle::archived()),
            Custody::Public(_) | Custody::Sealed { .. } => Err(Error::new(
                Fault::WrongObjectType,
                "the object is no secret or private key",
            )),
        }
    }

    /// Whether the usage limits leave anything; only protecting counts (KMIP 2.1 §4.59).
    fn within_limits(&self, object: &Authorized, usage: CryptographicUsageMask) -> Result<()> {
        let left = object
            .record()
            .attributes
            .usage_limits
            .as_ref()
            .and_then(|limits| limits.usage_limits_count);
        if usage.intersects(lifecycle::PROTECTING) && left.is_some_and(|left| left <= 0) {
            return Err(limits_spent());
        }
        Ok(())
    }

    /// Counts a protecting use against the key's usage limits.
    pub(crate) fn spend(&mut self, object: &Authorized, bytes: usize) -> Result<()> {
        self.spend_times(object, 1, bytes)
    }

    /// Counts more bytes of a use that was counted already.
    pub(crate) fn spend_further(&mut self, object: &Authorized, bytes: usize) -> Result<()> {
        self.spend_times(object, 0, bytes)
    }

    /// Counts a use of a key, whatever its limits.
    pub(crate) fn used(&mut self, key: &Authorized, of: Counted) {
        self.effects.used(key.record.clone(), of);
    }

    fn spend_times(&mut self, object: &Authorized, times: i64, bytes: usize) -> Result<()> {
        if let Some(ticket) = &self.principal.ticket {
            ticket.charge(self.route.code, object.record(), (times, bytes))?;
        }
        let Some(limits) = object.record().attributes.usage_limits.clone() else {
            return Ok(());
        };
        let cost = match limits.usage_limits_unit {
            UsageLimitsUnit::Byte => i64::try_from(bytes).unwrap_or(i64::MAX),
            _ => times,
        };
        let left = limits
            .usage_limits_count
            .unwrap_or(limits.usage_limits_total)
            - cost;
        if left < 0 {
            return Err(limits_spent());
        }
        let mut record = object.to_changed();
        record.attributes.usage_limits = Some(UsageLimits {
            usage_limits_count: Some(left),
            ..limits
        });
        self.save_quietly(record)
    }
}

fn limits_spent() -> Error {
    Error::new(Fault::LimitSpent, "the usage limits of the key are spent")
}
