//! The walk: every operation of the route table is asked everything about every locked key, over one face.

use std::collections::BTreeSet;

use keyhold::ops::{ROUTES, Route};
use keyhold_tests::{Appliance, Batch, Client, answer, canary::Canaries, objects::*};
use kmip::{
    BatchErrorContinuationOption, KeyFormatType, ObjectType, OperationCode, ResultReason,
    ResultStatus, Tag,
    message::{Response, ResponseItem},
    payload::{
        get::{Get, GetRequest, GetResponse},
        import::Export,
    },
};

use crate::{
    keys::{Known, Victim},
    operations::{Answers, Ask, Beside, VERSION, answers, asks, each},
};

/// Operations that change whether a key may be used at all, in the order in which they come after all others.
const AT_THE_END: &[OperationCode] = &[
    OperationCode::Archive,
    OperationCode::Recover,
    OperationCode::Revoke,
    OperationCode::Destroy,
];

/// What makes something that may leave: a key that only names the victim, and the secret that somebody chose who
/// encapsulated it, as Decrypt gives what somebody encrypted.
const NOT_OF_THE_KEY: &[OperationCode] = &[OperationCode::Create, OperationCode::Decapsulate];

/// What everybody may have.
const PUBLIC: &[ObjectType] = &[ObjectType::PublicKey, ObjectType::Certificate];

/// A walk over one face.
pub struct Walk<'a> {
    appliance: &'a Appliance,
    face: Client,
    canaries: &'a Canaries,
    beside: Beside,
    /// How many requests were made.
    pub asked: usize,
    /// Operations that did what they were asked at least once.
    pub done: BTreeSet<OperationCode>,
}

impl<'a> Walk<'a> {
    pub fn new(appliance: &'a Appliance, face: Client, canaries: &'a Canaries) -> Self {
        let client = &mut appliance.client(VERSION);
        let (private, known_public) = create_pair(client, Pair::Rsa(2048), []);
        drop(private);
        Self {
            appliance,
            face,
            canaries,
            beside: Beside {
                known_kek: create_active(client, aes(256, WRAP)),
                hidden_kek: create_active(client, aes(256, WRAP).into_iter().chain(locked())),
                known_public,
            },
            asked: 0,
            done: BTreeSet::new(),
        }
    }

    /// Registers keys as locked ones; of those that the backend does not take, says why.
    pub fn lock(&self, known: &[Known]) -> (Vec<Victim>, Vec<(String, ResultReason)>) {
        let client = &mut self.appliance.client(VERSION);
        let (mut taken, mut refused) = (Vec::new(), Vec::new());
        for key in known {
            match key.lock_in(client) {
                Ok(victim) => taken.push(victim),
                Err(reason) => refused.push((key.name.clone(), reason)),
            }
        }
        (taken, refused)
    }

    /// Asks everything about a victim.
    pub fn over(&mut self, victim: &Victim) {
        let at_the_end = |route: &&Route| AT_THE_END.contains(&route.code);
        for route in ROUTES.iter().filter(|route| !at_the_end(route)) {
            self.ask_all(route.code, victim);
        }
        for code in AT_THE_END {
            self.ask_all(*code, victim);
            for code in [OperationCode::Get, OperationCode::Export] {
                let asks = asks(code, victim, &self.beside);
                for item in self.send(code, victim, &asks) {
                    assert!(gives_nothing(&item), "{code:?} of {}", victim.name);
                }
            }
        }
    }

    fn ask_all(&mut self, code: OperationCode, victim: &Victim) {
        let how = answers(code);
        if matches!(how, Answers::NamesNoKey) {
            return;
        }
        let asks = asks(code, victim, &self.beside);
        for (ask, item) in asks.iter().zip(self.send(code, victim, &asks)) {
            let payload = hex::encode(&ask.payload);
            let what = format!("{code:?} of {} by {payload}", victim.name);
            match (&how, item.result_reason) {
                (Answers::Refuses(reasons), Some(reason)) => {
                    assert!(reasons.contains(&reason), "{what}: {reason:?}");
                }
                (Answers::Refuses(_), None) => panic!("{what} is not refused"),
                (_, None) if ask.frees => panic!("{what} is not refused"),
                _ => self.look_at_what_came_of(code, &item, victim),
            }
        }
    }

    /// Sends requests in one message and sees that no key is in what answers it.
    fn send(&mut self, code: OperationCode, victim: &Victim, asks: &[Ask]) -> Vec<ResponseItem> {
        if asks.is_empty() {
            return vec![];
        }
        self.asked += asks.len();
        let mut batch = Batch::new(VERSION).on_error(BatchErrorContinuationOption::Continue);
        for ask in asks {
            batch.add_raw(ask.code, &ask.payload);
        }
        let bytes = self.face.ask(batch);
        let place = format!("the answer to {code:?} of {}", victim.name);
        self.canaries.assert_none_in(&bytes, &place);
        let items = Response::read(&bytes)
            .expect("an answer that can be read")
            .items;
        assert_eq!(items.len(), asks.len(), "{place}");
        if items
            .iter()
            .any(|item| item.result_status == ResultStatus::Success)
        {
            self.done.insert(code);
        }
        items
    }

    /// Gets each object that was made, in each form that it is there in: of what comes of a key, only what is public leaves.
    fn look_at_what_came_of(&mut self, code: OperationCode, item: &ResponseItem, victim: &Victim) {
        let made = item.payload.as_ref().map(|payload| identifiers(payload));
        for made in made.unwrap_or_default() {
            if self.is_ours(&made, victim) {
                continue;
            }
            let formats = KeyFormatType::ALL.iter().copied().map(Some);
            let gets = std::iter::once(None).chain(formats);
            let gets = each::<Get>(gets.map(|format| GetRequest {
                key_format_type: format,
                ..get(&made)
            }));
            for item in self.send(OperationCode::Get, victim, &gets) {
                let is_free = NOT_OF_THE_KEY.contains(&code);
                let got = answer::<Get>(&item, VERSION);
                let is_public = |got: &GetResponse| PUBLIC.contains(&got.object_type);
                assert!(
                    is_free || got.as_ref().map_or(true, is_public),
                    "what came of {code:?} of {} leaves",
                    victim.name
                );
            }
        }
    }

    fn is_ours(&self, id: &str, victim: &Victim) -> bool {
        let beside = &self.beside;
        let ours = [
            &victim.id,
            &beside.known_kek,
            &beside.hidden_kek,
            &beside.known_public,
        ];
        ours.into_iter().chain(&victim.public).any(|own| own == id)
    }
}

/// Whether an answer to Get or Export has no key in it. Why depends on where the key is now; of what is destroyed Export
/// still gives the attributes, and what kind of key it was.
fn gives_nothing(item: &ResponseItem) -> bool {
    if item.result_status != ResultStatus::Success {
        return true;
    }
    let exported = (item.operation == Some(OperationCode::Export))
        .then(|| answer::<Export>(item, VERSION).unwrap());
    exported.is_some_and(|exported| {
        let object = exported.object.as_ref();
        object.is_none_or(|object| {
            object
                .key_block()
                .is_some_and(|own| own.key_value.is_none())
        })
    })
}

/// The texts under the tag of identifiers.
fn identifiers(payload: &[u8]) -> BTreeSet<String> {
    let mut tag = Tag::UniqueIdentifier.0.to_be_bytes()[1..].to_vec();
    tag.push(7);
    let places = (0..payload.len()).filter(|at| payload[*at..].starts_with(&tag));
    places
        .filter_map(|at| {
            let length: [u8; 4] = payload.get(at + 4..at + 8)?.try_into().ok()?;
            let text = payload
                .get(at + 8..)?
                .get(..u32::from_be_bytes(length) as usize)?;
            String::from_utf8(text.to_vec()).ok()
        })
        .collect()
}
