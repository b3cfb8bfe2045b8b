//! What the field's strictest parsers take: nothing in an answer that its version does not know, by the standard as data.

use super::{
    compare::Difference,
    node::{Node, Value},
    standard::STANDARD,
    words::WORDS,
};

/// Everything in an answer that its version has no word for.
pub(crate) fn unknown(answer: &Node, version: &str) -> Vec<Difference> {
    let mut own = Check {
        version,
        operation: String::new(),
        found: Vec::new(),
    };
    for child in answer.children() {
        let structure = match child.name().as_str() {
            "BatchItem" => "Response Batch Item",
            _ => "Response Header",
        };
        own.operation = child
            .child("Operation")
            .map(|operation| WORDS.word(operation.tag, number(operation)))
            .unwrap_or_default();
        own.structure(child, structure, &child.name());
    }
    own.found
}

struct Check<'a> {
    version: &'a str,
    operation: String,
    found: Vec<Difference>,
}

impl Check<'_> {
    fn structure(&mut self, node: &Node, structure: &str, path: &str) {
        let attribute = node.child("AttributeName").map(|name| name.value.text());
        let meaning = attribute.as_deref().and_then(|name| WORDS.tag(name));
        for child in node.children() {
            let path = format!("{path}/{}", child.name());
            let tag_is_known = STANDARD.has_tag(child.tag, self.version);
            if !tag_is_known || !STANDARD.has_field(structure, child.tag, self.version) {
                self.find(&path, child);
                continue;
            }
            let meaning = meaning.filter(|_| child.name() == "AttributeValue");
            match &child.value {
                Value::Structure(_) => {
                    let name = match child.name().as_str() {
                        "ResponsePayload" => format!("{} response", self.operation),
                        own => meaning.map_or_else(|| own.to_owned(), |tag| WORDS.name(tag)),
                    };
                    self.structure(child, &name, &path);
                }
                _ => self.leaf(child, meaning.unwrap_or(child.tag), &path),
            }
        }
        if let Some(name) = attribute.filter(|_| self.version < "2") {
            self.attribute(&name, node, path);
        }
    }

    fn leaf(&mut self, node: &Node, meaning: u32, path: &str) {
        let has = |value| STANDARD.has_word(meaning, value, self.version);
        let is_known = match node.value {
            Value::Enumeration(own) => has(own),
            Value::Integer(own) if WORDS.kind(meaning).is_some() => {
                (0..32).all(|bit| own & (1 << bit) == 0 || has(1 << bit))
            }
            _ => STANDARD.has_type(node.value.kind().1, self.version),
        };
        if !is_known {
            self.find(path, node);
        }
    }

    /// An attribute by its name in 1.x: of the version, or made by users and vendors.
    fn attribute(&mut self, name: &str, node: &Node, path: &str) {
        let is_custom = name.starts_with("x-") || name.starts_with("y-");
        if !is_custom && !STANDARD.has_attribute(name, self.version) {
            self.find(path, node);
        }
    }

    fn find(&mut self, path: &str, node: &Node) {
        self.found.push(Difference {
            path: path.to_owned(),
            expected: format!("what {} knows", self.version),
            actual: node.to_string(),
        });
    }
}

fn number(node: &Node) -> u32 {
    match node.value {
        Value::Enumeration(own) => own,
        _ => 0,
    }
}
