//! The token itself, what else is kept in it, and pkcs11-tool's own test.

use std::fs;

use keyhold_tests::{
    Appliance, Backend, PIN,
    programs::{fail, succeed, succeed_saying},
};

use crate::{Tool, on_each_way};

#[test]
fn its_own_test_passes() {
    on_each_way(|_, tool| {
        tool.run("--keypairgen --key-type rsa:2048 --id 01 --label tested");
        let said = succeed_saying(&mut tool.logged_in("--test"));
        assert!(said.contains("No errors"), "{said}");
        assert!(
            said.contains("RSA-PKCS: OK") && said.contains("SHA256: OK"),
            "{said}"
        );
        assert!(!said.contains("ERR") && !said.contains("failed"), "{said}");
        tool.run("--delete-object --type privkey --id 01");
        tool.run("--delete-object --type pubkey --id 01");
    });
}

#[test]
fn it_shows_the_vault_as_a_token() {
    let appliance = Appliance::start(Backend::Embedded);
    let tool = Tool::local(&appliance);
    let slots = succeed(&mut tool.command("--list-slots"));
    assert!(slots.contains("token label        : dev"), "{slots}");
    assert!(
        slots.contains("login required") && slots.contains("token initialized"),
        "{slots}"
    );
    let mechanisms = succeed(&mut tool.command("--list-mechanisms"));
    for mechanism in [
        "RSA-PKCS-PSS",
        "ECDSA-SHA384",
        "EDDSA",
        "AES-GCM",
        "AES-CBC-PAD",
        "SHA256-HMAC",
        "RSA-PKCS-OAEP",
    ] {
        assert!(
            mechanisms.contains(mechanism),
            "{mechanism} is not in\n{mechanisms}"
        );
    }
    let interfaces = succeed(&mut tool.command("--list-interfaces"));
    assert!(
        interfaces.contains("3.0") && interfaces.contains("2.40"),
        "{interfaces}"
    );
    let wrong = fail(&mut tool.command("--token-label dev --login --pin 0000 -O"));
    assert!(wrong.contains("CKR_PIN_INCORRECT"), "{wrong}");
}

#[test]
fn objects_are_written_read_and_deleted() {
    on_each_way(|_, tool| {
        tool.openssl(
            "req -x509 -newkey rsa:2048 -nodes -keyout k -subj /CN=written -outform DER -out c.der",
        );
        tool.run("--write-object c.der --type cert --id 0d --label certificate");
        tool.run("--read-object --type cert --id 0d -o back.der");
        assert_eq!(tool.read("back.der"), tool.read("c.der"));
        tool.write("data", b"some data");
        tool.run("--write-object data --type data --label data --application-label app");
        tool.run("--read-object --type data --label data -o data.back");
        assert_eq!(tool.read("data.back"), b"some data");
        tool.openssl("pkey -in k -pubout -outform DER -out p.der");
        tool.run("--write-object p.der --type pubkey --id 0e --label public");
        tool.run("--read-object --type pubkey --id 0e -o p.back");
        assert_eq!(tool.read("p.back"), tool.read("p.der"));
        for object in ["cert --id 0d", "data --label data", "pubkey --id 0e"] {
            tool.run(&format!("--delete-object --type {object}"));
        }
        assert_eq!(tool.run("--list-objects").trim(), "");
    });
}

#[test]
fn a_child_after_fork_starts_anew() {
    let appliance = Appliance::start(Backend::Embedded);
    let said = succeed_saying(&mut Tool::local(&appliance).logged_in("--test-fork"));
    assert!(!said.contains("rror") && !said.contains("failed"), "{said}");
}

#[test]
fn a_configuration_with_a_mistake_is_told() {
    let appliance = Appliance::start(Backend::Embedded);
    let configuration = appliance.scratch().join("bad.toml");
    fs::write(&configuration, "version = 1\ntokens = []\n").unwrap();
    let tool = Tool::new(&appliance, configuration);
    fail(&mut tool.command(&format!("--list-objects --login --pin {PIN}")));
}
