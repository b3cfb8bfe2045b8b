//! The limits of a service: how much of everything it takes on.

use std::time::Duration;

use kmip::ttlv::DEPTH_MAX;

use super::{ConfigError, file, place::Place};
use crate::{cryptoki, identity::TicketLimits, notices, pending, service, streams};

/// What every message of the standard needs.
const NESTING_MIN: u64 = 12;

pub(super) fn service(
    place: &Place<'_>,
    limits: &file::Limits,
) -> Result<service::Limits, ConfigError> {
    let locate_items_max = place.count(
        &limits.locate_items_max,
        "server.limits.locate_items_max",
        1..=1_000_000,
    )?;
    let nesting_max = place.count(
        &limits.nesting_max,
        "server.limits.nesting_max",
        NESTING_MIN..=DEPTH_MAX.into(),
    )?;
    Ok(service::Limits {
        nesting_max: u8::try_from(nesting_max).unwrap_or(DEPTH_MAX),
        batch_items_max: place.count(
            &limits.batch_items_max,
            "server.limits.batch_items_max",
            1..=10_000,
        )?,
        locate_items_max: u64::try_from(locate_items_max).unwrap_or(u64::MAX),
        pending: pending(place, limits)?,
        streams: streams(place, limits)?,
        notices: notices(place, limits)?,
        tickets: tickets(place, limits)?,
        cryptoki: applications(place, limits)?,
        ..service::Limits::default()
    })
}

fn streams(place: &Place<'_>, limits: &file::Limits) -> Result<streams::Limits, ConfigError> {
    let number = |value, key| place.count(value, key, 0..=1_000_000);
    let bytes = |value, key| place.count(value, key, 0..=64 * 1024 * 1024 * 1024);
    let age = place.count(
        &limits.stream_seconds_max,
        "server.limits.stream_seconds_max",
        1..=7 * 24 * 3600,
    )?;
    Ok(streams::Limits {
        all_max: number(&limits.streams_max, "server.limits.streams_max")?,
        per_client_max: number(
            &limits.streams_per_client_max,
            "server.limits.streams_per_client_max",
        )?,
        held_bytes_max: bytes(
            &limits.stream_held_bytes_max,
            "server.limits.stream_held_bytes_max",
        )?,
        client_held_bytes_max: bytes(
            &limits.streams_per_client_held_bytes_max,
            "server.limits.streams_per_client_held_bytes_max",
        )?,
        all_held_bytes_max: bytes(
            &limits.streams_held_bytes_max,
            "server.limits.streams_held_bytes_max",
        )?,
        age_max: to_duration(age),
    })
}

fn applications(place: &Place<'_>, limits: &file::Limits) -> Result<cryptoki::Limits, ConfigError> {
    let number = |value, key| place.count(value, key, 0..=100_000);
    Ok(cryptoki::Limits {
        all_max: number(&limits.applications_max, "server.limits.applications_max")?,
        per_client_max: number(
            &limits.applications_per_client_max,
            "server.limits.applications_per_client_max",
        )?,
        rest_max: to_duration(place.count(
            &limits.application_rest_seconds_max,
            "server.limits.application_rest_seconds_max",
            1..=7 * 24 * 3600,
        )?),
        ..cryptoki::Limits::default()
    })
}

fn tickets(place: &Place<'_>, limits: &file::Limits) -> Result<TicketLimits, ConfigError> {
    let number = |value, key| place.count(value, key, 0..=10_000_000);
    let seconds = place.count(
        &limits.ticket_seconds_max,
        "server.limits.ticket_seconds_max",
        1..=365 * 24 * 3600,
    )?;
    Ok(TicketLimits {
        all_max: number(&limits.tickets_max, "server.limits.tickets_max")?,
        per_vault_max: number(
            &limits.tickets_per_vault_max,
            "server.limits.tickets_per_vault_max",
        )?,
        seconds_max: u32::try_from(seconds).unwrap_or(u32::MAX),
    })
}

fn notices(place: &Place<'_>, limits: &file::Limits) -> Result<notices::Limits, ConfigError> {
    Ok(notices::Limits {
        waiting_max: place.count(
            &limits.notices_max,
            "server.limits.notices_max",
            0..=1_000_000,
        )?,
        bytes_max: place.count(
            &limits.notices_bytes_max,
            "server.limits.notices_bytes_max",
            0..=1024 * 1024 * 1024,
        )?,
    })
}

fn pending(place: &Place<'_>, limits: &file::Limits) -> Result<pending::Limits, ConfigError> {
    let milliseconds = place.count(
        &limits.pending_patience_milliseconds_max,
        "server.limits.pending_patience_milliseconds_max",
        0..=60_000,
    )?;
    Ok(pending::Limits {
        all_max: place.count(
            &limits.pending_max,
            "server.limits.pending_max",
            0..=1_000_000,
        )?,
        per_client_max: place.count(
            &limits.pending_per_client_max,
            "server.limits.pending_per_client_max",
            0..=1_000_000,
        )?,
        bytes_max: place.count(
            &limits.pending_bytes_max,
            "server.limits.pending_bytes_max",
            0..=64 * 1024 * 1024 * 1024,
        )?,
        age_max: to_duration(place.count(
            &limits.pending_seconds_max,
            "server.limits.pending_seconds_max",
            1..=7 * 24 * 3600,
        )?),
        patience: Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX)),
    })
}

pub(super) fn to_duration(seconds: usize) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX))
}
