//! What is known of the objects of a case, and so of what each of its items may answer.

use std::collections::{HashMap, HashSet};

use super::{
    convert::{self, is_placeholder, now_offset},
    node::{Node, Value},
    play::{items, operation},
    tolerance::{Facts, is_random_word},
    xml::Element,
};

/// What is known of the objects of a case.
#[derive(Default)]
pub(crate) struct Objects {
    /// Those whose values the server made.
    generated: HashSet<String>,
    /// The words that made each.
    words: HashMap<String, HashSet<String>>,
    fixed_dates: Vec<i64>,
    /// The object of the last response, which an absent identifier means.
    placeholder: Option<String>,
}

impl Objects {
    /// What is known of each item of a message, in its order, and learned for those after it.
    pub(crate) fn facts(
        &mut self,
        request: &Element,
        asked: &Node,
        answer: &Node,
        version: &str,
    ) -> Vec<Facts> {
        let dates = request.all().into_iter().filter_map(|element| {
            let is_fixed = element.attribute("type") == Some("DateTime")
                && !is_placeholder(element.value())
                && now_offset(element.value()).is_none();
            is_fixed.then(|| convert::date(element.value())).flatten()
        });
        self.fixed_dates.extend(dates);
        self.placeholder = None;
        let batch = |node: &Node| -> Vec<Node> {
            let items = node.children().iter();
            items
                .filter(|node| node.name() == "BatchItem")
                .cloned()
                .collect()
        };
        let mut answers = batch(answer).into_iter();
        items(request)
            .into_iter()
            .zip(batch(asked))
            .map(|(item, asked)| {
                let mut facts = self.item(item, &asked, version);
                if let Some(answer) = answers.next() {
                    facts.is_generated |= self.answered(item, &asked, &answer);
                }
                facts
            })
            .collect()
    }

    /// What is known of what the server tells unasked.
    pub(crate) fn told(&self, said: &Node, operation: String) -> Facts {
        Facts {
            is_generated: self.used(said).iter().any(|id| self.generated.contains(id)),
            fixed_dates: self.fixed_dates.clone(),
            operation,
            ..Facts::default()
        }
    }

    fn item(&self, item: &Element, asked: &Node, version: &str) -> Facts {
        let operation = operation(item);
        let all = item.all();
        let has = |name: &str| all.iter().any(|element| element.name == name);
        let used = self.used(asked);
        let known = used.iter().filter_map(|id| self.words.get(id)).flatten();
        let mut words: HashSet<_> = words(item);
        words.extend(known.cloned());
        let is_random = match operation.as_str() {
            "Sign" => words.iter().any(|word| is_random_word(word)),
            "Encrypt" => words
                .iter()
                .any(|word| ["OAEP", "PKCS1v1_5", "RandomIV"].contains(&word.as_str())),
            "RNGRetrieve" => true,
            _ => false,
        };
        // What was encrypted before comes out again; what the case has of another server's key does not.
        let is_determined = operation == "Decrypt"
            && all
                .iter()
                .any(|element| element.name == "Data" && is_placeholder(element.value()));
        Facts {
            is_generated: !is_determined && used.iter().any(|id| self.generated.contains(id)),
            is_random,
            fixed_dates: self.fixed_dates.clone(),
            names_attributes: has("AttributeName") || has("AttributeReference"),
            names_versions: item
                .child("RequestPayload")
                .is_some_and(|payload| payload.child("ProtocolVersion").is_some()),
            asks_who: words.contains("C_GetInfo"),
            operation,
            is_1_0: version == "1.0",
            is_1: version.starts_with("1."),
        }
    }

    /// The objects that an item names, or the placeholder's, which in 3.0 has a name as well.
    fn used(&self, asked: &Node) -> Vec<String> {
        let named: Vec<_> = asked
            .all()
            .into_iter()
            .filter(|node| node.name().ends_with("UniqueIdentifier"))
            .filter(|node| !matches!(node.value, Value::Enumeration(_)))
            .map(|node| node.value.text())
            .collect();
        if named.is_empty() {
            self.placeholder.iter().cloned().collect()
        } else {
            named
        }
    }

    /// Learns from an answer; whether the server generated what it names.
    fn answered(&mut self, item: &Element, asked: &Node, answer: &Node) -> bool {
        let Some(payload) = answer.child("ResponsePayload") else {
            return false;
        };
        let made: Vec<_> = payload
            .children()
            .iter()
            .filter(|node| node.name().ends_with("UniqueIdentifier"))
            .map(|node| node.value.text())
            .collect();
        let from_generated = self
            .used(asked)
            .iter()
            .any(|id| self.generated.contains(id));
        let is_generated = match operation(item).as_str() {
            "Create" | "CreateKeyPair" | "ReKey" | "ReKeyKeyPair" | "Certify" | "ReCertify"
            | "CreateSplitKey" => true,
            "DeriveKey" | "JoinSplitKey" => from_generated,
            _ => false,
        };
        for id in &made {
            self.words
                .entry(id.clone())
                .or_default()
                .extend(words(item));
            if is_generated {
                self.generated.insert(id.clone());
            }
        }
        if let Some(last) = made.last() {
            self.placeholder = Some(last.clone());
        }
        is_generated
    }
}

/// The enumerated words of an item, and `RandomIV` where it is asked for.
fn words(item: &Element) -> HashSet<String> {
    let all = item.all().into_iter();
    all.filter_map(|element| match element.attribute("type") {
        Some("Enumeration") => Some(element.value().to_owned()),
        Some("Boolean") if element.name == "RandomIV" && element.value() == "true" => {
            Some("RandomIV".to_owned())
        }
        _ => None,
    })
    .collect()
}
