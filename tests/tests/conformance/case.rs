//! Test cases: read from files, named, and put into groups that share a server.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    encodings::Encoding,
    play::{is_sent_by_servers, items, operation},
    transpose,
    xml::Element,
};

/// One case.
pub(crate) struct Case {
    /// The file's name without its ending, and the version where one file is played in several.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    /// `mandatory`, `optional`, `testcases`, or `own`.
    pub(crate) kind: String,
    /// As in `2.1`.
    pub(crate) version: String,
    /// What the name says without its numbers.
    pub(crate) family: String,
    /// Requests with their responses.
    pub(crate) exchanges: Vec<(Element, Element)>,
    /// How it travels.
    pub(crate) encoding: Option<Encoding>,
    /// Further arguments of the daemon.
    pub(crate) arguments: Vec<String>,
}

/// Files that find what the file before them left, so that one server plays them in order.
const CHAINS: &[&[&str]] = &[
    &["SASED-M-1", "SASED-M-2", "SASED-M-3"],
    &["TL-M-1", "TL-M-2", "TL-M-3"],
    &["TC-CREG-1", "TC-CREG-2", "TC-CREG-3"],
];

/// The kind of the project's own cases.
pub(crate) const OURS: &str = "own";

/// The kind of cases of one version that are told in another.
pub(crate) const TRANSPOSED: &str = "transposed";

/// How many transposed cases share a server at most, so that every processor has some to play.
const TOGETHER_MAX: usize = 24;

/// Cases that want a server of their own kind: RNG Seed has four policies, and a case for each.
const SEEDINGS: &[(&str, &str)] = &[
    ("CS-RNG-O-1", "whole"),
    ("CS-RNG-O-2", "partial"),
    ("CS-RNG-O-3", "none"),
    ("CS-RNG-O-4", "denied"),
];

/// Every case of the standard below a folder.
pub(crate) fn of_standard(folder: &Path) -> Vec<Case> {
    files(folder)
        .into_iter()
        .flat_map(|path| Case::read(&path, false))
        .collect()
}

/// Every case of our own.
pub(crate) fn of_ours(folder: &Path) -> Vec<Case> {
    files(folder)
        .into_iter()
        .flat_map(|path| Case::read(&path, true))
        .collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|ending| ending == "xml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

impl Case {
    /// The case in a file, or one for each version that a file of ours names.
    fn read(path: &Path, is_ours: bool) -> Vec<Self> {
        let text = fs::read_to_string(path).unwrap();
        let root =
            Element::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let kind = match path.parent().and_then(Path::file_name) {
            _ if is_ours => OURS.to_owned(),
            Some(folder) => folder.to_str().unwrap().to_owned(),
            None => String::new(),
        };
        let versions: Vec<_> = root
            .attribute("versions")
            .map(|all| all.split_whitespace().map(ToOwned::to_owned).collect())
            .unwrap_or_default();
        if versions.is_empty() {
            return vec![Self::of(stem, path, kind, &root)];
        }
        let mut cases: Vec<_> = versions
            .iter()
            .map(|version| {
                let (major, minor) = version.split_once('.').unwrap();
                let text = text.replace("$MAJOR", major).replace("$MINOR", minor);
                let name = format!("{stem}-{major}{minor}");
                let root = Element::parse(&text).unwrap();
                Self::of(name, path, kind.clone(), &root)
            })
            .collect();
        if let (Some(version), Some(last)) = (root.attribute("told"), cases.last()) {
            let told = transpose::told(last, version)
                .unwrap_or_else(|lack| panic!("{} in {version}: {lack}", path.display()));
            cases.push(Self { kind, ..told });
        }
        cases
    }

    fn of(name: String, path: &Path, kind: String, root: &Element) -> Self {
        let messages: Vec<_> = root
            .children
            .iter()
            .filter(|child| ["RequestMessage", "ResponseMessage"].contains(&child.name.as_str()))
            .collect();
        let exchanges = messages.chunks(2).map(|pair| match pair {
            [request, response]
                if request.name == "RequestMessage" && response.name == "ResponseMessage" =>
            {
                ((*request).clone(), (*response).clone())
            }
            _ => panic!(
                "{}: a request is not followed by its response",
                path.display()
            ),
        });
        let exchanges: Vec<_> = exchanges.collect();
        let version = exchanges
            .first()
            .and_then(|(request, _)| version(request))
            .unwrap_or_default();
        let mut case = Self {
            path: path.to_owned(),
            kind,
            version,
            family: family(&name),
            exchanges,
            encoding: encoding(&name, root),
            arguments: Vec::new(),
            name,
        };
        let seeding = root.attribute("seeding").or_else(|| {
            let own = SEEDINGS.iter().find(|(name, _)| *name == case.stem());
            own.map(|(_, seeding)| *seeding)
        });
        if let Some(seeding) = seeding {
            case.arguments = vec!["--rng-seed".to_owned(), seeding.to_owned()];
        }
        if root.attribute("slow").is_some() {
            case.arguments.push("--slow".to_owned());
        }
        case
    }

    /// Whether two cases share a server: those of a chain; of ours, whose objects have names of their own, all of a version;
    /// and of those that are transposed all of a version, between which it is reset.
    fn goes_with(&self, other: &Self) -> bool {
        self.version == other.version
            && self.kind == other.kind
            && self.arguments == other.arguments
            && (self.continues(&other.name) || [OURS, TRANSPOSED].contains(&self.kind.as_str()))
    }

    /// Whether one of two cases finds what the other left.
    pub(crate) fn continues(&self, other: &str) -> bool {
        CHAINS
            .iter()
            .any(|chain| chain.contains(&self.stem()) && chain.contains(&stem(other)))
    }

    /// Whether the server has to forget what was before it: transposed cases use the same names over and over.
    pub(crate) fn wants_nothing_of(&self, before: &Self) -> bool {
        self.kind == TRANSPOSED && !self.continues(&before.name)
    }

    /// The name without the digits of any version.
    pub(crate) fn stem(&self) -> &str {
        stem(&self.name)
    }

    /// Whether every request of the case is the server's, as the name says of those that ask a client what it is.
    pub(crate) fn is_asked_by_server(&self) -> bool {
        self.name.contains("-S2C-")
    }

    /// Whether the server connects to its client: it has something to say, and the client has not turned the roles.
    pub(crate) fn is_called(&self) -> bool {
        let requests = || self.exchanges.iter().map(|(request, _)| request);
        let has_turned = requests()
            .flat_map(items)
            .any(|item| operation(item) == "SetEndpointRole");
        !has_turned && (self.is_asked_by_server() || requests().any(is_sent_by_servers))
    }
}

/// Cases in groups that share a server, in the order in which they are played.
pub(crate) fn grouped(cases: Vec<Case>) -> Vec<Vec<Case>> {
    let mut groups: Vec<Vec<Case>> = Vec::new();
    for case in cases {
        let takes = |group: &Vec<Case>| {
            group.first().is_some_and(|first| first.goes_with(&case))
                && (group.len() < TOGETHER_MAX
                    || case.kind == OURS
                    || group.last().is_some_and(|last| last.continues(&case.name)))
        };
        let group = groups.iter_mut().find(|group| takes(group));
        match group {
            Some(group) => group.push(case),
            None => groups.push(vec![case]),
        }
    }
    groups
}

/// A name without the digits of its version.
pub(crate) fn stem(name: &str) -> &str {
    name.rsplit_once('-').map_or(name, |(stem, _)| stem)
}

fn version(message: &Element) -> Option<String> {
    let header = message.children.first()?.child("ProtocolVersion")?;
    let part = |name| header.child(name).map(Element::value);
    Some(format!(
        "{}.{}",
        part("ProtocolVersionMajor")?,
        part("ProtocolVersionMinor")?
    ))
}

/// `CS-BC-M-GCM-1-21` is of the family `CS-BC-M-GCM`.
fn family(name: &str) -> String {
    let parts: Vec<_> = name.split('-').collect();
    let is_number = |part: &&str| part.chars().all(|character| character.is_ascii_digit());
    let kept = parts.len()
        - parts
            .iter()
            .rev()
            .take_while(|part| is_number(part))
            .count();
    parts[..kept].join("-")
}

fn encoding(name: &str, root: &Element) -> Option<Encoding> {
    let said = root.attribute("encoding").unwrap_or(name);
    [
        ("XML", Encoding::Xml),
        ("JSON", Encoding::Json),
        ("HTTPS", Encoding::Ttlv),
    ]
    .into_iter()
    .find(|(word, _)| said.contains(&format!("MSGENC-{word}")) || said == *word)
    .map(|(_, encoding)| encoding)
}
