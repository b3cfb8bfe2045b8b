//! The map of the code in `ARCHITECTURE.md`.

use std::{fmt::Write, fs, path::Path};

use keyhold_tests::{documents::Document, programs::root};

#[test]
fn is_that_of_the_files() {
    let mut map = String::from("```text\n");
    for folder in [
        "kmip",
        "pkcs11",
        "daemon",
        "pkcs11-provider",
        "tests",
        "fuzz",
    ] {
        draw(&mut map, &root().join(folder), 0);
    }
    map.push_str("```\n");
    Document::read("ARCHITECTURE.md")
        .between("<!-- map -->\n", "<!-- /map -->", &map)
        .settle();
}

/// A folder's source files, each with its sentence, then its folders, in the order of their names.
fn draw(map: &mut String, folder: &Path, depth: usize) {
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let mut entries: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    let begun = map.len();
    let indent = "  ".repeat(depth);
    let _ = writeln!(map, "{indent}{}/", name(folder));
    let head = map.len();
    let sources = entries
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    for path in sources {
        let _ = writeln!(map, "{indent}  {:<22} {}", name(path), sentence(path));
    }
    for path in entries
        .iter()
        .filter(|path| path.is_dir() && name(path) != "target")
    {
        draw(map, path, depth + 1);
    }
    // A folder without sources is none of the code's.
    if map.len() == head {
        map.truncate(begun);
    }
}

/// What a source file says of itself: the first sentence of its first lines.
fn sentence(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let head: Vec<_> = text
        .lines()
        .map_while(|line| line.strip_prefix("//! "))
        .collect();
    let head = head.join(" ");
    let end = head.find(". ").map_or(head.len(), |at| at + 1);
    assert!(
        end > 0,
        "{} does not begin with its sentence",
        path.display()
    );
    head[..end].to_owned()
}
