//! The words of test cases as numbers and back, by the standard as data, not by the crate under test.

use std::{collections::HashMap, fs, sync::LazyLock};

use keyhold_tests::programs::root;
use serde_json::Value;

pub(crate) struct Words {
    tags: HashMap<String, u32>,
    names: HashMap<u32, String>,
    /// Which enumeration or mask the values of a tag are of.
    kinds: HashMap<u32, Kind>,
    enumerations: HashMap<String, HashMap<String, u32>>,
    /// The words of enumerations as people spell them.
    spelled: HashMap<(String, u32), String>,
    masks: HashMap<String, HashMap<String, u32>>,
}

#[derive(Clone)]
enum Kind {
    Enumeration(String),
    Mask(String),
}

/// The standard as data.
pub(crate) static SPEC: LazyLock<Value> = LazyLock::new(|| {
    let text = fs::read_to_string(root().join("tests/spec/kmip.json")).unwrap();
    serde_json::from_str(&text).unwrap()
});

/// All of them.
pub(crate) static WORDS: LazyLock<Words> = LazyLock::new(Words::read);

impl Words {
    fn read() -> Self {
        let json = &*SPEC;
        let mut own = Self {
            tags: HashMap::new(),
            names: HashMap::new(),
            kinds: HashMap::new(),
            enumerations: HashMap::new(),
            spelled: HashMap::new(),
            masks: HashMap::new(),
        };
        for tag in json["tags"].as_array().unwrap() {
            let number = number(&tag["number"]);
            let xml = tag["xml"].as_str().unwrap();
            own.tags.insert(plain(xml), number);
            own.names.insert(number, xml.to_owned());
            if let Some(name) = tag["enumeration"].as_str() {
                own.kinds.insert(number, Kind::Enumeration(plain(name)));
            } else if let Some(name) = tag["mask"].as_str() {
                own.kinds.insert(number, Kind::Mask(plain(name)));
            }
        }
        for (name, table) in json["enumerations"].as_object().unwrap() {
            own.enumeration(&plain(name), &table["values"]);
        }
        for (name, table) in json["masks"].as_object().unwrap() {
            own.masks.insert(plain(name), rows(&table["values"]));
        }
        for (name, list) in [
            ("operation", "operations"),
            ("resultreason", "result_reasons"),
            ("resultstatus", "result_status"),
        ] {
            own.enumeration(name, &json[list]);
        }
        own.enumerations.insert("tag".to_owned(), own.tags.clone());
        own
    }

    /// The tag of an element or of an attribute's name.
    pub(crate) fn tag(&self, name: &str) -> Option<u32> {
        self.tags.get(&plain(name)).copied()
    }

    /// The name of a tag.
    pub(crate) fn name(&self, tag: u32) -> String {
        self.names
            .get(&tag)
            .cloned()
            .unwrap_or_else(|| format!("0x{tag:06x}"))
    }

    /// A value of the enumeration that belongs to a tag.
    pub(crate) fn enumerated(&self, tag: u32, word: &str) -> Option<u32> {
        if let Some(number) = numeric(word) {
            return Some(number);
        }
        let kind = match self.kinds.get(&tag) {
            Some(Kind::Enumeration(kind)) => kind.as_str(),
            _ if self.name(tag) == "LinkedObjectIdentifier" => "uniqueidentifier",
            _ => return None,
        };
        let table = self.enumerations.get(kind)?;
        let word = SPELLINGS
            .iter()
            .find(|(case, _)| *case == word)
            .map_or(word, |(_, table)| table);
        table.get(&plain(word)).copied()
    }

    /// The enumeration or mask that the values of a tag are of.
    pub(crate) fn kind(&self, tag: u32) -> Option<&str> {
        match self.kinds.get(&tag)? {
            Kind::Enumeration(name) | Kind::Mask(name) => Some(name),
        }
    }

    /// An integer, or the bits of a mask by their names.
    pub(crate) fn integer(&self, tag: u32, text: &str) -> Option<i32> {
        if let Ok(number) = text.parse() {
            return Some(number);
        }
        let words = text.split([' ', '|', ',']).filter(|word| !word.is_empty());
        let table = match self.kinds.get(&tag) {
            Some(Kind::Mask(name)) => self.masks.get(name)?,
            _ => return numeric(text).map(u32::cast_signed),
        };
        words
            .map(|word| numeric(word).or_else(|| table.get(&plain(word)).copied()))
            .sum::<Option<u32>>()
            .map(u32::cast_signed)
    }

    /// The word for a value of the enumeration that belongs to a tag, for people.
    pub(crate) fn word(&self, tag: u32, value: u32) -> String {
        let known = match self.kinds.get(&tag) {
            Some(Kind::Enumeration(kind)) => self.spelled.get(&(kind.clone(), value)),
            _ => None,
        };
        known.map_or_else(|| format!("0x{value:08x}"), Clone::clone)
    }

    fn enumeration(&mut self, name: &str, table: &Value) {
        self.enumerations.insert(name.to_owned(), rows(table));
        for row in table.as_array().unwrap() {
            let word = row["xml"].as_str().unwrap().to_owned();
            self.spelled
                .insert((name.to_owned(), number(&row["number"])), word);
        }
    }
}

/// Words that the cases spell otherwise than the tables.
const SPELLINGS: &[(&str, &str)] = &[("MGF1", "MFG1")];

/// A word without what spellings differ in.
pub(crate) fn plain(word: &str) -> String {
    word.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|character| character.to_ascii_lowercase())
        .collect()
}

fn rows(table: &Value) -> HashMap<String, u32> {
    let mut out = HashMap::new();
    for row in table.as_array().unwrap() {
        for key in ["name", "xml"] {
            out.insert(plain(row[key].as_str().unwrap()), number(&row["number"]));
        }
    }
    out
}

fn number(value: &Value) -> u32 {
    numeric(value.as_str().unwrap()).unwrap()
}

fn numeric(word: &str) -> Option<u32> {
    match word.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => word.parse().ok(),
    }
}
