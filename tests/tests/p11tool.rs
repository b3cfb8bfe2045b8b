//! GnuTLS on the PKCS#11 module: p11tool lists, generates and tests keys, certtool signs a certificate request.

use std::{fs, process::Command};

use keyhold_tests::{
    Appliance, Backend, PIN,
    programs::{fail, module, peer, succeed, succeed_saying},
};

fn gnutls(appliance: &Appliance, program: &str, arguments: &[&str]) -> Command {
    let mut command = peer(program);
    appliance
        .environment(&mut command)
        .env("GNUTLS_PIN", PIN)
        .current_dir(appliance.scratch());
    command.arg("--provider").arg(module()).args(arguments);
    command
}

fn run(appliance: &Appliance, arguments: &[&str]) -> String {
    succeed_saying(&mut gnutls(appliance, "p11tool", arguments))
}

/// No Ed25519: GnuTLS 3.7 asks for it with a mechanism that only signs, and SoftHSM2 refuses that as well.
fn generates_and_signs(backend: Backend) {
    let appliance = Appliance::start(backend);
    let tokens = run(&appliance, &["--list-tokens"]);
    assert!(
        tokens.contains("pkcs11:model=vault;manufacturer=Keyhold") && tokens.contains("token=dev"),
        "{tokens}"
    );
    for (kind, label, extra) in [
        ("rsa", "gnutls-rsa", &["--bits", "2048"][..]),
        ("ecdsa", "gnutls-ec", &["--curve", "secp256r1"]),
    ] {
        let arguments = [
            "--login",
            "--generate-privkey",
            kind,
            "--label",
            label,
            "--outfile",
            "public.pem",
        ];
        run(
            &appliance,
            &[&arguments[..], extra, &["pkcs11:token=dev"]].concat(),
        );
        let listed = run(
            &appliance,
            &[
                "--login",
                "--list-all",
                &format!("pkcs11:token=dev;object={label}"),
            ],
        );
        assert!(
            listed.contains("Type: Private key") && listed.contains("Type: Public key"),
            "{listed}"
        );
        assert!(
            listed.contains("CKA_NEVER_EXTRACTABLE") && listed.contains("CKA_SENSITIVE"),
            "{listed}"
        );
        let url = format!("pkcs11:token=dev;object={label};type=private");
        let tested = run(&appliance, &["--login", "--test-sign", &url]);
        assert!(tested.contains("ok"), "{tested}");
        certificate_request(&appliance, label);
        let delete = ["--login", "--batch", "--delete"];
        for object_type in ["private", "public"] {
            run(
                &appliance,
                &[
                    &delete[..],
                    &[&format!(
                        "pkcs11:token=dev;object={label};type={object_type}"
                    )],
                ]
                .concat(),
            );
        }
        let none = ["--login", "--list-all", "pkcs11:token=dev"];
        let said = fail(&mut gnutls(&appliance, "p11tool", &none));
        assert!(said.contains("No matching objects found"), "{said}");
    }
}

/// certtool makes a request with the key, and OpenSSL verifies it.
fn certificate_request(appliance: &Appliance, label: &str) {
    let folder = appliance.scratch();
    fs::write(
        folder.join("template"),
        "cn = \"www.example.org\"\ndns_name = \"www.example.org\"\n",
    )
    .unwrap();
    let url = |object_type| format!("pkcs11:token=dev;object={label};type={object_type}");
    let (private, public) = (url("private"), url("public"));
    let arguments = [
        "--generate-request",
        "--load-privkey",
        &private,
        "--load-pubkey",
        &public,
    ];
    let rest = ["--template", "template", "--outfile", "request.pem"];
    succeed(&mut gnutls(
        appliance,
        "certtool",
        &[&arguments[..], &rest].concat(),
    ));
    let mut openssl = peer("openssl");
    openssl
        .args(["req", "-in", "request.pem", "-verify", "-noout", "-subject"])
        .current_dir(&folder);
    let said = succeed_saying(&mut openssl);
    assert!(
        said.contains("verify OK") && said.contains("www.example.org"),
        "{label}: {said}"
    );
}

#[test]
fn keys_are_generated_and_sign_requests() {
    generates_and_signs(Backend::Embedded);
}

#[test]
fn keys_are_generated_in_softhsm_and_sign_requests() {
    generates_and_signs(Backend::SoftHsm);
}

#[test]
fn certificates_are_stored() {
    let appliance = Appliance::start(Backend::Embedded);
    let folder = appliance.scratch();
    let arguments = [
        "req",
        "-x509",
        "-newkey",
        "ed25519",
        "-nodes",
        "-keyout",
        "k",
        "-subj",
        "/CN=stored",
        "-out",
        "c.pem",
    ];
    succeed(peer("openssl").args(arguments).current_dir(&folder));
    run(
        &appliance,
        &[
            "--login",
            "--write",
            "--load-certificate",
            "c.pem",
            "--label",
            "stored",
            "pkcs11:token=dev",
        ],
    );
    let listed = run(&appliance, &["--list-all-certs", "pkcs11:token=dev"]);
    assert!(
        listed.contains("Label: stored"),
        "certificates are public: {listed}"
    );
    let exported = run(
        &appliance,
        &["--export", "pkcs11:token=dev;object=stored;type=cert"],
    );
    let original = fs::read_to_string(folder.join("c.pem")).unwrap();
    assert!(
        exported
            .replace('\n', "")
            .contains(original.trim().replace('\n', "").as_str()),
        "{exported}"
    );
}
