//! The lists of `docs/pkcs11.md`: functions and mechanisms of the module.

use std::fs;

use keyhold_tests::{
    Appliance, Backend,
    documents::{Document, table},
    programs::{module, peer, root, succeed},
};

#[test]
fn are_those_of_the_module() {
    Document::read("docs/pkcs11.md")
        .with("functions", &functions())
        .with("mechanisms", &mechanisms())
        .settle();
}

/// The rows of the provider's table of C functions: served, or not and why.
fn functions() -> String {
    let source = fs::read_to_string(root().join("pkcs11-provider/src/abi/functions.rs")).unwrap();
    let mut served = Vec::new();
    let mut refused: Vec<(String, Vec<String>)> = Vec::new();
    for row in source.split("\n        C_").skip(1) {
        let (name, body) = row.split_once('(').unwrap();
        let name = format!("`C_{name}`");
        let reason = body
            .split_once("unsupported \"")
            .and_then(|(_, rest)| rest.split_once('"'));
        match reason {
            None => served.push(name),
            Some((why, _)) => match refused.iter_mut().find(|(own, _)| own == why) {
                Some((_, names)) => names.push(name),
                None => refused.push((why.to_owned(), vec![name])),
            },
        }
    }
    assert!(served.len() > 30, "the table is read wrongly");
    let all = format!("Served: {}.\n", served.join(", "));
    if refused.is_empty() {
        return all;
    }
    let rows = refused
        .into_iter()
        .map(|(why, names)| [names.join(", "), why]);
    let text = all + "\nAnswered with `CKR_FUNCTION_NOT_SUPPORTED`:\n\n";
    text + &table(["functions", "why"], rows)
}

/// The rows of the table of mechanisms that the module serves; the built module must list as many.
fn mechanisms() -> String {
    let source = fs::read_to_string(root().join("pkcs11/src/mechanism/table.rs")).unwrap();
    let size = |name: &str| {
        let (_, rest) = source
            .split_once(&format!("const {name}: (Ulong, Ulong) = ("))
            .unwrap();
        let (sizes, _) = rest.split_once(')').unwrap();
        let sizes = sizes.replace('_', "");
        match sizes.split_once(", ").unwrap() {
            ("0", "0") => String::new(),
            (least, most) if least == most => least.to_owned(),
            (least, most) => format!("{least} to {most}"),
        }
    };
    let rows: Vec<_> = source
        .lines()
        .filter_map(|line| line.strip_prefix("    CKM_")?.strip_suffix(';'))
        .map(|row| {
            let (name, rest) = row.split_once(' ').unwrap();
            let mut words = rest.rsplit(", ");
            let (_, sizes, flags) = (words.next(), words.next().unwrap(), words.next().unwrap());
            let unit = match sizes {
                "NO_KEY" => "",
                bytes if bytes.ends_with("_BYTES") => " bytes",
                _ => " bits",
            };
            [format!("`CKM_{name}`"), uses(flags), size(sizes) + unit]
        })
        .filter(|[_, uses, _]| !uses.is_empty())
        .collect();
    assert_eq!(
        rows.len(),
        listed_by_the_module(),
        "the table is read wrongly"
    );
    table(["mechanism", "for", "keys"], rows)
}

/// What the flags of a row mean through the module.
fn uses(flags: &str) -> String {
    let uses = flags.split(" | ").map(|flag| match flag {
        "SIGN" => "sign, verify",
        "RECOVER" => "sign and verify with recovery",
        "CRYPT" => "encrypt, decrypt",
        "MESSAGES" => "messages",
        "PAIR" => "generate a key pair",
        "KEY" => "generate a key",
        "DIGEST" => "digest",
        "WRAP" => "wrap, unwrap",
        "DERIVE" => "derive",
        "KEM" => "encapsulate, decapsulate",
        // What is said of curves.
        "EC" => "",
        other => panic!("what are {other}?"),
    });
    let uses: Vec<_> = uses.filter(|uses| !uses.is_empty()).collect();
    uses.join(", ")
}

fn listed_by_the_module() -> usize {
    let appliance = Appliance::start(Backend::Embedded);
    let mut command = peer("pkcs11-tool");
    command
        .arg("--module")
        .arg(module())
        .arg("--list-mechanisms");
    let said = succeed(appliance.environment(&mut command));
    said.lines().filter(|line| line.starts_with("  ")).count()
}
