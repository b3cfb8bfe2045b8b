//! Logs and metrics: what operators see of the daemon at work.

/// Counts one operation and how it ended; both labels come from tables and are few.
pub fn operation(operation: &'static str, outcome: &'static str) {
    metrics::counter!("keyhold_operations_total", "operation" => operation, "outcome" => outcome)
        .increment(1);
}
