//! The appliance at work: it listens, reloads, drains, and tells systemd.

mod appliance;
mod reload;
mod time;

use std::{
    io, net::SocketAddr, num::NonZeroUsize, path::PathBuf, sync::Arc, thread, time::Duration,
};

use metrics_exporter_prometheus::PrometheusHandle;
use sd_notify::NotifyState;
use tokio::{
    runtime,
    signal::unix::{Signal, SignalKind, signal},
    sync::{Semaphore, watch},
    task::{AbortHandle, JoinSet},
    time::timeout,
};

pub use self::appliance::{Appliance, ServerError};
use self::reload::Reloaded;
use crate::{
    admin::protocol::ReloadFacts,
    config::{self, Config},
    connection::{self, Crowds, Inline, Shared},
    listener::{self, Listeners},
    probes::{self, Pages},
    telemetry::{self, Meters},
    tls::{Terms, Tls},
};

/// Where a running appliance is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// KMIP over mutual TLS.
    pub kmip: Vec<SocketAddr>,
    /// KMIP and administration for local users.
    pub socket: PathBuf,
    /// Metrics and health.
    pub metrics: Vec<SocketAddr>,
}

impl Appliance {
    /// Serves until SIGTERM or SIGINT. `ready` is called once clients can connect.
    pub fn serve(
        mut self,
        ready: impl FnOnce(&Bound) -> Result<(), String>,
    ) -> Result<(), ServerError> {
        let metrics = telemetry::start_metrics().map_err(ServerError)?;
        let runtime = runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_name("keyhold")
            .worker_threads(readers())
            .max_blocking_threads(workers(&self.config))
            .build()
            .map_err(no_threads)?;
        let passed = std::mem::take(&mut self.passed);
        let own = Arc::new(self);
        let served = runtime.block_on(Box::pin(async {
            let listeners = Listeners::open(&own.config.server, passed)?;
            Running::start(own.clone(), listeners, metrics)?
                .run(ready)
                .await
        }));
        runtime.shutdown_timeout(CUT_MAX);
        // What was recorded is on the disk before the process ends.
        own.trail.sync()?;
        served
    }
}

/// A listening appliance.
struct Running {
    appliance: Arc<Appliance>,
    tls: Option<Arc<Tls>>,
    bound: Bound,
    /// The loops that accept clients and keep time.
    loops: JoinSet<()>,
    /// The clients that the daemon connects to.
    calls: Vec<(config::Notify, AbortHandle)>,
    shared: Arc<Shared>,
    /// Clients of the network: all permits are free when all of them are gone.
    permits: Arc<Semaphore>,
    stop: watch::Sender<bool>,
    /// Kept because its files go with it.
    _socket: Option<listener::SocketFile>,
}

impl Running {
    fn start(
        appliance: Arc<Appliance>,
        listeners: Listeners,
        metrics: &'static PrometheusHandle,
    ) -> Result<Self, ServerError> {
        let config = &appliance.config;
        let tls = match &config.tls {
            Some(own) => Some(Arc::new(Tls::load(own, &appliance.directory)?)),
            None => None,
        };
        appliance.believe_revocations(tls.as_deref());
        if tls.is_none() && !listeners.network.is_empty() {
            return Err(ServerError(format!(
                "{}: `[tls]` is missing, but systemd passes sockets of the network: give it, or disable them",
                config.file.display()
            )));
        }
        let bound = Bound {
            kmip: listeners.network_addresses(),
            socket: config.server.socket.clone(),
            metrics: listeners.metrics_addresses(),
        };
        let (stop, stopped) = watch::channel(false);
        let shared = Arc::new(Shared {
            service: appliance.service.clone(),
            admin: appliance.admin.clone(),
            clock: appliance.clock.clone(),
            limits: config.server.limits,
            meters: Meters::new(),
            inline: Inline::new(readers() - 1),
            crowds: Crowds::new(config.server.limits.connections_max),
            stop: stopped,
        });
        connection::keep_reading(&shared).map_err(no_threads)?;
        let permits = Arc::new(Semaphore::new(shared.limits.connections_max));
        let mut loops = JoinSet::new();
        let own = appliance.clone();
        let pages = Pages {
            metrics,
            health: Box::new(move || own.health()),
        };
        let clients = (&permits, pages);
        let file = serve_all(&mut loops, listeners, tls.as_ref(), &shared, clients);
        time::keep(&mut loops, &appliance, metrics);
        for _ in 0..config.server.limits.pending_workers_max {
            let service = appliance.service.clone();
            tokio::task::spawn_blocking(move || service.work_off());
        }
        let running = Self {
            calls: Vec::new(),
            shared,
            appliance,
            tls,
            bound,
            loops,
            permits,
            stop,
            _socket: file,
        };
        running.tell_expiry();
        Ok(running)
    }

    /// Serves until it is told to stop, then drains.
    async fn run(
        mut self,
        ready: impl FnOnce(&Bound) -> Result<(), String>,
    ) -> Result<(), ServerError> {
        let appliance = self.appliance.clone();
        let mut askers = appliance.askers.waiting().await;
        let mut hangup = listen_for(SignalKind::hangup())?;
        let mut terminate = listen_for(SignalKind::terminate())?;
        let mut interrupt = listen_for(SignalKind::interrupt())?;
        ready(&self.bound).map_err(ServerError)?;
        self.call(self.appliance.config.notify.clone());
        notify(&[NotifyState::Ready]);
        tracing::info!(kmip = ?self.bound.kmip, metrics = ?self.bound.metrics, "serving");
        loop {
            tokio::select! {
                // Who sends a signal waits for no answer; the log has it.
                _ = hangup.recv() => drop(self.reload()),
                Some(asker) = askers.next() => drop(asker.send(self.reload())),
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                Some(ended) = self.loops.join_next() => {
                    tracing::error!(?ended, "a loop that must not end has ended");
                    break;
                }
            }
        }
        notify(&[NotifyState::Stopping]);
        tracing::info!("stopping");
        askers.send_away();
        self.drain().await;
        Ok(())
    }

    /// Puts the new certificates, lists, policy and admissions in place, or keeps the old ones all together.
    fn reload(&mut self) -> Reloaded {
        notify(&[NotifyState::Reloading]);
        let done = self.try_reload();
        match &done {
            Ok(_) => {
                telemetry::reloaded("success");
                tracing::info!("the configuration is reloaded");
            }
            Err(error) => {
                telemetry::reloaded("failure");
                tracing::error!(%error, "the new configuration is not used, the old one stays");
            }
        }
        notify(&[NotifyState::Ready]);
        done.map_err(|error| error.to_string())
    }

    fn try_reload(&mut self) -> Result<ReloadFacts, ServerError> {
        let old = &self.appliance.config;
        let new = old.read_anew()?;
        let terms = match (&self.tls, &new.tls) {
            (Some(tls), Some(own)) => Some((tls, Terms::load(own, &self.appliance.directory)?)),
            _ => None,
        };
        // From here on nothing fails.
        let later = [
            ("server", new.server != old.server),
            ("tls", new.tls.is_some() != old.tls.is_some()),
            ("authority", new.authority != old.authority),
            ("admin", new.administrators != old.administrators),
            ("store", new.store != old.store),
            ("audit", new.audit != old.audit),
        ];
        let later = later.into_iter().filter(|(_, is_changed)| *is_changed);
        let later: Vec<_> = later.map(|(table, _)| table.to_owned()).collect();
        if !later.is_empty() {
            tracing::warn!(tables = ?later, "changes of these tables count from the next start on");
        }
        self.appliance.service.reload(new.policy, new.admissions);
        if let Some((tls, terms)) = terms {
            tls.replace(terms);
            self.appliance.believe_revocations(Some(tls));
        }
        self.tell_expiry();
        self.call(new.notify);
        Ok(ReloadFacts { later })
    }

    /// Connects to these clients from now on; those that were connected to before stay so, with what waits for them.
    fn call(&mut self, notify: Vec<config::Notify>) {
        let (kept, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut self.calls)
            .into_iter()
            .partition(|(own, _)| notify.contains(own));
        for (_, task) in gone {
            task.abort();
        }
        self.calls = kept;
        for own in notify {
            if self.calls.iter().all(|(known, _)| *known != own) {
                let task = tokio::spawn(connection::call(own.clone(), self.shared.clone()));
                self.calls.push((own, task.abort_handle()));
            }
        }
    }

    fn tell_expiry(&self) {
        if let Some(tls) = &self.tls {
            telemetry::server_certificate_ends(tls.terms().server_ends);
        }
    }

    /// Lets nobody in, lets everybody finish the message that is being served, and closes who rests.
    async fn drain(mut self) {
        self.loops.shutdown().await;
        // What is being done is finished; what only waits is not begun any more.
        self.appliance.service.end_late_work();
        // Nobody listens for it when there are no clients.
        let _ = self.stop.send(true);
        let all = u32::try_from(self.appliance.config.server.limits.connections_max);
        let all = all.unwrap_or(u32::MAX);
        let drained = async {
            // An error would mean that the semaphore is closed, which it never is.
            let _ = self.permits.acquire_many(all).await;
            self.shared.crowds.leave(all).await;
        };
        if timeout(DRAIN_MAX, drained).await.is_err() {
            tracing::warn!("clients that did not finish in time are cut off");
        }
        let service = self.appliance.service.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || service.write_uses()).await {
            tracing::error!(%error, "how often keys were used is not written");
        }
    }
}

/// Starts to accept on every socket. What is returned keeps the local socket's file.
fn serve_all(
    loops: &mut JoinSet<()>,
    listeners: Listeners,
    tls: Option<&Arc<Tls>>,
    shared: &Arc<Shared>,
    (permits, pages): (&Arc<Semaphore>, Pages),
) -> Option<listener::SocketFile> {
    if let Some(tls) = tls {
        for socket in listeners.network {
            let permits = permits.clone();
            loops.spawn(listener::accept_network(
                socket,
                tls.clone(),
                shared.clone(),
                permits,
            ));
        }
    }
    for socket in listeners.local {
        loops.spawn(listener::accept_local(socket, shared.clone()));
    }
    let pages = Arc::new(pages);
    for socket in listeners.metrics {
        loops.spawn(probes::serve(socket, pages.clone()));
    }
    listeners.file
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "systemd cannot be told");
    }
}

fn listen_for(kind: SignalKind) -> Result<Signal, ServerError> {
    signal(kind).map_err(|error| ServerError(format!("signals cannot be received: {error}")))
}

#[expect(clippy::needless_pass_by_value, reason = "it is mapped")]
fn no_threads(error: io::Error) -> ServerError {
    ServerError(format!("no threads: {error}"))
}

/// The threads that read messages: a processor each, and one more, so that others are read when an HSM does not answer.
fn readers() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get) + 1
}

fn workers(config: &Config) -> usize {
    let limits = &config.server.limits;
    limits.workers_max + limits.pending_workers_max + WORKERS_APART
}

/// Workers beyond those of messages: probes, upkeep, the watchdog.
const WORKERS_APART: usize = 16;
/// How long clients may take to finish when the daemon stops, and workers after that: less than five seconds together.
const DRAIN_MAX: Duration = Duration::from_millis(3_000);
const CUT_MAX: Duration = Duration::from_millis(900);
