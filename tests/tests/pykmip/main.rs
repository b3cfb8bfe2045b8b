//! PyKMIP 0.11, as it is, in each of its versions; `areas.py` beside this file asserts what it gets.

use std::path::Path;

use keyhold_tests::{
    Appliance, Backend,
    programs::{peer, python, succeed},
};

const VERSIONS: [&str; 6] = ["1.0", "1.1", "1.2", "1.3", "1.4", "2.0"];

/// Runs an area in versions from `since` on.
fn area(appliance: &Appliance, area: &str, since: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pykmip/areas.py");
    for version in VERSIONS.into_iter().filter(|version| *version >= since) {
        let mut command = peer("env");
        command.arg(python()).arg(&script).args([area, version]);
        // It would read what its user configured.
        command.env("HOME", appliance.scratch());
        command.arg(appliance.kmip().port().to_string());
        command.args(
            ["clients/dev.pem", "clients/dev.key", "ca.pem"].map(|name| appliance.file(name)),
        );
        let said = succeed(&mut command);
        assert!(
            said.contains(&format!("passed {area} in {version}")),
            "{said}"
        );
    }
}

macro_rules! areas {
    ($($name:ident since $since:literal;)*) => {
        mod embedded {
            $(#[test]
            fn $name() {
                super::area(&super::Appliance::start(super::Backend::Embedded), stringify!($name), $since);
            })*
        }

        mod softhsm {
            $(#[test]
            fn $name() {
                super::area(&super::Appliance::start(super::Backend::SoftHsm), stringify!($name), $since);
            })*
        }
    };
}

areas! {
    keys since "1.0";
    register since "1.0";
    attributes since "1.0";
    locate since "1.0";
    pairs since "1.0";
    cryptography since "1.2";
    wrapping since "1.1";
    checks since "1.0";
    rekeying since "1.0";
    derivation since "1.0";
    setting since "2.0";
    credentials since "1.0";
    low_level since "1.0";
    others since "1.0";
    completeness since "1.0";
}
