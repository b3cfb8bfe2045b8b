//! Tools that people use, where they are installed: OpenSC's and GnuTLS's.

use std::process::{Command, Output};

use crate::common::{CONFIG, alone, module_path};

fn is_installed(tool: &str) -> bool {
    Command::new(tool).arg("--version").output().is_ok()
}

fn run(tool: &str, arguments: &[&str]) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(tool)
        .args(arguments)
        .env("GNUTLS_PIN", "1234")
        .output()
        .unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr)
    );
    assert!(status.success(), "{tool} {arguments:?}\n{text}");
    text
}

#[test]
fn pkcs11_tool_works() {
    alone("tools::pkcs11_tool_works", CONFIG, |_, _| {
        if !is_installed("pkcs11-tool") {
            return;
        }
        let module = module_path();
        let tool = |arguments: &[&str]| {
            let mut all = vec!["--module", module.to_str().unwrap(), "--token-label", "dev"];
            all.extend(arguments);
            run("pkcs11-tool", &all)
        };
        let login = ["--login", "--pin", "1234"];
        let with_login = |arguments: &[&str]| tool(&[&login, arguments].concat());
        assert!(tool(&["--list-mechanisms"]).contains("ECDSA-SHA384"));
        with_login(&[
            "--keypairgen",
            "--key-type",
            "EC:secp384r1",
            "--id",
            "01",
            "--label",
            "k",
        ]);
        with_login(&[
            "--keypairgen",
            "--key-type",
            "rsa:2048",
            "--id",
            "02",
            "--label",
            "r",
        ]);
        with_login(&[
            "--keygen",
            "--key-type",
            "aes:32",
            "--id",
            "03",
            "--label",
            "a",
        ]);
        let list = with_login(&["--list-objects"]);
        for expected in [
            "Private Key Object; EC",
            "Public Key Object; RSA 2048 bits",
            "Secret Key Object; AES length 32",
        ] {
            assert!(list.contains(expected), "{list}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(path("data"), b"message").unwrap();
        for (mechanism, id) in [("ECDSA-SHA384", "01"), ("SHA256-RSA-PKCS", "02")] {
            with_login(&[
                "--sign",
                "-m",
                mechanism,
                "--id",
                id,
                "--input-file",
                &path("data"),
                "--output-file",
                &path("signature"),
            ]);
            with_login(&[
                "--verify",
                "-m",
                mechanism,
                "--id",
                id,
                "--input-file",
                &path("data"),
                "--signature-file",
                &path("signature"),
            ]);
        }
        let public = tool(&["--list-objects"]);
        assert!(
            public.contains("Public Key Object") && !public.contains("Private Key Object"),
            "{public}"
        );
        with_login(&["--delete-object", "--type", "privkey", "--id", "01"]);
        assert!(!with_login(&["--list-objects"]).contains("Private Key Object; EC"));
    });
}

#[test]
fn p11tool_works() {
    alone("tools::p11tool_works", CONFIG, |_, _| {
        if !is_installed("p11tool") {
            return;
        }
        let module = module_path();
        let tool = |arguments: &[&str]| {
            let mut all = vec!["--batch", "--provider", module.to_str().unwrap()];
            all.extend(arguments);
            run("p11tool", &all)
        };
        assert!(tool(&["--list-tokens"]).contains("token=dev"));
        tool(&[
            "--login",
            "--generate-privkey",
            "ecdsa",
            "--curve",
            "secp384r1",
            "--label",
            "g",
            "pkcs11:token=dev",
        ]);
        let list = tool(&["--login", "--list-all", "pkcs11:token=dev"]);
        assert!(
            list.contains("object=g;type=private") && list.contains("object=g;type=public"),
            "{list}"
        );
        tool(&[
            "--login",
            "--test-sign",
            "pkcs11:token=dev;object=g;type=private",
        ]);
    });
}
