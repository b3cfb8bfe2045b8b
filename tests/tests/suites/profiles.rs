//! The OASIS profile cases of PKCS #11 3.2 (PKCS #11 Profiles 3.2 §6), by the player that comes with Kryoptic.

use std::process::Command;

use keyhold_tests::{
    Appliance, PIN,
    programs::{fail, module, succeed_saying, words},
};

use super::{SO_PIN, appliance, on, patient, program, suites};

/// The player with these arguments.
fn player(appliance: &Appliance, arguments: &[&str]) -> Command {
    let mut command = patient(&program("profile_conformance"));
    command
        .arg("-m")
        .arg(module())
        .args(["-p", PIN])
        .args(arguments);
    on(appliance, &mut command);
    command
}

/// Initialises the token as a case wants it, holds it to the profile that it must claim, and is about to play the case.
fn prepared(appliance: &Appliance, case: &str, preparation: &str) -> Command {
    let mut arguments = vec!["--init", "--so-pin", SO_PIN, "--token-label", "dev"];
    arguments.extend(words(preparation));
    let said = succeed_saying(&mut player(appliance, &arguments));
    assert!(said.contains("Token initialization successful."), "{said}");
    let file = suites().join(format!("kryoptic-tools/profiles/{case}.xml"));
    player(appliance, &[file.to_str().unwrap()])
}

fn play(case: &str, preparation: &str) {
    let appliance = appliance();
    let said = succeed_saying(&mut prepared(&appliance, case, preparation));
    assert!(said.ends_with("C_Finalize successful.\n"), "{said}");
}

#[test]
fn baseline_provider() {
    play("BL-M-1-32", "--profile baseline");
}

/// The case has the sizes of the token that it was recorded on: RSA keys of 512 to 16384 bits, made, used and wrapped under.
/// What may vary in a case does not name them (PKCS #11 Profiles 3.2 §3.1), and the player passes over the least alone. To
/// claim the most truthfully is to make such keys, and one of 16384 bits took a processor 71 seconds: far longer than a call
/// may take; those of 512 bits anybody breaks.
#[test]
fn extended_provider_up_to_its_sizes_of_keys() {
    let appliance = appliance();
    let said = fail(&mut prepared(
        &appliance,
        "EXT-M-1-32",
        "--profile extended",
    ));
    let size = "C_GetMechanismInfo MaxKeySize mismatch. Returned: 4096, Expected: 16384";
    assert!(said.contains(size), "{said}");
    assert!(said.contains("C_GetMechanismInfo successful."), "{said}");
}

#[test]
fn authentication_token() {
    play("AUTH-M-1-32", "--genkey RSA --profile authentication");
}

/// The profile is not claimed, because it would promise what applications decide: that no certificate is private, and that
/// each has its key's identifier.
#[test]
fn public_certificates_token() {
    play("CERT-M-1-32", "--gencerts");
}
