//! Connections that last longer than what they were let in by.

use time::{Duration, OffsetDateTime};

use crate::{
    harness::{BOTH, Daemon, REFUSED_IN_KMIP, connect, eventually, exchange},
    trust::{issued, params},
};

/// Whoever is served, by however little: that nobody knows the client says so.
fn is_answered(stream: &mut crate::harness::Stream) -> bool {
    exchange(stream).is_err_and(|error| error.to_string() == REFUSED_IN_KMIP)
}

#[test]
fn a_connection_ends_with_its_certificate() {
    let (_folder, daemon) = Daemon::fresh();
    let mut short = params("short");
    short.not_after = OffsetDateTime::now_utc() + Duration::seconds(3);
    let mut short = connect(
        daemon.kmip,
        daemon.client(Some(&issued(&daemon, &short)), BOTH),
    );
    let mut long = connect(
        daemon.kmip,
        daemon.client(Some(&issued(&daemon, &params("long"))), BOTH),
    );
    assert!(is_answered(&mut short) && is_answered(&mut long));
    eventually("the connection ends", || !is_answered(&mut short));
    assert!(is_answered(&mut long));
}

#[test]
fn a_connection_ends_with_the_authority_that_it_is_of() {
    let (_folder, daemon) = Daemon::fresh();
    let mut other = connect(
        daemon.kmip,
        daemon.client(Some(&issued(&daemon, &params("other"))), BOTH),
    );
    let mut enrolled = daemon.ask(Some(&daemon.identity()), BOTH).unwrap();
    assert!(is_answered(&mut other));
    daemon.reload(|text| text.replace("[\"ca.pem\"]", "[]"));
    daemon.wait_for_log("the configuration is reloaded");
    assert!(!is_answered(&mut other));
    // An enrolled client is known by its key, whoever signed that.
    exchange(&mut enrolled).unwrap();
}
