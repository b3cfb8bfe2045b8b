//! What each version of the standard has, by the standard as data: tags, words, attributes, and the fields of structures.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use serde_json::Value;

use super::words::{SPEC, WORDS, plain};

/// From which version on there is something, and from which on no more.
struct Span {
    since: String,
    removed: Option<String>,
}

/// The fields of a structure by version and by name; `None` of one that holds whatever it likes.
type Fields = HashMap<(String, String), Option<HashSet<u32>>>;

/// All of it.
pub(crate) static STANDARD: LazyLock<Standard> = LazyLock::new(Standard::read);

pub(crate) struct Standard {
    tags: HashMap<u32, Span>,
    words: HashMap<(String, u32), Span>,
    attributes: HashMap<String, HashSet<String>>,
    fields: Fields,
    required: HashSet<(String, String, u32)>,
}

impl Standard {
    fn read() -> Self {
        let mut own = Self {
            tags: HashMap::new(),
            words: HashMap::new(),
            attributes: HashMap::new(),
            fields: HashMap::new(),
            required: HashSet::new(),
        };
        for tag in rows(&SPEC["tags"]) {
            own.tags.insert(number(tag), Span::of(tag));
        }
        for kinds in ["enumerations", "masks"] {
            for (name, table) in SPEC[kinds].as_object().unwrap() {
                own.learn(name, &table["values"]);
            }
        }
        for (name, list) in [
            ("operation", "operations"),
            ("resultreason", "result_reasons"),
            ("resultstatus", "result_status"),
        ] {
            own.learn(name, &SPEC[list]);
        }
        for (version, table) in SPEC["attribute_rules"].as_object().unwrap() {
            let names = table.as_object().unwrap().keys();
            own.attributes
                .insert(version.clone(), names.map(|name| plain(name)).collect());
        }
        for (version, table) in SPEC["structures"].as_object().unwrap() {
            for structure in table.as_object().unwrap().values() {
                let name = structure["self"].as_str().unwrap();
                own.has(version, name, &structure["items"]);
            }
        }
        for (version, table) in SPEC["messages"].as_object().unwrap() {
            for (name, fields) in table.as_object().unwrap() {
                own.has(version, name, fields);
            }
        }
        for (version, table) in SPEC["payloads"].as_object().unwrap() {
            for (operation, sides) in table.as_object().unwrap() {
                for side in ["request", "response"] {
                    if sides[side].is_array() {
                        own.has(version, &format!("{operation} {side}"), &sides[side]);
                    }
                }
            }
        }
        own
    }

    fn learn(&mut self, name: &str, table: &Value) {
        for row in rows(table) {
            self.words.insert((plain(name), number(row)), Span::of(row));
        }
    }

    /// A structure of a version; several of one name count as one with the fields of all.
    fn has(&mut self, version: &str, name: &str, fields: &Value) {
        let known = self
            .fields
            .entry((version.to_owned(), plain(name)))
            .or_insert_with(|| Some(HashSet::new()));
        for field in rows(fields) {
            let tag = field["tag"].as_str().map(hexadecimal);
            if let Some(tag) = tag.filter(|_| field["required"] == "yes") {
                self.required.insert((version.to_owned(), plain(name), tag));
            }
            match (field["tag"].as_str(), &mut *known) {
                (Some(tag), Some(known)) => {
                    known.insert(hexadecimal(tag));
                }
                _ => *known = None,
            }
        }
    }

    /// Whether a version has a tag.
    pub(crate) fn has_tag(&self, tag: u32, version: &str) -> bool {
        self.tags.get(&tag).is_none_or(|span| span.has(version))
    }

    /// Whether a version has a value of the enumeration or mask that belongs to a tag. Values that no version has are
    /// extensions.
    pub(crate) fn has_word(&self, tag: u32, value: u32, version: &str) -> bool {
        let Some(kind) = WORDS.kind(tag) else {
            return true;
        };
        self.words
            .get(&(kind.to_owned(), value))
            .is_none_or(|span| span.has(version))
    }

    /// Whether a version has a type of items.
    pub(crate) fn has_type(&self, name: &str, version: &str) -> bool {
        SPEC["item_type_since"][name]
            .as_str()
            .is_none_or(|since| since <= version)
    }

    /// Whether a version has an attribute of this name, with or without spaces.
    pub(crate) fn has_attribute(&self, name: &str, version: &str) -> bool {
        // The rules have one row for all parts of names in certificates.
        let is_of_name = ["Certificate Subject ", "Certificate Issuer "]
            .iter()
            .any(|part| name.starts_with(part));
        let has_tag = |tag| self.has_tag(tag, version);
        self.attributes[version].contains(&plain(name))
            || is_of_name && WORDS.tag(name).is_some_and(has_tag)
    }

    /// Whether a structure must have a field.
    pub(crate) fn requires(&self, structure: &str, tag: u32, version: &str) -> bool {
        let key = (version.to_owned(), plain(structure), tag);
        self.required.contains(&key)
    }

    /// Whether a structure has a field. A structure that the standard has no table for has every field.
    pub(crate) fn has_field(&self, structure: &str, tag: u32, version: &str) -> bool {
        let key = (version.to_owned(), plain(structure));
        match self.fields.get(&key) {
            Some(Some(fields)) => fields.contains(&tag),
            _ => true,
        }
    }
}

impl Span {
    fn of(row: &Value) -> Self {
        Self {
            since: row["since"].as_str().unwrap().to_owned(),
            removed: row["removed"].as_str().map(ToOwned::to_owned),
        }
    }

    fn has(&self, version: &str) -> bool {
        let removed = self.removed.as_deref();
        self.since.as_str() <= version && removed.is_none_or(|removed| version < removed)
    }
}

fn rows(table: &Value) -> &[Value] {
    table.as_array().unwrap()
}

fn number(row: &Value) -> u32 {
    hexadecimal(row["number"].as_str().unwrap())
}

fn hexadecimal(text: &str) -> u32 {
    u32::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
}
