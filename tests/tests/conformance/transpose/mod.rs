//! Cases of one version told in another, so that the versions whose cases are not at hand are played too: by rules that
//! follow from the standard as data.

mod draft;
mod major;
mod older;

use std::collections::BTreeMap;

use super::{
    case::{Case, TRANSPOSED},
    xml::Element,
};

/// From which version cases are told in which other.
const PAIRS: &[(&str, &str)] = &[
    ("1.4", "1.3"),
    ("1.4", "1.2"),
    ("1.4", "1.1"),
    ("1.4", "1.0"),
    ("1.3", "1.2"),
    ("2.1", "2.0"),
    ("1.4", "2.0"),
    ("2.1", "3.0"),
];

/// A case that fails as it is, and passes in another version: what is wrong with it is the version of one response.
const MENDED: &[&str] = &["OMOS-O-1"];

/// Why a case cannot be told in another version.
pub(crate) type Untold = String;

/// The cases that can be told, and by version and reason how many cannot.
#[derive(Default)]
pub(crate) struct Transposition {
    pub(crate) cases: Vec<Case>,
    pub(crate) untold: BTreeMap<(String, Untold), Vec<String>>,
}

/// Tells every case in each version that it can be told in, but for those that are excused in their own.
pub(crate) fn all(cases: &[Case], is_excused: impl Fn(&str) -> bool) -> Transposition {
    let mut own = Transposition::default();
    for case in cases {
        if is_excused(&case.name) && !MENDED.contains(&case.stem()) {
            continue;
        }
        for (_, to) in PAIRS.iter().filter(|(from, _)| *from == case.version) {
            // 2.1 is nearer to 2.0 than 1.4 is.
            let is_nearer = |other: &Case| other.version == "2.1" && other.stem() == case.stem();
            if *to == "2.0" && case.version == "1.4" && cases.iter().any(is_nearer) {
                continue;
            }
            let is_headless = own.lacks_beginning(case, to);
            let told = match told(case, to) {
                Ok(_) if is_headless => Err("goes on from one that is not told".to_owned()),
                told => told,
            };
            match told {
                Ok(case) => own.cases.push(case),
                Err(reason) => {
                    let key = ((*to).to_owned(), reason);
                    own.untold.entry(key).or_default().push(case.name.clone());
                }
            }
        }
    }
    own
}

impl Transposition {
    /// Whether a case goes on from another that cannot be told in the version.
    fn lacks_beginning(&self, case: &Case, version: &str) -> bool {
        let untold = self.untold.iter();
        let mut untold = untold.filter(|((in_version, _), _)| in_version == version);
        untold.any(|(_, names)| names.iter().any(|name| case.continues(name)))
    }
}

/// One case in another version.
pub(crate) fn told(case: &Case, version: &str) -> Result<Case, Untold> {
    let is_of_another = case.version.split('.').next() != version.split('.').next();
    let exchanges = case.exchanges.iter().map(|exchange| {
        let (request, response) = exchange;
        if version == "3.0" {
            draft::exchange(exchange)
        } else if is_of_another {
            let told = (major::message(request), major::message(response));
            older::exchange(&told, version)
        } else {
            older::exchange(exchange, version)
        }
    });
    Ok(Case {
        name: format!("{}-{}", case.stem(), version.replace('.', "")),
        path: case.path.clone(),
        kind: TRANSPOSED.to_owned(),
        version: version.to_owned(),
        family: case.family.clone(),
        exchanges: exchanges.collect::<Result<Vec<(Element, Element)>, Untold>>()?,
        encoding: case.encoding,
        arguments: case.arguments.clone(),
    })
}
