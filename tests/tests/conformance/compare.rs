//! An expected response against the actual one.

use std::collections::BTreeSet;

use super::{
    convert::{self, Bindings, attribute_meaning, is_attribute_value, is_placeholder, now_offset},
    node::{Node, Value},
    tolerance::{self, Facts, Tolerance},
    xml::Element,
};

/// Something that is not as the case has it.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    pub(crate) path: String,
    pub(crate) expected: String,
    pub(crate) actual: String,
}

/// The comparison of one response.
pub(crate) struct Comparison<'a> {
    pub(crate) bindings: &'a mut Bindings,
    /// The tolerances that were needed.
    pub(crate) used: &'a mut BTreeSet<Tolerance>,
    pub(crate) now: i64,
    /// What is known of each batch item.
    pub(crate) items: &'a [Facts],
}

/// How far a clock may be off: dates of the case are of its start, and the answer is of now.
const SECONDS_OFF_MAX: i64 = 60;

/// Where the comparison stands.
#[derive(Clone)]
struct Place<'a> {
    path: Vec<String>,
    facts: &'a Facts,
    /// The tag whose words a 1.x attribute value has.
    meaning: Option<u32>,
}

impl Place<'_> {
    fn within(&self, name: String) -> Self {
        let mut path = self.path.clone();
        path.push(name);
        Self {
            path,
            ..self.clone()
        }
    }

    fn differs(&self, expected: String, actual: String) -> Vec<Difference> {
        vec![Difference {
            path: self.path.join("/"),
            expected,
            actual,
        }]
    }
}

impl Comparison<'_> {
    /// Compares a whole response.
    pub(crate) fn message(&mut self, expected: &Element, actual: &Node) -> Vec<Difference> {
        let items = self.items;
        let plain = items.first().cloned().unwrap_or_default();
        let place = Place {
            path: vec![expected.name.clone()],
            facts: &plain,
            meaning: None,
        };
        if convert::tag_of(expected) != Ok(actual.tag) {
            return place.differs(expected.name.clone(), actual.name());
        }
        let mut differences = Vec::new();
        let (wanted, got): (Vec<_>, Vec<_>) = (
            expected.children.iter().collect(),
            actual.children().iter().collect(),
        );
        if wanted.len() != got.len() {
            differences.extend(place.differs(
                format!("{} parts", wanted.len()),
                format!("{} parts: {actual}", got.len()),
            ));
        }
        for (number, (wanted, got)) in wanted.into_iter().zip(got).enumerate() {
            // The header comes first.
            let facts = number.checked_sub(1).and_then(|item| items.get(item));
            let mut place = place.within(format!("{}[{number}]", wanted.name));
            place.facts = facts.unwrap_or(&plain);
            differences.extend(self.compare(wanted, got, &place));
        }
        differences
    }

    fn compare(&mut self, expected: &Element, actual: &Node, place: &Place<'_>) -> Vec<Difference> {
        match convert::tag_of(expected) {
            Ok(tag) if tag == actual.tag => {}
            Ok(_) => return place.differs(expected.name.clone(), actual.name()),
            Err(error) => return place.differs(error, actual.name()),
        }
        match (expected.is_structure(), &actual.value) {
            (true, Value::Structure(_)) => self.structure(expected, actual, place),
            (false, Value::Structure(_)) => {
                place.differs(expected.value().to_owned(), "a structure".to_owned())
            }
            (true, _) => place.differs("a structure".to_owned(), actual.to_string()),
            (false, _) => self.leaf(expected, actual, place),
        }
    }

    fn structure(
        &mut self,
        expected: &Element,
        actual: &Node,
        place: &Place<'_>,
    ) -> Vec<Difference> {
        let parent = expected.name.as_str();
        let meaning = attribute_meaning(expected);
        let attribute = expected
            .child("AttributeName")
            .map(|name| tolerance::attribute_name(name.value()));
        let in_set = |name: &str| tolerance::is_set(parent, name, place.facts);
        let mut differences = Vec::new();
        let (wanted_set, wanted): (Vec<_>, Vec<_>) = expected
            .children
            .iter()
            .partition(|child| in_set(&child.name));
        let (got_set, got): (Vec<_>, Vec<_>) = actual
            .children()
            .iter()
            .partition(|child| in_set(&child.name()));
        let mut got = got.into_iter().peekable();
        for child in wanted {
            // In 1.x a value has the name of its attribute.
            let name = match &attribute {
                Some(attribute) if is_attribute_value(child) => attribute.clone(),
                _ => child.name.clone(),
            };
            let mut inner = place.within(name);
            inner.meaning = meaning.filter(|_| is_attribute_value(child));
            let tag = convert::tag_of(child).unwrap_or_default();
            while let Some(next) = got.peek() {
                let may = next.tag != tag;
                match tolerance::extra(&place.path, parent, next, place.facts).filter(|_| may) {
                    Some(tolerance) => self.used.insert(tolerance),
                    None => break,
                };
                got.next();
            }
            match got.peek() {
                Some(next) if next.tag == tag => {
                    differences.extend(self.compare(child, next, &inner));
                    got.next();
                }
                other => match tolerance::absent(&inner.path, child.value(), place.facts) {
                    Some(tolerance) => {
                        self.used.insert(tolerance);
                    }
                    None => differences.extend(inner.differs(
                        shown(child),
                        other.map_or_else(|| "nothing".to_owned(), |next| next.name()),
                    )),
                },
            }
        }
        for rest in got {
            differences.extend(self.unexpected(parent, rest, place));
        }
        differences.extend(self.set(&wanted_set, got_set, parent, place));
        differences
    }

    fn unexpected(&mut self, parent: &str, node: &Node, place: &Place<'_>) -> Vec<Difference> {
        match tolerance::extra(&place.path, parent, node, place.facts) {
            Some(tolerance) => {
                self.used.insert(tolerance);
                Vec::new()
            }
            None => place
                .within(node.name())
                .differs("nothing".to_owned(), node.to_string()),
        }
    }

    /// Items in any order: each expected one takes the actual one that is most like it. Those without unknown
    /// placeholders choose first.
    fn set(
        &mut self,
        expected: &[&Element],
        mut actual: Vec<&Node>,
        parent: &str,
        place: &Place<'_>,
    ) -> Vec<Difference> {
        let mut expected = expected.to_vec();
        expected.sort_by_key(|element| self.has_unknown(element));
        let mut differences = Vec::new();
        for wanted in expected {
            let inner = place.within(wanted.name.clone());
            let mut best: Option<(usize, Vec<Difference>)> = None;
            for (at, got) in actual.iter().enumerate() {
                if convert::tag_of(wanted) != Ok(got.tag) {
                    continue;
                }
                let before = self.bindings.clone();
                let found = self.compare(wanted, got, &inner);
                let is_match = found.is_empty();
                if is_match && at > 0 {
                    self.used.insert(Tolerance::Order);
                }
                if !is_match {
                    *self.bindings = before;
                }
                let likeness = |found: &Vec<Difference>| (is_other_attribute(found), found.len());
                if best
                    .as_ref()
                    .is_none_or(|(_, own)| likeness(&found) < likeness(own))
                {
                    best = Some((at, found));
                }
                if is_match {
                    break;
                }
            }
            match best {
                Some((at, found)) if !is_other_attribute(&found) => {
                    actual.remove(at);
                    differences.extend(found);
                }
                _ => match tolerance::absent(&inner.path, wanted.value(), place.facts) {
                    Some(tolerance) => {
                        self.used.insert(tolerance);
                    }
                    None => {
                        differences.extend(inner.differs(shown(wanted), "nothing".to_owned()));
                    }
                },
            }
        }
        for rest in actual {
            differences.extend(self.unexpected(parent, rest, place));
        }
        differences
    }

    fn has_unknown(&self, element: &Element) -> bool {
        element
            .all()
            .iter()
            .any(|own| is_placeholder(own.value()) && self.bindings.find(own.value()).is_none())
    }

    fn leaf(&mut self, expected: &Element, actual: &Node, place: &Place<'_>) -> Vec<Difference> {
        let kind = expected.attribute("type").unwrap_or_default();
        if kind != actual.value.kind().1 {
            return place.differs(
                format!("the type {kind}"),
                format!("the type {}", actual.value.kind().1),
            );
        }
        let said = actual.value.text();
        if let Some(offset) = now_offset(expected.value()) {
            let off = said.parse().unwrap_or(0_i64) - (self.now + offset);
            if off.abs() <= SECONDS_OFF_MAX {
                return Vec::new();
            }
            return place.differs(expected.value().to_owned(), format!("{off} seconds off"));
        }
        if is_placeholder(expected.value()) {
            return match self.bindings.find(expected.value()) {
                None => {
                    self.bindings.bind(expected.value(), said);
                    Vec::new()
                }
                Some(known) if *known == said => Vec::new(),
                // What was said once stays, but for what is made anew each time.
                Some(known) => match tolerance::leaf(&place.path, actual, place.facts) {
                    Some(tolerance @ (Tolerance::CryptographicOutput | Tolerance::Correlation)) => {
                        self.used.insert(tolerance);
                        self.bindings.bind(expected.value(), said);
                        Vec::new()
                    }
                    _ => {
                        let expected = format!("{} = {known}", expected.value());
                        place.differs(expected, actual.to_string())
                    }
                },
            };
        }
        match convert::node(expected, self.bindings, self.now, place.meaning) {
            Ok(wanted) if wanted.value == actual.value => Vec::new(),
            Ok(wanted) => {
                let wanted_date = match wanted.value {
                    Value::DateTime(date) => Some(date),
                    _ => None,
                };
                if wanted_date.is_some_and(|date| place.facts.fixed_dates.contains(&date)) {
                    return place.differs(wanted.to_string(), actual.to_string());
                }
                self.tolerated(wanted.to_string(), actual, place)
            }
            Err(error) => place.differs(error, actual.to_string()),
        }
    }

    fn tolerated(&mut self, expected: String, actual: &Node, place: &Place<'_>) -> Vec<Difference> {
        match tolerance::leaf(&place.path, actual, place.facts) {
            Some(tolerance) => {
                self.used.insert(tolerance);
                Vec::new()
            }
            None => place.differs(expected, actual.to_string()),
        }
    }
}

/// Whether the items compared are of different attributes, so that one is not the other with a wrong value.
fn is_other_attribute(differences: &[Difference]) -> bool {
    differences.iter().any(|own| {
        [
            "/AttributeName",
            "/AttributeReference",
            "/Operation",
            "/ObjectType",
        ]
        .iter()
        .any(|name| own.path.ends_with(name))
    })
}

fn shown(element: &Element) -> String {
    if element.is_structure() {
        let children: Vec<_> = element.children.iter().map(shown).collect();
        format!("{} {{ {} }}", element.name, children.join(" "))
    } else {
        format!("{}={}", element.name, element.value())
    }
}

/// The differences that say most: where an item did not end as expected, that it did not, and why it says so.
pub(crate) fn told(differences: Vec<Difference>, answer: &Node) -> Vec<Difference> {
    let Some(first) = differences
        .iter()
        .find(|own| own.path.ends_with("/ResultStatus"))
    else {
        return differences;
    };
    let number = first
        .path
        .split(['[', ']'])
        .nth(1)
        .and_then(|number| number.parse::<usize>().ok());
    let item = number.and_then(|number| answer.children().get(number));
    let part = |name: &str| {
        item.and_then(|item| item.child(name))
            .map(ToString::to_string)
            .unwrap_or_default()
    };
    vec![Difference {
        actual: format!(
            "{} {} ({})",
            first.actual,
            part("ResultReason"),
            part("ResultMessage")
        ),
        ..first.clone()
    }]
}
