//! NSS on the PKCS#11 module: certutil makes a key and a certificate in the vault, and finds both again.

use std::fs;

use keyhold_tests::{
    Appliance, Backend, PIN,
    programs::{module, peer, succeed, succeed_saying, words},
};

/// What certutil's random seed is read from; the keys are made by the vault.
const NOISE: &[u8] = &[0x5A; 64];

fn makes_certificates(backend: Backend) {
    let appliance = Appliance::start(backend);
    let folder = appliance.scratch();
    fs::create_dir(folder.join("db")).unwrap();
    fs::write(folder.join("pin"), PIN).unwrap();
    fs::write(folder.join("noise"), NOISE).unwrap();
    let run = |program: &str, line: &str| {
        let mut command = peer(program);
        command.args(words(line)).current_dir(&folder);
        succeed_saying(appliance.environment(&mut command))
    };
    run("certutil", "-N -d sql:db --empty-password");
    run(
        "modutil",
        &format!(
            "-dbdir sql:db -add Keyhold -libfile {} -force",
            module().display()
        ),
    );
    for (kind, nickname) in [("ec -q nistp256", "on-a-curve"), ("rsa -g 2048", "rsa")] {
        let subject = format!("-s CN={nickname} -x -t u,u,u");
        run(
            "certutil",
            &format!("-S -d sql:db -h dev -f pin -z noise -n {nickname} {subject} -k {kind}"),
        );
        let certificates = run("certutil", "-L -d sql:db -h dev -f pin");
        assert!(
            certificates.contains(&format!("dev:{nickname}")),
            "{certificates}"
        );
        let keys = run("certutil", "-K -d sql:db -h dev -f pin");
        assert!(keys.contains(&format!("dev:{nickname}")), "{keys}");
        let certificate = format!("-L -d sql:db -h dev -f pin -n dev:{nickname} -a");
        fs::write(folder.join("c.pem"), run("certutil", &certificate)).unwrap();
        let verify = "verify -CAfile c.pem c.pem";
        succeed(peer("openssl").args(words(verify)).current_dir(&folder));
    }
}

#[test]
fn certificates_are_made() {
    makes_certificates(Backend::Embedded);
}

#[test]
fn certificates_are_made_in_softhsm() {
    makes_certificates(Backend::SoftHsm);
}
