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

#[test]
fn pkcs11_tools_own_tests_find_nothing() {
    alone(
        "tools::pkcs11_tools_own_tests_find_nothing",
        CONFIG,
        |_, _| {
            if !is_installed("pkcs11-tool") {
                return;
            }
            let module = module_path();
            let tool = |arguments: &[&str]| {
                let mut all = vec!["--module", module.to_str().unwrap(), "--token-label", "dev"];
                all.extend(["--login", "--pin", "1234"]);
                all.extend(arguments);
                run("pkcs11-tool", &all)
            };
            tool(&["--keypairgen", "--key-type", "rsa:2048", "--id", "02"]);
            let tested = tool(&["--test"]);
            assert!(tested.contains("No errors"), "{tested}");
            let forked = tool(&["--test-fork"]);
            assert!(!forked.to_lowercase().contains("error"), "{forked}");
        },
    );
}

#[test]
fn openssh_reads_the_keys_before_login() {
    alone(
        "tools::openssh_reads_the_keys_before_login",
        CONFIG,
        |_, api| {
            if !is_installed("ssh-keygen") {
                return;
            }
            let session = api.ready();
            api.p384(session, "ssh");
            let keys = run("ssh-keygen", &["-D", module_path().to_str().unwrap()]);
            assert!(keys.contains("ecdsa-sha2-nistp384 "), "{keys}");
        },
    );
}

#[test]
fn openssl_signs_through_its_engine() {
    alone(
        "tools::openssl_signs_through_its_engine",
        CONFIG,
        |_, api| {
            let engine = "/usr/lib/x86_64-linux-gnu/engines-3/pkcs11.so";
            if !is_installed("openssl") || !std::path::Path::new(engine).exists() {
                return;
            }
            let session = api.ready();
            api.p384(session, "web");
            let folder = tempfile::tempdir().unwrap();
            let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
            std::fs::write(
            path("openssl.cnf"),
            format!(
                "openssl_conf = init\n[init]\nengines = engines\n[engines]\npkcs11 = pkcs11\n[pkcs11]\n\
                 engine_id = pkcs11\ndynamic_path = {engine}\nMODULE_PATH = {}\ninit = 0\n\
                 [req]\ndistinguished_name = name\n[name]\n",
                module_path().display()
            ),
        )
        .unwrap();
            let output = Command::new("openssl")
                .args([
                    "req", "-new", "-x509", "-sha384", "-subj", "/CN=web", "-days", "30",
                ])
                .args(["-engine", "pkcs11", "-keyform", "engine"])
                .args([
                    "-key",
                    "pkcs11:token=dev;object=web;type=private;pin-value=1234",
                ])
                .args(["-out", &path("web.pem")])
                .env("OPENSSL_CONF", path("openssl.cnf"))
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{text}");
            run(
                "openssl",
                &["verify", "-CAfile", &path("web.pem"), &path("web.pem")],
            );
        },
    );
}

#[test]
fn nss_makes_a_certificate() {
    alone("tools::nss_makes_a_certificate", CONFIG, |_, _| {
        if !is_installed("modutil") || Command::new("certutil").output().is_err() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let database = format!("sql:{}", folder.path().display());
        std::fs::write(path("pin"), "1234\n").unwrap();
        std::fs::write(path("noise"), [7; 64]).unwrap();
        run("certutil", &["-N", "-d", &database, "--empty-password"]);
        let module = module_path();
        let module = module.to_str().unwrap();
        run(
            "modutil",
            &[
                "-dbdir", &database, "-add", "Keyhold", "-libfile", module, "-force",
            ],
        );
        let in_token = ["-d", &database, "-h", "dev", "-f", &path("pin")];
        let with = |arguments: &[&str]| run("certutil", &[arguments, &in_token].concat());
        with(&[
            "-S",
            "-x",
            "-n",
            "web",
            "-s",
            "CN=web",
            "-t",
            "u,u,u",
            "-k",
            "rsa",
            "-g",
            "2048",
            "-z",
            &path("noise"),
            "-m",
            "7",
        ]);
        assert!(with(&["-L"]).contains("dev:web"));
        assert!(
            with(&["-K"]).contains("dev:web"),
            "certificate and key show one CKA_ID"
        );
    });
}

#[test]
fn java_keeps_its_keys_here() {
    alone("tools::java_keeps_its_keys_here", CONFIG, |fake, _| {
        if Command::new("keytool").arg("-help").output().is_err() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("java.cfg");
        let library = module_path();
        std::fs::write(
            &config,
            format!(
                "name = Keyhold\nlibrary = {}\nslot = 0\n",
                library.display()
            ),
        )
        .unwrap();
        let keytool = |arguments: &[&str]| {
            let store = [
                "-keystore",
                "NONE",
                "-storetype",
                "PKCS11",
                "-storepass",
                "1234",
                "-addprovider",
                "SunPKCS11",
                "-providerArg",
                config.to_str().unwrap(),
            ];
            run("keytool", &[arguments, &store].concat())
        };
        keytool(&[
            "-genkeypair",
            "-alias",
            "web",
            "-dname",
            "CN=web",
            "-keyalg",
            "EC",
            "-groupname",
            "secp384r1",
            "-sigalg",
            "SHA384withECDSA",
            "-providerName",
            "SunPKCS11-Keyhold",
        ]);
        let list = keytool(&["-list"]);
        assert!(list.contains("web, PrivateKeyEntry"), "{list}");
        let request = keytool(&["-certreq", "-alias", "web", "-sigalg", "SHA384withECDSA"]);
        assert!(
            request.contains("BEGIN NEW CERTIFICATE REQUEST"),
            "{request}"
        );
        let state = fake.state.lock().unwrap();
        let of_sessions = |stored: &&crate::common::fake::Stored| {
            stored.attributes.iter().any(|own| {
                matches!(own, kmip::attribute::Attribute::Vendor(own) if own.attribute_name == "pkcs11-session")
            })
        };
        // Java ends without closing its sessions: the public half, which it does not keep, is left with its mark.
        assert_eq!(state.objects.values().filter(of_sessions).count(), 1);
        assert_eq!(
            state.objects.len(),
            3,
            "beside the private key and its certificate"
        );
    });
}
