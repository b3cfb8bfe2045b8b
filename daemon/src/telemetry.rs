//! Logs and metrics: what operators see of the daemon at work.

use std::{cell::RefCell, collections::HashMap, io::IsTerminal, sync::OnceLock, time::Duration};

use metrics::{
    Counter, Gauge, Histogram, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt::format::FmtSpan};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line, for a journal.
    Json,
    /// For a terminal.
    Text,
}

impl LogFormat {
    /// What suits standard error, unless JSON is asked for.
    #[must_use]
    pub fn of_standard_error(json: bool) -> Self {
        if json || !std::io::stderr().is_terminal() {
            Self::Json
        } else {
            Self::Text
        }
    }
}

/// Starts the log on standard error.
///
/// # Errors
/// When the rules cannot be read.
pub fn start_log(rules: &str, format: LogFormat) -> Result<(), String> {
    let filter = EnvFilter::try_new(rules).map_err(|error| error.to_string())?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_span_events(FmtSpan::NONE)
        .with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Json => log.json().flatten_event(true).try_init(),
        LogFormat::Text => log.try_init(),
    };
    started.map_err(|error| error.to_string())
}

/// The metrics of this process. A second call gives the first one's.
///
/// # Errors
/// When the process has another recorder already.
pub fn start_metrics() -> Result<&'static PrometheusHandle, String> {
    static RECORDER: OnceLock<Result<PrometheusHandle, String>> = OnceLock::new();
    RECORDER
        .get_or_init(|| {
            let recorder = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BUCKETS)
                .map_err(|error| error.to_string())?
                .build_recorder();
            let handle = recorder.handle();
            metrics::set_global_recorder(recorder).map_err(|error| error.to_string())?;
            describe();
            Ok(handle)
        })
        .as_ref()
        .map_err(Clone::clone)
}

fn describe() {
    describe_hsms();
    describe_counter!(
        "keyhold_operations_total",
        "Operations served, by operation and outcome"
    );
    describe_counter!("keyhold_handshakes_total", "TLS handshakes that succeeded");
    describe_counter!(
        "keyhold_handshakes_failed_total",
        "TLS handshakes that failed, by reason"
    );
    describe_counter!("keyhold_connections_total", "Connections accepted, by face");
    describe_counter!(
        "keyhold_connections_refused_total",
        "Connections closed because whose they were had as many as one may have, by face"
    );
    describe_gauge!("keyhold_connections", "Connections open, by face");
    describe_gauge!(
        "keyhold_server_certificate_expiry_timestamp_seconds",
        "When the server's certificate ends, in seconds since 1970"
    );
    describe_counter!(
        "keyhold_reloads_total",
        "Reloads of the configuration, by outcome"
    );
    describe_counter!(
        "keyhold_rotations_total",
        "Keys whose rotation was due and tried, by outcome"
    );
    describe_gauge!(
        "keyhold_rotations_failing",
        "Keys that are due for rotation and could not be rotated"
    );
    describe_counter!(
        "keyhold_told_total",
        "Messages to clients that listen, by operation and outcome"
    );
    describe_counter!(
        "keyhold_calls_failed_total",
        "Attempts to connect to a client that listens that came to nothing"
    );
    describe_gauge!(
        "keyhold_streams",
        "Operations under way whose data comes in parts"
    );
    describe_gauge!(
        "keyhold_streams_held_bytes",
        "Bytes held of operations whose data must be whole"
    );
    describe_gauge!(
        "keyhold_pending_requests",
        "Requests whose answers come later, waiting, being done or not fetched"
    );
    describe_gauge!("keyhold_tickets", "Tickets of logins that are out");
    describe_gauge!("keyhold_build_info", "The program's version, as a label");
    describe_histogram!(
        "keyhold_message_seconds",
        "Time to answer a message, by where it was answered and what it waited for"
    );
    gauge!("keyhold_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

fn describe_hsms() {
    describe_counter!(
        "keyhold_hsm_ended_total",
        "Processes of an HSM that ended and were replaced"
    );
    describe_gauge!("keyhold_hsm_works", "Whether the HSM works: 1 or 0");
    describe_gauge!(
        "keyhold_part_works",
        "Whether the store, or the audit trail, works: 1 or 0"
    );
    describe_counter!(
        "keyhold_hsm_hung_total",
        "Processes of an HSM that did not answer in time and were killed"
    );
    describe_gauge!(
        "keyhold_group_member_up",
        "Whether a member of a group of HSMs is used, or left out"
    );
    describe_counter!(
        "keyhold_group_left_out_total",
        "How often a member of a group was left out because it did not answer"
    );
    describe_counter!(
        "keyhold_group_taken_back_total",
        "How often a member of a group was taken back"
    );
    describe_counter!(
        "keyhold_group_calls_total",
        "Calls that a member of a group was given"
    );
    describe_counter!(
        "keyhold_group_failures_total",
        "Calls that a member of a group did not answer"
    );
    describe_gauge!(
        "keyhold_group_calls_in_flight",
        "Calls that a member of a group is answering"
    );
}

/// Counts one operation and how it ended; both labels come from tables and are few.
///
/// Finding a counter costs more than many operations do, so each thread keeps those that it has used.
pub fn operation(operation: &'static str, outcome: &'static str) {
    thread_local! {
        static KNOWN: RefCell<HashMap<(usize, usize), Counter>> = RefCell::default();
    }
    // The addresses of the table's texts are quicker to find than the texts; should one text have two, both lead to the
    // same counter.
    let key = (operation.as_ptr().addr(), outcome.as_ptr().addr());
    KNOWN.with_borrow_mut(|known| {
        known
            .entry(key)
            .or_insert_with(|| {
                counter!("keyhold_operations_total", "operation" => operation, "outcome" => outcome)
            })
            .increment(1);
    });
}

/// Counts what happens to an HSM's process.
pub(crate) fn hsm_process(backend: &str, event: hsm::host::Event<'_>) {
    use hsm::host::Event;
    let name = match event {
        Event::Ended(_) => "keyhold_hsm_ended_total",
        Event::Hung => "keyhold_hsm_hung_total",
        Event::Started | Event::NotStarted(_) => return,
    };
    counter!(name, "backend" => backend.to_owned()).increment(1);
}

/// Counts what happens to a member of a group.
pub(crate) fn group_member(group: &str, member: &str, event: hsm::group::Event<'_>) {
    use hsm::group::Event;
    let name = match event {
        Event::LeftOut(_) => "keyhold_group_left_out_total",
        Event::TakenBack => "keyhold_group_taken_back_total",
        Event::Lacks => return,
    };
    let labels = [("group", group.to_owned()), ("member", member.to_owned())];
    counter!(name, &labels).increment(1);
}

/// Says how the members of a group are, and how much they have done.
pub(crate) fn group_members(group: &str, members: &[hsm::group::MemberFacts]) {
    for own in members {
        let labels = [("group", group.to_owned()), ("member", own.name.clone())];
        let is_up = f64::from(u8::from(own.trouble.is_none()));
        gauge!("keyhold_group_member_up", &labels).set(is_up);
        counter!("keyhold_group_calls_total", &labels).absolute(own.calls);
        counter!("keyhold_group_failures_total", &labels).absolute(own.failures);
        let in_flight = u32::try_from(own.in_flight).unwrap_or(u32::MAX);
        gauge!("keyhold_group_calls_in_flight", &labels).set(f64::from(in_flight));
    }
}

/// Says whether an HSM works.
pub(crate) fn hsm_works(backend: &str, works: bool) {
    gauge!("keyhold_hsm_works", "backend" => backend.to_owned()).set(f64::from(u8::from(works)));
}

/// Says whether the store or the audit trail works.
pub(crate) fn part_works(part: &'static str, works: bool) {
    gauge!("keyhold_part_works", "part" => part).set(f64::from(u8::from(works)));
}

/// Counts a TLS handshake that came to nothing.
pub(crate) fn handshake_failed(reason: &'static str) {
    counter!("keyhold_handshakes_failed_total", "reason" => reason).increment(1);
}

/// Says how much there is now of what is bounded.
pub(crate) fn sizes(all: &[(&'static str, usize)]) {
    for (name, size) in all {
        #[expect(
            clippy::cast_precision_loss,
            reason = "metrics are floating-point numbers"
        )]
        gauge!(*name).set(*size as f64);
    }
}

/// Counts a message to a client that listens, and what became of it.
pub(crate) fn told(operation: &'static str, outcome: &'static str) {
    counter!("keyhold_told_total", "operation" => operation, "outcome" => outcome).increment(1);
}

/// Counts an attempt to connect to a client that listens that came to nothing.
pub(crate) fn call_failed() {
    counter!("keyhold_calls_failed_total").increment(1);
}

/// Counts a reload.
pub(crate) fn reloaded(outcome: &'static str) {
    counter!("keyhold_reloads_total", "outcome" => outcome).increment(1);
}

/// Counts a rotation that was tried.
pub(crate) fn rotated(outcome: &'static str) {
    counter!("keyhold_rotations_total", "outcome" => outcome).increment(1);
}

/// Says how many keys are due and could not be rotated.
pub(crate) fn rotations_failing(keys: usize) {
    gauge!("keyhold_rotations_failing").set(f64::from(u32::try_from(keys).unwrap_or(u32::MAX)));
}

/// Says when the server's certificate ends, so that somebody is warned before.
pub(crate) fn server_certificate_ends(seconds: i64) {
    // Exact until the year 142 million.
    #[expect(
        clippy::cast_precision_loss,
        reason = "metrics are floating-point numbers"
    )]
    gauge!("keyhold_server_certificate_expiry_timestamp_seconds").set(seconds as f64);
}

/// The metrics of the hot path, found once.
pub(crate) struct Meters {
    pub(crate) handshakes: Counter,
    pub(crate) inline_seconds: Histogram,
    pub(crate) commit_seconds: Histogram,
    pub(crate) worker_seconds: Histogram,
    pub(crate) network: Connections,
    pub(crate) local: Connections,
}

impl Meters {
    pub(crate) fn new() -> Self {
        Self {
            handshakes: counter!("keyhold_handshakes_total"),
            inline_seconds: histogram!("keyhold_message_seconds", "served" => "inline"),
            commit_seconds: histogram!("keyhold_message_seconds", "served" => "commit"),
            worker_seconds: histogram!("keyhold_message_seconds", "served" => "worker"),
            network: Connections::of("network"),
            local: Connections::of("local"),
        }
    }
}

/// How many clients a face has, and has had.
pub(crate) struct Connections {
    now: Gauge,
    ever: Counter,
    refused: Counter,
}

impl Connections {
    fn of(face: &'static str) -> Self {
        Self {
            now: gauge!("keyhold_connections", "face" => face),
            ever: counter!("keyhold_connections_total", "face" => face),
            refused: counter!("keyhold_connections_refused_total", "face" => face),
        }
    }

    /// A client came; it goes when what is returned does.
    pub(crate) fn open(&self) -> Open {
        self.now.increment(1.0);
        self.ever.increment(1);
        Open(self.now.clone())
    }

    /// A client came who has as many connections as one may have.
    pub(crate) fn refused(&self) {
        self.refused.increment(1);
    }
}

/// One open connection.
pub(crate) struct Open(Gauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// How often samples are folded into their buckets: until then each is kept.
pub(crate) const UPKEEP: Duration = Duration::from_secs(1);

/// From a cached read to an HSM that is in trouble.
const BUCKETS: &[f64] = &[0.000_05, 0.000_2, 0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0];
