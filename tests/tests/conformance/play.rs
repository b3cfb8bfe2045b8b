//! Plays cases against a server of their own, over the network as any client would.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::{SystemTime, UNIX_EPOCH},
};

use keyhold_tests::Appliance;

use super::{
    called::{self, Called},
    case::Case,
    compare::{self, Comparison, Difference},
    convert::{self, Bindings},
    encodings::Encoding,
    known,
    link::Link,
    node::{Node, Value},
    objects::Objects,
    tolerance::{Facts, Tolerance},
    xml::Element,
};

/// How a case went.
pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) version: String,
    pub(crate) family: String,
    /// What was wrong; nothing in a case that passes.
    pub(crate) failures: Vec<String>,
    pub(crate) used: BTreeSet<Tolerance>,
    /// How often each operation was answered as expected.
    pub(crate) operations: BTreeMap<String, usize>,
}

impl Outcome {
    pub(crate) fn of(case: &Case, failures: Vec<String>) -> Self {
        Self {
            name: case.name.clone(),
            kind: case.kind.clone(),
            version: case.version.clone(),
            family: case.family.clone(),
            failures,
            used: BTreeSet::new(),
            operations: BTreeMap::new(),
        }
    }

    pub(crate) const fn has_passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Plays the cases of a group, each with what it says itself.
pub(crate) fn group(cases: &[Case]) -> Vec<Outcome> {
    let mut arguments = vec!["--conformance"];
    arguments.extend(cases[0].arguments.iter().map(String::as_str));
    let appliance = Appliance::start_with(None, &arguments);
    let mut objects = Objects::default();
    let mut before = None;
    cases
        .iter()
        .map(|case| {
            let wants_nothing = before.is_some_and(|before| case.wants_nothing_of(before));
            before = Some(case);
            if wants_nothing {
                objects = Objects::default();
            }
            let mut player = Player {
                appliance: &appliance,
                links: HashMap::new(),
                called: None,
                bindings: Bindings::default(),
                objects: &mut objects,
                outcome: Outcome::of(case, Vec::new()),
            };
            if wants_nothing {
                player.reset();
            }
            player.play(case);
            player.outcome
        })
        .collect()
}

struct Player<'a> {
    appliance: &'a Appliance,
    links: HashMap<String, Link>,
    /// The connection that the server made, in a case in which it begins.
    called: Option<Called>,
    bindings: Bindings,
    objects: &'a mut Objects,
    outcome: Outcome,
}

impl Player<'_> {
    fn play(&mut self, case: &Case) {
        if case.is_called() {
            match Called::by(self.appliance, &case.version) {
                Ok(called) => self.called = Some(called),
                Err(error) => return self.outcome.failures.push(error),
            }
        }
        for (number, (request, response)) in case.exchanges.iter().enumerate() {
            let operations: Vec<_> = items(request).iter().map(|item| operation(item)).collect();
            let place = format!("message {number} ({})", operations.join(", "));
            match self.exchange(case, request, response) {
                Ok(differences) if differences.is_empty() => {
                    for operation in operations {
                        *self.outcome.operations.entry(operation).or_default() += 1;
                    }
                }
                Ok(differences) => {
                    let told = differences.iter().take(DIFFERENCES_TOLD_MAX).map(|own| {
                        format!(
                            "{place}: {}: expected {}, got {}",
                            own.path, own.expected, own.actual
                        )
                    });
                    self.outcome.failures.extend(told);
                    return;
                }
                Err(error) => {
                    self.outcome.failures.push(format!("{place}: {error}"));
                    return;
                }
            }
        }
    }

    /// Has the server forget every object.
    fn reset(&mut self) {
        let request = Element::parse(RESET).unwrap();
        let request = convert::node(&request, &self.bindings, now(), None).unwrap();
        let link = self.link("dev").unwrap();
        let answer = Node::from_ttlv(&link.exchange(&request.to_ttlv()).unwrap()).unwrap();
        let status = answer.child("BatchItem").unwrap().child("ResultStatus");
        assert_eq!(status.unwrap().value, Value::Enumeration(0), "{answer}");
        // Cases of encodings speak HTTP on theirs.
        self.links.clear();
    }

    fn exchange(
        &mut self,
        case: &Case,
        request: &Element,
        response: &Element,
    ) -> Result<Vec<Difference>, String> {
        let posted = case.encoding.or_else(Encoding::of_all);
        let encoding = posted.unwrap_or(Encoding::Ttlv);
        if case.is_asked_by_server() || is_sent_by_servers(request) {
            return match self.called.take() {
                Some(mut called) => {
                    let differences = self.answer_called(&mut called, request, response);
                    self.called = Some(called);
                    differences
                }
                None => self.answer_server(request, response),
            };
        }
        let asked = convert::node(request, &self.bindings, now(), None)?;
        let client = request.attribute("client").unwrap_or("dev").to_owned();
        let bytes = encoding.write(&asked);
        let link = self.link(&client)?;
        let answer = if posted.is_some() {
            link.post(encoding.content_type(), &bytes)?
        } else {
            link.exchange(&bytes)?
        };
        let answer = encoding
            .read(&answer)
            .map_err(|error| format!("the answer cannot be read: {error}"))?;
        let facts = self.objects.facts(request, &asked, &answer, &case.version);
        let differences = self.compared(response, &answer, &facts);
        let mut differences = compare::told(differences, &answer);
        differences.extend(known::unknown(&answer, &version_of(&answer)));
        self.bindings.remember(&answer);
        Ok(differences)
    }

    fn compared(&mut self, expected: &Element, actual: &Node, facts: &[Facts]) -> Vec<Difference> {
        Comparison {
            bindings: &mut self.bindings,
            used: &mut self.outcome.used,
            now: now(),
            items: facts,
        }
        .message(expected, actual)
    }

    /// A request that the server sends over a connection that it made. What it asks before that is answered plainly.
    fn answer_called(
        &mut self,
        called: &mut Called,
        request: &Element,
        response: &Element,
    ) -> Result<Vec<Difference>, String> {
        for _ in 0..QUESTIONS_MAX {
            let said = called.read()?;
            let facts = vec![self.objects.told(&said, operation(items(request)[0]))];
            let before = self.bindings.clone();
            let differences = self.compared(request, &said, &facts);
            if !differences.is_empty() && called::is_question(&said) {
                self.bindings = before;
                called.answer(&called::plainly(&said))?;
                continue;
            }
            self.bindings.remember(&said);
            let answer = convert::node(response, &self.bindings, now(), None)?;
            called.answer(&answer)?;
            return Ok(differences);
        }
        Err("the server asks what the case does not have, and nothing else".to_owned())
    }

    /// A request that the server sends over the client's connection, which the client answers.
    fn answer_server(
        &mut self,
        request: &Element,
        response: &Element,
    ) -> Result<Vec<Difference>, String> {
        let said = self.link("dev")?.read()?;
        let said = Node::from_ttlv(&said)?;
        let facts = vec![Facts::default(); items(request).len()];
        let differences = self.compared(request, &said, &facts);
        self.bindings.remember(&said);
        let answer = convert::node(response, &self.bindings, now(), None)?;
        self.link("dev")?.write(&answer.to_ttlv())?;
        Ok(differences)
    }

    fn link(&mut self, client: &str) -> Result<&mut Link, String> {
        if !self.links.contains_key(client) {
            let link = Link::open(self.appliance, client)?;
            self.links.insert(client.to_owned(), link);
        }
        Ok(self.links.get_mut(client).unwrap())
    }
}

/// The batch items of a message.
pub(crate) fn items(message: &Element) -> Vec<&Element> {
    message
        .children
        .iter()
        .filter(|child| child.name == "BatchItem")
        .collect()
}

/// Whether a request is one that only servers send.
pub(crate) fn is_sent_by_servers(request: &Element) -> bool {
    let items = items(request);
    items
        .iter()
        .all(|item| SENT_BY_SERVERS.contains(&operation(item).as_str()))
}

/// The operation of a batch item.
pub(crate) fn operation(item: &Element) -> String {
    item.child("Operation")
        .map(|own| own.value().to_owned())
        .unwrap_or_default()
}

/// The version that an answer says it is in.
fn version_of(answer: &Node) -> String {
    let version = answer
        .children()
        .first()
        .and_then(|header| header.child("ProtocolVersion"));
    let parts = version.map(Node::children).unwrap_or_default();
    let parts: Vec<_> = parts.iter().map(|part| part.value.text()).collect();
    parts.join(".")
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// What a server under test forgets everything for.
const RESET: &str = r#"<RequestMessage>
<RequestHeader>
<ProtocolVersion>
<ProtocolVersionMajor type="Integer" value="2"/><ProtocolVersionMinor type="Integer" value="1"/>
</ProtocolVersion>
<BatchCount type="Integer" value="1"/>
</RequestHeader>
<BatchItem>
<Operation type="Enumeration" value="Interop"/>
<RequestPayload>
<InteropFunction type="Enumeration" value="Reset"/>
<InteropIdentifier type="TextString" value="between cases"/>
</RequestPayload>
</BatchItem>
</RequestMessage>"#;

const DIFFERENCES_TOLD_MAX: usize = 6;
/// The most questions that a server has before what a case expects of it.
const QUESTIONS_MAX: usize = 4;
const SENT_BY_SERVERS: &[&str] = &["Put", "Notify"];
