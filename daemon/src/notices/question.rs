//! What a client is asked before it is told anything: which versions it speaks, what it serves, what it is.

use kmip::{
    OperationCode, QueryFunction, V1_1, V1_2, V1_3, Version,
    client::{incoming, outgoing},
    message::{OutgoingItem, ResponseItem},
    payload::{
        discover::{DiscoverVersions, DiscoverVersionsRequest},
        query::{Query, QueryRequest},
    },
};

/// One question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Which versions it speaks.
    Versions,
    /// What it serves.
    Serves,
    /// Which profiles it claims. Asked alone and last: whoever does not know the function fails nothing else by it.
    Profiles,
}

impl Question {
    /// What is asked of a client that the daemon has connected to.
    pub(super) const ALL: [Self; 3] = [Self::Versions, Self::Serves, Self::Profiles];

    /// Whether a version has the question.
    pub(super) fn is_in(self, version: Version) -> bool {
        match self {
            Self::Versions => version >= V1_1,
            Self::Serves => true,
            Self::Profiles => version >= V1_3,
        }
    }

    /// The request.
    pub(super) fn item(self, version: Version) -> OutgoingItem {
        let query_function = match self {
            Self::Versions => {
                let all = DiscoverVersionsRequest {
                    protocol_version: Vec::new(),
                };
                return outgoing::<DiscoverVersions>(&all, version);
            }
            Self::Serves => served(version),
            Self::Profiles => vec![QueryFunction::QueryProfiles],
        };
        outgoing::<Query>(&QueryRequest { query_function }, version)
    }
}

/// What tells what a client serves, in the words of a version (KMIP 1.4 §4.25).
fn served(version: Version) -> Vec<QueryFunction> {
    let mut all = vec![
        QueryFunction::QueryOperations,
        QueryFunction::QueryObjects,
        QueryFunction::QueryServerInformation,
    ];
    if version >= V1_2 {
        all.push(QueryFunction::QueryAttestationTypes);
    }
    if version >= V1_3 {
        all.push(QueryFunction::QueryCapabilities);
    }
    all
}

/// The newest version up to a bound that the daemon and the client both speak; none when the client does not say.
pub(super) fn version(
    answer: &ResponseItem,
    asked_in: Version,
    newest: Version,
) -> Option<Version> {
    let known = incoming::<DiscoverVersions>(answer, asked_in).ok()?;
    let spoken = Version::SPOKEN.iter().copied();
    spoken
        .filter(|own| *own <= newest)
        .filter(|own| {
            known
                .protocol_version
                .iter()
                .any(|said| *said == (*own).into())
        })
        .max()
}

/// The operations that a client says it serves; who says nothing is taken to serve what it listens for.
pub(super) fn operations(answer: &ResponseItem, version: Version) -> Vec<OperationCode> {
    let said = incoming::<Query>(answer, version);
    let said = said.map(|own| own.operation).unwrap_or_default();
    if said.is_empty() {
        vec![OperationCode::Notify, OperationCode::Put]
    } else {
        said
    }
}

/// The profiles that a client claims, for the log.
pub(super) fn profiles(answer: &ResponseItem, version: Version) -> Vec<&'static str> {
    let said = incoming::<Query>(answer, version);
    let said = said.map(|own| own.profile_information).unwrap_or_default();
    said.iter()
        .filter_map(|own| own.profile_name.name())
        .collect()
}
