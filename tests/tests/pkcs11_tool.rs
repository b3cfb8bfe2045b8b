//! OpenSC's pkcs11-tool on the PKCS#11 module: over the local socket and mutual TLS, on both backends.

use std::{fs, path::PathBuf, process::Command};

use keyhold_tests::{
    Appliance, Backend, PIN,
    objects::{attributes, locate, name},
    programs::{fail, module, peer, succeed, succeed_saying},
};
use kmip::{
    V2_1,
    attribute::{Attribute, AttributeKind},
};

/// pkcs11-tool for one token.
struct Tool {
    configuration: PathBuf,
    folder: PathBuf,
}

impl Tool {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = peer("pkcs11-tool");
        command
            .env("KEYHOLD_PKCS11_CONFIG", &self.configuration)
            .current_dir(&self.folder);
        command.arg("--module").arg(module()).args(arguments);
        command
    }

    fn logged_in(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(&["--token-label", "dev", "--login", "--pin", PIN]);
        command.args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> String {
        succeed(&mut self.logged_in(arguments))
    }

    fn write(&self, file: &str, bytes: &[u8]) {
        fs::write(self.folder.join(file), bytes).unwrap();
    }

    fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.folder.join(file)).unwrap()
    }

    fn openssl(&self, arguments: &[&str]) -> String {
        succeed(peer("openssl").args(arguments).current_dir(&self.folder))
    }
}

/// Every way to an appliance's token.
fn on_each_way(test: fn(&Appliance, &Tool)) {
    for backend in [Backend::Embedded, Backend::SoftHsm] {
        let appliance = Appliance::start(backend);
        for configuration in [
            appliance.file("pkcs11.toml"),
            appliance.network_pkcs11_config(),
        ] {
            let folder = appliance.scratch();
            test(
                &appliance,
                &Tool {
                    configuration,
                    folder,
                },
            );
        }
    }
}

fn tool(appliance: &Appliance) -> Tool {
    Tool {
        configuration: appliance.file("pkcs11.toml"),
        folder: appliance.scratch(),
    }
}

#[test]
fn its_own_test_passes() {
    on_each_way(|_, tool| {
        tool.run(&[
            "--keypairgen",
            "--key-type",
            "rsa:2048",
            "--id",
            "01",
            "--label",
            "tested",
        ]);
        let said = succeed_saying(&mut tool.logged_in(&["--test"]));
        assert!(said.contains("No errors"), "{said}");
        assert!(
            said.contains("RSA-PKCS: OK") && said.contains("SHA256: OK"),
            "{said}"
        );
        assert!(!said.contains("ERR") && !said.contains("failed"), "{said}");
        tool.run(&["--delete-object", "--type", "privkey", "--id", "01"]);
        tool.run(&["--delete-object", "--type", "pubkey", "--id", "01"]);
    });
}

#[test]
fn it_shows_the_vault_as_a_token() {
    let appliance = Appliance::start(Backend::Embedded);
    let tool = tool(&appliance);
    let slots = succeed(&mut tool.command(&["--list-slots"]));
    assert!(slots.contains("token label        : dev"), "{slots}");
    assert!(
        slots.contains("login required") && slots.contains("token initialized"),
        "{slots}"
    );
    let mechanisms = succeed(&mut tool.command(&["--list-mechanisms"]));
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
    let interfaces = succeed(&mut tool.command(&["--list-interfaces"]));
    assert!(
        interfaces.contains("3.0") && interfaces.contains("2.40"),
        "{interfaces}"
    );
    let wrong =
        fail(&mut tool.command(&["--token-label", "dev", "--login", "--pin", "0000", "-O"]));
    assert!(wrong.contains("CKR_PIN_INCORRECT"), "{wrong}");
}

#[test]
fn rsa_keys_sign_and_decrypt() {
    on_each_way(|appliance, tool| {
        let label = "rsa";
        tool.run(&[
            "--keypairgen",
            "--key-type",
            "rsa:2048",
            "--id",
            "0a",
            "--label",
            label,
        ]);
        let listed = tool.run(&["--list-objects", "--type", "privkey"]);
        assert!(
            listed.contains("never extractable") && listed.contains("sensitive"),
            "{listed}"
        );
        tool.run(&[
            "--read-object",
            "--type",
            "pubkey",
            "--id",
            "0a",
            "-o",
            "public.der",
        ]);
        tool.write("message", b"a message that is signed");
        for (mechanism, options) in [
            ("SHA256-RSA-PKCS", &[][..]),
            ("SHA512-RSA-PKCS", &[]),
            (
                "SHA256-RSA-PKCS-PSS",
                &[
                    "-sigopt",
                    "rsa_padding_mode:pss",
                    "-sigopt",
                    "rsa_pss_saltlen:32",
                ],
            ),
        ] {
            tool.run(&[
                "--sign",
                "--mechanism",
                mechanism,
                "--id",
                "0a",
                "-i",
                "message",
                "-o",
                "signature",
            ]);
            let digest = if mechanism.contains("512") {
                "-sha512"
            } else {
                "-sha256"
            };
            let mut arguments = vec!["dgst", digest, "-keyform", "DER", "-verify", "public.der"];
            arguments.extend(
                ["-signature", "signature"]
                    .iter()
                    .chain(options)
                    .chain(&["message"]),
            );
            let said = tool.openssl(&arguments);
            assert!(said.contains("Verified OK"), "{mechanism}: {said}");
            let verified = succeed_saying(&mut tool.logged_in(&[
                "--verify",
                "--mechanism",
                mechanism,
                "--id",
                "0a",
                "-i",
                "message",
                "--signature-file",
                "signature",
            ]));
            assert!(
                verified.contains("Signature is valid"),
                "{mechanism}: {verified}"
            );
        }
        tool.write("plain", b"a session key");
        for (mechanism, option) in [
            ("RSA-PKCS", "rsa_padding_mode:pkcs1"),
            ("RSA-PKCS-OAEP", "rsa_padding_mode:oaep"),
        ] {
            tool.openssl(&[
                "pkeyutl",
                "-encrypt",
                "-pubin",
                "-keyform",
                "DER",
                "-inkey",
                "public.der",
                "-pkeyopt",
                option,
                "-in",
                "plain",
                "-out",
                "encrypted",
            ]);
            let mut arguments = vec![
                "--decrypt",
                "--mechanism",
                mechanism,
                "--id",
                "0a",
                "-i",
                "encrypted",
                "-o",
                "decrypted",
            ];
            if mechanism == "RSA-PKCS-OAEP" {
                arguments.extend(["--hash-algorithm", "SHA-1", "--mgf", "MGF1-SHA1"]);
            }
            tool.run(&arguments);
            assert_eq!(tool.read("decrypted"), b"a session key", "{mechanism}");
        }
        // The same key, seen by KMIP.
        let client = &mut appliance.client(V2_1);
        let found = locate(
            client,
            [
                name(label),
                Attribute::ObjectType(kmip::ObjectType::PrivateKey),
            ],
        );
        if let [private] = found.as_slice() {
            let extractable = attributes(client, private, &[AttributeKind::Extractable]);
            assert_eq!(
                extractable,
                [Attribute::Extractable(false)],
                "keys made through PKCS#11 are locked"
            );
        }
        tool.run(&["--delete-object", "--type", "privkey", "--id", "0a"]);
        tool.run(&["--delete-object", "--type", "pubkey", "--id", "0a"]);
        assert_eq!(tool.run(&["--list-objects"]).trim(), "");
    });
}

#[test]
fn curves_sign() {
    on_each_way(|_, tool| {
        tool.write("message", b"a message that is signed");
        for (number, (kind, mechanism, digest)) in [
            ("EC:prime256v1", "ECDSA-SHA256", "-sha256"),
            ("EC:secp384r1", "ECDSA-SHA384", "-sha384"),
            ("EC:secp521r1", "ECDSA-SHA512", "-sha512"),
            ("EC:secp256k1", "ECDSA-SHA256", "-sha256"),
        ]
        .into_iter()
        .enumerate()
        {
            let id = format!("b{number}");
            tool.run(&[
                "--keypairgen",
                "--key-type",
                kind,
                "--id",
                &id,
                "--label",
                kind,
            ]);
            tool.run(&[
                "--read-object",
                "--type",
                "pubkey",
                "--id",
                &id,
                "-o",
                "public.der",
            ]);
            tool.run(&[
                "--sign",
                "--mechanism",
                mechanism,
                "--id",
                &id,
                "-i",
                "message",
                "-o",
                "signature",
                "-f",
                "openssl",
            ]);
            let said = tool.openssl(&[
                "dgst",
                digest,
                "-keyform",
                "DER",
                "-verify",
                "public.der",
                "-signature",
                "signature",
                "message",
            ]);
            assert!(said.contains("Verified OK"), "{kind}: {said}");
            tool.run(&["--delete-object", "--type", "privkey", "--id", &id]);
            tool.run(&["--delete-object", "--type", "pubkey", "--id", &id]);
        }
    });
}

#[test]
fn symmetric_keys_encrypt() {
    on_each_way(|_, tool| {
        let sixteen = "000102030405060708090a0b0c0d0e0f";
        tool.run(&[
            "--keygen",
            "--key-type",
            "aes:32",
            "--id",
            "0c",
            "--label",
            "aes",
            "--sensitive",
        ]);
        tool.write("plain", b"text of no special length");
        let cbc = ["--mechanism", "AES-CBC-PAD", "--iv", sixteen, "--id", "0c"];
        tool.run(&[&["--encrypt", "-i", "plain", "-o", "encrypted"][..], &cbc].concat());
        assert_eq!(tool.read("encrypted").len(), 32);
        tool.run(
            &[
                &["--decrypt", "-i", "encrypted", "-o", "decrypted"][..],
                &cbc,
            ]
            .concat(),
        );
        assert_eq!(tool.read("decrypted"), b"text of no special length");
        let released =
            fail(&mut tool.logged_in(&["--read-object", "--type", "secrkey", "--id", "0c"]));
        assert!(!released.is_empty());
        tool.run(&["--delete-object", "--type", "secrkey", "--id", "0c"]);
    });
}

#[test]
fn objects_are_written_read_and_deleted() {
    on_each_way(|_, tool| {
        tool.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "k",
            "-subj",
            "/CN=written",
            "-outform",
            "DER",
            "-out",
            "c.der",
        ]);
        tool.run(&[
            "--write-object",
            "c.der",
            "--type",
            "cert",
            "--id",
            "0d",
            "--label",
            "certificate",
        ]);
        tool.run(&[
            "--read-object",
            "--type",
            "cert",
            "--id",
            "0d",
            "-o",
            "back.der",
        ]);
        assert_eq!(tool.read("back.der"), tool.read("c.der"));
        tool.write("data", b"some data");
        tool.run(&[
            "--write-object",
            "data",
            "--type",
            "data",
            "--label",
            "data",
            "--application-label",
            "app",
        ]);
        tool.run(&[
            "--read-object",
            "--type",
            "data",
            "--label",
            "data",
            "-o",
            "data.back",
        ]);
        assert_eq!(tool.read("data.back"), b"some data");
        tool.openssl(&[
            "pkey", "-in", "k", "-pubout", "-outform", "DER", "-out", "p.der",
        ]);
        tool.run(&[
            "--write-object",
            "p.der",
            "--type",
            "pubkey",
            "--id",
            "0e",
            "--label",
            "public",
        ]);
        tool.run(&[
            "--read-object",
            "--type",
            "pubkey",
            "--id",
            "0e",
            "-o",
            "p.back",
        ]);
        assert_eq!(tool.read("p.back"), tool.read("p.der"));
        tool.run(&["--delete-object", "--type", "cert", "--id", "0d"]);
        tool.run(&["--delete-object", "--type", "data", "--label", "data"]);
        tool.run(&["--delete-object", "--type", "pubkey", "--id", "0e"]);
        assert_eq!(tool.run(&["--list-objects"]).trim(), "");
    });
}

#[test]
fn a_child_after_fork_starts_anew() {
    let appliance = Appliance::start(Backend::Embedded);
    let tool = tool(&appliance);
    let said = succeed_saying(&mut tool.logged_in(&["--test-fork"]));
    assert!(
        said.contains("C_Initialize() in child was successful") || !said.contains("rror"),
        "{said}"
    );
}

#[test]
fn keys_in_softhsm_are_not_extractable_there_either() {
    let appliance = Appliance::start(Backend::SoftHsm);
    let tool = tool(&appliance);
    tool.run(&[
        "--keypairgen",
        "--key-type",
        "rsa:2048",
        "--id",
        "0f",
        "--label",
        "inside",
    ]);
    tool.run(&[
        "--keygen",
        "--key-type",
        "aes:32",
        "--id",
        "1f",
        "--label",
        "inside, too",
    ]);
    let behind = succeed(&mut appliance.token().tool(&["--list-objects"]));
    for kind in ["Private Key Object; RSA", "Secret Key Object; AES"] {
        let object = behind
            .split(kind)
            .nth(1)
            .unwrap_or_else(|| panic!("no {kind} in\n{behind}"));
        let own = object.split("Object;").next().unwrap();
        assert!(
            own.contains("never extractable") && own.contains("always sensitive"),
            "{own}"
        );
    }
}

#[test]
fn a_configuration_with_a_mistake_is_told() {
    let appliance = Appliance::start(Backend::Embedded);
    let configuration = appliance.scratch().join("bad.toml");
    fs::write(&configuration, "version = 1\ntokens = []\n").unwrap();
    let tool = Tool {
        configuration,
        folder: appliance.scratch(),
    };
    fail(&mut tool.command(&["--list-objects", "--login", "--pin", PIN]));
}
