//! Configurations that are good, and what is said of those that are not.

use std::path::Path;

use hsm::host::{Opening, Seal};

use super::*;

const MINIMAL: &str = "version = 1\n[server]\nkmip = []\n[[backend]]\nname = \"soft\"\nkind = \"embedded\"\nmaster = \"m\"\n";

fn error(text: &str) -> String {
    match Config::parse(Path::new("/etc/keyhold/keyhold.toml"), text) {
        Ok(_) => panic!("accepted: {text}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_may_still_change_is_served_where_it_is_asked_for() {
    let text = MINIMAL.replace("[server]", "[server]\nexperimental = true");
    let config = Config::parse(Path::new("/some/where/keyhold.toml"), &text).unwrap();
    assert!(config.server.experimental);
}

/// Every limit that is set is the one that counts.
#[test]
fn limits_are_those_of_the_file() {
    let set = "\n[server.limits]\nframe_bytes_max = 2048\nnesting_max = 12\nbatch_items_max = 2\nlocate_items_max = 3\n\
               streams_max = 4\nstreams_per_client_max = 5\npending_max = 6\npending_per_client_max = 7\n\
               tickets_max = 8\ntickets_per_vault_max = 9\n";
    let config = Config::parse(Path::new("/keyhold.toml"), &format!("{MINIMAL}{set}")).unwrap();
    let limits = config.server.limits;
    assert_eq!(limits.frame_bytes_max, 2048);
    assert_eq!(limits.service.nesting_max, 12);
    assert_eq!(limits.service.batch_items_max, 2);
    assert_eq!(limits.service.locate_items_max, 3);
    assert_eq!(limits.service.streams.all_max, 4);
    assert_eq!(limits.service.streams.per_client_max, 5);
    assert_eq!(limits.service.pending.all_max, 6);
    assert_eq!(limits.service.pending.per_client_max, 7);
    assert_eq!(limits.service.tickets.all_max, 8);
    assert_eq!(limits.service.tickets.per_vault_max, 9);
}

#[test]
fn the_minimum_is_enough() {
    let config = Config::parse(Path::new("/some/where/keyhold.toml"), MINIMAL).unwrap();
    assert_eq!(config.server.socket, Path::new(DEFAULT_SOCKET));
    assert_eq!(
        config.server.metrics,
        Some("127.0.0.1:9464".parse().unwrap())
    );
    assert_eq!(config.server.limits.frame_bytes_max, 1024 * 1024);
    assert_eq!(config.server.limits.idle_max, Duration::from_secs(3600));
    assert!(!config.server.experimental);
    assert_eq!(config.audit.sync, Sync::Grouped);
    assert_eq!(config.administrators, [0]);
    let Opening::Embedded {
        master: path,
        seal: Seal::Nothing,
        ..
    } = &*config.backends[0].opening
    else {
        panic!("another kind");
    };
    assert!(config.backends[0].isolation.is_some(), "without a word");
    assert_eq!(path, Path::new("/some/where/m"), "relative to the file");
}

#[test]
fn an_error_names_its_file_line_and_key() {
    for (text, wanted) in WHOLE {
        let error = error(text);
        assert!(
            error.starts_with("/etc/keyhold/keyhold.toml:") && error.contains(wanted),
            "{text:?}: {error}"
        );
    }
    for (text, wanted) in BEHIND_THE_MINIMUM {
        let error = error(&format!("{MINIMAL}{text}"));
        assert!(error.contains(wanted), "{text:?}: {error}");
    }
}

#[test]
fn secrets_that_cannot_be_read_stop_the_configuration() {
    let error = error(&format!("{MINIMAL}passphrase_file = \"missing\"\n"));
    assert!(
        error.contains("/etc/keyhold/missing: cannot be read"),
        "{error}"
    );
}

/// Files, and what is said of them.
const WHOLE: &[(&str, &str)] = &[
    (
        "version = 1\n\n[server]\nkmpi = []\n",
        ":4: unknown key `kmpi`",
    ),
    ("version = 1\n[serve]\n", ":2: unknown key `serve`"),
    ("version = 2\n", ":1: `version` is not known"),
    ("version = 1\nversion = 1\n", ":2:"),
    (
        "version = 1\n[server]\nkmip = [\n\"localhost\"]\n",
        ":4: `server.kmip` must be an address",
    ),
    (
        "version = 1\n[server]\nkmip = []\n[server.limits]\nframe_bytes_max = 1\n",
        ":5: `server.limits.frame_bytes_max` must be from 1024",
    ),
    (
        "version = 1\n[server]\nkmip = []\n[server.limits]\nnesting_max = 65\n",
        ":5: `server.limits.nesting_max` must be from 12 to 64",
    ),
    ("version = 1\n[server]\nkmip = []\n", "no `[[backend]]`"),
    ("version = 1\n", "`[tls]` is missing"),
    (
        "version = 1\n[audit]\nsync = \"never\"\n",
        ":3: unknown variant `never`",
    ),
];

/// What is added to the minimum, and what is said of it.
const BEHIND_THE_MINIMUM: &[(&str, &str)] = &[
    (
        "[[backend]]\nname = \"g\"\nkind = \"group\"\n",
        ":9: `backend` of kind \"group\" needs `members`",
    ),
    (
        "[[backend]]\nname = \"g\"\nkind = \"group\"\nmembers = [\"soft\"]\n",
        ":9: `backend` of kind \"group\" needs `members`",
    ),
    (
        "[[backend]]\nname = \"g\"\nkind = \"group\"\nmembers = [\"soft\", \"x\"]\n",
        ":11: `backend.members` names \"soft\", which does not say `keys_may_move = true`",
    ),
    (
        "keys_may_move = true\n[[backend]]\nname = \"g\"\nkind = \"group\"\nmembers = [\"soft\", \"g\"]\n",
        ":12: `backend.members` must name other backends",
    ),
    (
        "keys_may_move = true\n[[backend]]\nname = \"g\"\nkind = \"group\"\nmembers = [\"soft\", \"soft\"]\n",
        ":12: `backend.members` names \"soft\", which is a member of \"g\" already",
    ),
    (
        "[[backend]]\nname = \"g\"\nkind = \"group\"\nmaster = \"m\"\n",
        ":11: `backend.master` belongs to the members of a group",
    ),
    (
        "members = [\"a\", \"b\"]\n",
        ":8: `backend.members` belongs to backends of kind \"group\"",
    ),
    (
        "[[local]]\nuid = \"root\"\nvault = \"v\"\nrole = \"user\"\n",
        ":9: `local.uid` must be a user's number",
    ),
    (
        "[[local]]\nuid = 0\nvault = \"v\"\nrole = \"usr\"\n",
        ":11: `local.role` names the role \"usr\"",
    ),
    (
        "[[local]]\nuid = 0\nvault = \"v\"\nrole = \"user\"\npin = \"no\"\n",
        ":12: unknown variant",
    ),
    (
        "[[admission]]\nissuer = \"CN=x\"\nalternative_name = \"*\"\nvault = \"v\"\nrole = \"user\"\n",
        ":10: `admission.alternative_name`",
    ),
    (
        "[[admission]]\nissuer = \"CN=x\"\nalternative_name = \"DNS:*\"\nvault = \"v\"\nrole = \"user\"\n",
        ":10: `admission.alternative_name`",
    ),
    (
        "[admin]\nuids = [\"any\"]\n",
        ":9: `admin.uids` cannot be \"any\"",
    ),
    (
        "pin_file = \"x\"\n",
        ":8: `backend.pin_file` belongs to backends of kind \"module\"",
    ),
    (
        "credential = \"../x\"\n",
        ":8: `backend.credential` must be a credential's plain name",
    ),
    (
        "[[backend]]\nname = \"soft\"\nkind = \"embedded\"\nmaster = \"m\"\n",
        ":9: `backend.name` must be unique",
    ),
    (
        "[[backend]]\nname = \"hsm\"\nkind = \"module\"\n",
        ":9: `backend` of kind \"module\" needs `path`",
    ),
    (
        "[[backend]]\nname = \"hsm\"\nkind = \"module\"\npath = \"x.so\"\n",
        "needs either `token`",
    ),
    ("pin = \"1234\"\n", ":8: unknown key `pin`"),
    (
        "[[notify]]\nclient = \"c\"\nvault = \"v\"\naddress = \"host\"\nauthorities = [\"a\"]\n",
        ":11: `notify.address` must be a host and a port",
    ),
    (
        "[[notify]]\nclient = \"c\"\nvault = \"v\"\naddress = \"host:1\"\nauthorities = []\n",
        ":9: `notify` needs `authorities`",
    ),
    (
        "[[notify]]\nclient = \"c\"\nvault = \"v\"\naddress = \"[::1]:1\"\nauthorities = [\"a\"]\n",
        ":9: `notify` needs `certificate` and `key`",
    ),
    (
        "[[notify]]\nclient = \"c\"\nvault = \"v\"\naddress = \"h:1\"\nauthorities = [\"a\"]\nkey = \"k\"\n",
        ":13: `notify.key` needs `certificate`",
    ),
    (
        "[[notify]]\nclient = \"c\"\nvault = \"v\"\naddress = \"h:1\"\nauthorities = [\"a\"]\ncertificate = \"c\"\nkey = \"k\"\nversion = \"1.9\"\n",
        ":15: `notify.version` must be a version of KMIP",
    ),
];

/// The samples show every key, and with its default.
#[test]
fn the_sample_shows_every_key_with_its_default() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    let text = files::read_text(&folder.join("keyhold.toml")).unwrap();
    let sample = Config::parse(Path::new("/etc/keyhold/keyhold.toml"), &text).unwrap();
    let minimum = "version = 1\n[tls]\ncertificate = \"c\"\nkey = \"k\"\nclient_authorities = []\n\
                   [[backend]]\nname = \"b\"\nkind = \"embedded\"\nmaster = \"m\"\n";
    let default = Config::parse(Path::new("/etc/keyhold/keyhold.toml"), minimum).unwrap();
    assert_eq!(sample.server, default.server);
    assert_eq!(sample.store, default.store);
    assert_eq!(sample.administrators, default.administrators);
    assert_eq!(sample.audit.directory, default.audit.directory);
    assert_eq!(sample.audit.sync, default.audit.sync);
    // The parser names the keys that it knows when it meets one that it does not.
    for section in [
        "",
        "[server]",
        "[server.limits]",
        "[tls]",
        "[authority]",
        "[audit]",
        "[store]",
        "[policy]",
        "[admin]",
        "[[backend]]",
        "[[local]]",
        "[[admission]]",
        "[[notify]]",
    ] {
        let error = error(&format!("{section}\nunknown = 1\n"));
        let known = error
            .split_once("expected")
            .unwrap_or_else(|| panic!("{error}"))
            .1;
        let keys: Vec<_> = known.split('`').skip(1).step_by(2).collect();
        assert!(!keys.is_empty(), "{error}");
        for key in keys {
            let shown = [
                format!("{key} = "),
                format!("[{key}]"),
                format!("[server.{key}]"),
            ];
            assert!(
                shown.iter().any(|own| text.contains(own)),
                "{section} {key} is not shown"
            );
        }
    }
    let policy = files::read_text(&folder.join("policy.toml")).unwrap();
    assert_eq!(Policy::parse(&policy).unwrap(), Policy::default());
}
