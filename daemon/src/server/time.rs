//! What the daemon does by the clock, each at its own pace.

use std::{future::pending, sync::Arc, time::Duration};

use metrics_exporter_prometheus::PrometheusHandle;
use sd_notify::NotifyState;
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};

use super::{Appliance, notify};
use crate::{
    doubts,
    healths::{self, Healths},
    jobs,
    rotation::Rotations,
    telemetry,
};

/// Starts what is done by the clock.
pub(super) fn keep(
    loops: &mut JoinSet<()>,
    appliance: &Arc<Appliance>,
    metrics: &'static PrometheusHandle,
) {
    loops.spawn(every(telemetry::UPKEEP, || metrics.run_upkeep()));
    let own = appliance.clone();
    loops.spawn(every(jobs::PERIOD, move || {
        own.service.expire_streams();
        own.service.forget_late_answers();
        own.service.write_uses();
    }));
    let own = appliance.clone();
    loops.spawn(every(jobs::DEBTS_PERIOD, move || {
        own.service.settle_unanswered();
        jobs::pay_debts(&own.service);
        doubts::settle(&own.service);
    }));
    let own = appliance.clone();
    let healths = Healths::default();
    loops.spawn(every(healths::PERIOD, move || healths.look(&own.service)));
    let (own, disks) = (appliance.clone(), Healths::default());
    loops.spawn(every(healths::DISK_PERIOD, move || {
        disks.look_at_trail(&own.trail);
    }));
    let (own, disks) = (appliance.clone(), Healths::default());
    loops.spawn(every(healths::DISK_PERIOD, move || {
        disks.look_at_store(&own.store);
    }));
    let own = appliance.clone();
    loops.spawn(every(jobs::SESSIONS_PERIOD, move || {
        own.service.end_sessions();
    }));
    let own = appliance.clone();
    let rotations = Rotations::default();
    loops.spawn(every(jobs::PERIOD, move || {
        rotations.run(&own.service, own.service.clock.now());
    }));
    let own = appliance.clone();
    loops.spawn(every(DATES_PERIOD, move || {
        own.service.tell_dates();
        own.service.measure();
    }));
    let own = appliance.clone();
    loops.spawn(async move {
        // They were tested when they were opened.
        sleep(jobs::SELF_TEST_PERIOD).await;
        every(jobs::SELF_TEST_PERIOD, move || {
            jobs::test_hsms(&own.service)
        })
        .await;
    });
    if let Some(limit) = sd_notify::watchdog_enabled() {
        let own = appliance.clone();
        loops.spawn(every(limit / 3, move || alive(&own)));
    }
}

/// Does something again and again, on a worker, because it may wait for a disk or an HSM.
async fn every(period: Duration, work: impl Fn() + Send + Sync + 'static) {
    let work = Arc::new(work);
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let own = work.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || own()).await {
            tracing::error!(%error, "work by the clock failed");
            // It is not tried again: what panics once a second fills the disk with logs.
            return pending().await;
        }
    }
}

/// Tells systemd that the daemon lives: that a worker ran, that the store answered it, and that nothing waits for the audit
/// trail for too long. A trail that is full or has failed is mended by people.
fn alive(appliance: &Appliance) {
    use store::Store as _;
    match appliance.store.health() {
        Ok(()) if appliance.trail.is_hung() => tracing::error!("the audit trail does not answer"),
        Ok(()) => notify(&[NotifyState::Watchdog]),
        Err(error) => tracing::error!(%error, "the store does not answer"),
    }
}

/// How often clients that listen are told of dates that have come, and what is bounded is measured.
const DATES_PERIOD: Duration = Duration::from_secs(1);
