//! One host's threads, many more than the machine has cores, on a daemon: none stands still, and no call fails.

use std::{fs, path::PathBuf, process::Command};

use keyhold_tests::{
    Appliance, Backend,
    programs::{module, output, text},
};

/// Sixty-four threads for some seconds; for ten minutes in a long run.
fn crowd(configuration: fn(&Appliance) -> PathBuf) {
    let seconds = if std::env::var_os("KEYHOLD_TEST_LONG").is_some() {
        600
    } else {
        5
    };
    let appliance = Appliance::start(Backend::Embedded);
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", &(seconds + 60).to_string()]);
    command.arg(env!("CARGO_BIN_EXE_crowd")).arg(module());
    command.args(["64", &seconds.to_string()]);
    let configuration = configuration(&appliance);
    let (own, log) = (fs::read_to_string(&configuration).unwrap(), "crowd.log");
    fs::write(&configuration, format!("log = {log:?}\n{own}")).unwrap();
    let output = output(command.env("KEYHOLD_PKCS11_CONFIG", &configuration));
    let mut said = text(&output.stdout) + &text(&output.stderr);
    // What the module has to say of a call that failed.
    said += &fs::read_to_string(configuration.with_file_name(log)).unwrap_or_default();
    assert!(output.status.success(), "{said}{}", appliance.logged());
    assert!(said.contains(", 0 threads had none"), "{said}");
}

#[test]
fn sixty_four_threads_share_a_login_over_the_local_socket() {
    crowd(|appliance| appliance.file("pkcs11.toml"));
}

#[test]
fn sixty_four_threads_share_a_login_over_tls() {
    crowd(Appliance::network_pkcs11_config);
}
