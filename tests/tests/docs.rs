//! The documents are true: their commands run, and they name every metric.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use keyhold_tests::{
    Appliance, Backend,
    documents::{Document, script},
    programs::{keyhold, module, output, peer, python, root, text},
};

/// Where `tests/setup/unpacked` puts servers that are not installed, under `target/peers`.
const UNPACKED: [&str; 2] = ["nginx/usr/sbin", "postgresql-15/usr/lib/postgresql/15/bin"];

/// What a page's reader does once for every program of a machine, and the test for the page's commands alone.
const NAMES_THE_MODULE: &str = "| sudo tee /usr/share/p11-kit/modules/keyhold.module";

/// An appliance with what the head of `docs/clients.md` promises.
fn environment(appliance: &Appliance, command: &mut Command) {
    let kmip = appliance.kmip();
    let ours = [keyhold(), python()].map(|path| path.parent().unwrap().to_owned());
    let others = env::var_os("PATH").unwrap();
    let path = ours
        .into_iter()
        .chain(env::split_paths(&others))
        .chain(UNPACKED.map(|folder| root().join("target/peers").join(folder)))
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    let path = env::join_paths(path).unwrap();
    command
        .env("KEYHOLD_DIR", appliance.data())
        .env("KEYHOLD_KMIP", kmip.to_string())
        .env("KEYHOLD_HOST", kmip.ip().to_string())
        .env("KEYHOLD_PORT", kmip.port().to_string())
        .env("KEYHOLD_METRICS", appliance.metrics().to_string())
        .env("KEYHOLD_MODULE", module())
        .env(
            "KRYOPTIC",
            root().join("target/kryoptic/libkryoptic_pkcs11.so"),
        )
        .env("KEYHOLD_PKCS11_CONFIG", appliance.file("pkcs11.toml"))
        .env("KEYHOLD_CONFIG", appliance.file("keyhold.toml"))
        // Programs would read what their user configured, or ask for a PIN at the terminal.
        .env("HOME", appliance.scratch())
        .env_remove("SSH_AUTH_SOCK")
        .env_remove("DISPLAY")
        .env("PATH", path)
        .current_dir(appliance.scratch());
}

/// The shell of a page's commands. Where the page names the module for p11-kit, which as root reads what the machine says
/// and nothing else, the commands see mounts of their own; `None` where the machine permits none.
fn shell(page: &Path, appliance: &Appliance) -> Option<Command> {
    if !fs::read_to_string(page).unwrap().contains(NAMES_THE_MODULE) {
        return Some(peer("bash"));
    }
    let mount = "mount --bind \"$0\" /usr/share/p11-kit/modules";
    let modules = appliance.scratch().join("modules");
    fs::create_dir(&modules).unwrap();
    let named = format!("module: {}\n", module().display());
    fs::write(modules.join("keyhold.module"), named).unwrap();
    // Root needs no namespace of users; others are root in one of their own.
    let unshare = |own: &[&str], script: &str| {
        let mut command = peer("unshare");
        command.args(own).args(["sh", "-c", script]).arg(&modules);
        command
    };
    let own = [&["--mount"][..], &["--mount", "--map-root-user"]];
    let own = own
        .into_iter()
        .find(|own| output(&mut unshare(own, mount)).status.success())?;
    Some(unshare(own, &format!("{mount} && exec bash \"$@\"")))
}

/// Runs a page's commands, one after the other, in one shell.
fn run(page: &Path) {
    let appliance = Appliance::start(Backend::Embedded);
    let script = script(page);
    assert!(
        script.lines().filter(|line| !line.is_empty()).count() > 3,
        "{} has no commands",
        page.display()
    );
    let file = appliance.scratch().join("page.sh");
    fs::write(&file, script).unwrap();
    let Some(mut command) = shell(page, &appliance) else {
        eprintln!(
            "{} is left out: `unshare --mount` is not permitted here, so p11-kit cannot be told of the module",
            page.display()
        );
        return;
    };
    command.args(["-e", "-E"]).arg(&file);
    environment(&appliance, &mut command);
    let done = output(&mut command);
    let complained = text(&done.stderr);
    let line = complained
        .lines()
        .find_map(|line| line.strip_prefix("failed at line "))
        .unwrap_or("?");
    assert!(
        done.status.success(),
        "{}:{line} failed, {}\n--- printed\n{}--- complained\n{complained}",
        page.display(),
        done.status,
        text(&done.stdout)
    );
}

fn page(relative: &str) -> PathBuf {
    root().join("docs").join(relative)
}

macro_rules! pages {
    ($($name:ident: $file:literal;)*) => {
        $(#[test]
        fn $name() {
            run(&page($file));
        })*

        const PAGES: &[&str] = &[$($file),*];
    };
}

pages! {
    barbican: "clients/barbican.md";
    ceph: "clients/ceph.md";
    curl: "clients/curl.md";
    db2: "clients/db2.md";
    dnssec: "clients/dnssec.md";
    edb: "clients/edb.md";
    fortigate: "clients/fortigate.md";
    gnutls: "clients/gnutls.md";
    java: "clients/java.md";
    luks: "clients/luks.md";
    mongodb: "clients/mongodb.md";
    mysql: "clients/mysql.md";
    netapp: "clients/netapp.md";
    nss: "clients/nss.md";
    openssh: "clients/openssh.md";
    openssl: "clients/openssl.md";
    openvpn: "clients/openvpn.md";
    p11_kit: "clients/p11-kit.md";
    oracle_tde: "clients/oracle-tde.md";
    percona: "clients/percona.md";
    pkcs11_tool: "clients/pkcs11-tool.md";
    postgresql: "clients/postgresql.md";
    pykmip: "clients/pykmip.md";
    python_packages: "clients/python.md";
    rust: "clients/rust.md";
    scality: "clients/scality.md";
    scylladb: "clients/scylladb.md";
    strongswan: "clients/strongswan.md";
    stunnel: "clients/stunnel.md";
    synology: "clients/synology.md";
    truenas: "clients/truenas.md";
    vast: "clients/vast.md";
    veeam: "clients/veeam.md";
    vmware: "clients/vmware.md";
    web_servers: "clients/web-servers.md";
    byok: "byok.md";
    operate: "operate.md";
    kryoptic: "hsms/kryoptic.md";
    softhsm: "hsms/softhsm.md";
}

#[test]
fn every_page_of_a_client_is_run_and_in_the_index() {
    let index = fs::read_to_string(page("clients.md")).unwrap();
    for entry in fs::read_dir(page("clients")).unwrap() {
        let name = format!("clients/{}", entry.unwrap().file_name().to_str().unwrap());
        assert!(PAGES.contains(&name.as_str()), "{name} is not run");
        assert!(
            index.contains(&format!("({name})")),
            "{name} is not in the index"
        );
    }
}

/// Pages of HSMs that no test has run on say so, and the index says the same.
#[test]
fn every_page_of_an_hsm_is_in_the_index_and_says_whether_it_is_tested() {
    let index = fs::read_to_string(page("hsms.md")).unwrap();
    for entry in fs::read_dir(page("hsms")).unwrap() {
        let name = format!("hsms/{}", entry.unwrap().file_name().to_str().unwrap());
        let is_tested = PAGES.contains(&name.as_str());
        let says = if is_tested {
            "Tested: "
        } else {
            "Not tested. "
        };
        let text = fs::read_to_string(page(&name)).unwrap();
        assert!(text.contains(&format!("\n\n{says}")), "{name}");
        let row = format!("]({name}) | {} |", if is_tested { "yes" } else { "no" });
        assert!(index.contains(&row), "{name} in the index");
    }
}

#[test]
fn the_program_in_rust_is_the_one_that_runs() {
    let source = fs::read_to_string(root().join("tests/src/bin/sign-with-keyhold.rs")).unwrap();
    let page = Document::read("docs/clients/rust.md");
    page.between("```rust\n", "```\n", &source).settle();
}

#[test]
fn the_line_that_fails_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.md");
    let wrong = [
        (
            "# Title\n\n```sh\ntrue\nbad() { false; }\nbad\n```\n",
            "line 6",
        ),
        (
            "# Title\n\n```python\nassert 1 == 2\n```\n\n```sh\ntrue\n```\n",
            "line 3",
        ),
        (
            "# Title\n\n```text\nfalse\n```\n```sh\ntrue\nfalse\ntrue\n```\n",
            "line 8",
        ),
    ];
    for (text_of_page, line) in wrong {
        fs::write(&page, text_of_page).unwrap();
        let file = folder.path().join("page.sh");
        fs::write(&file, script(&page)).unwrap();
        let done = output(peer("bash").args(["-e", "-E"]).arg(&file));
        assert!(!done.status.success());
        let said = text(&done.stderr);
        assert!(said.contains(&format!("failed at {line}\n")), "{said}");
    }
}

#[test]
fn links_lead_somewhere() {
    let folders = ["", "docs", "docs/clients"].map(|folder| root().join(folder));
    let mut count = 0;
    for folder in folders {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "md") {
                continue;
            }
            for link in links(&fs::read_to_string(&path).unwrap()) {
                let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
                let target = if file.is_empty() {
                    path.clone()
                } else {
                    folder.join(file)
                };
                assert!(target.exists(), "{}: {link} leads nowhere", path.display());
                assert!(
                    heading.is_empty() || headings(&target).contains(heading),
                    "{}: there is no heading {link}",
                    path.display()
                );
                count += 1;
            }
        }
    }
    assert!(count > 20, "only {count} links were found");
}

/// Where the links of a document lead, those to other places left out.
fn links(document: &str) -> Vec<String> {
    document
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(link, _)| link.to_owned())
        .filter(|link| !link.contains("://"))
        .collect()
}

/// A document's headings as links spell them.
fn headings(document: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(document).unwrap();
    text.lines()
        .filter_map(|line| line.strip_prefix("##"))
        .map(|line| {
            let line = line.trim_start_matches('#').trim().to_lowercase();
            line.chars()
                .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter))
                .map(|letter| if letter == ' ' { '-' } else { letter })
                .collect()
        })
        .collect()
}

#[test]
fn every_metric_has_its_meaning() {
    let described = fs::read_to_string(page("operate.md")).unwrap();
    let source = fs::read_to_string(root().join("daemon/src/telemetry.rs")).unwrap();
    let metrics: BTreeSet<_> = source
        .split('"')
        .filter(|text| text.starts_with("keyhold_"))
        .collect();
    assert!(metrics.len() > 5, "{metrics:?}");
    for metric in &metrics {
        assert!(
            described.contains(&format!("| `{metric}")),
            "{metric} is not described"
        );
    }
    let appliance = Appliance::start(Backend::Embedded);
    let (_, shown) = appliance.page("/metrics");
    let names = shown
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "));
    for name in names.map(|line| line.split(' ').next().unwrap()) {
        assert!(metrics.contains(name), "{name} comes from elsewhere");
    }
}
