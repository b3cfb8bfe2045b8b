//! Searches: one Locate for what the daemon has indexed, its attributes in the same trip, the rest compared here.

use std::collections::{HashMap, HashSet};

use cryptoki_sys as ck;
use kmip::{
    attribute::{Attribute, UniqueIdentifier},
    client::{CallError, incoming, outgoing},
    message::{OutgoingItem, ResponseItem},
    payload::{
        get::{Get, GetResponse},
        get_attributes::{GetAttributes, GetAttributesRequest},
        locate::{Locate, LocateRequest},
    },
};
use pkcs11::{Entry, Facts, Material, Result, Rv, Search, Ulong, pages};

use crate::{
    error::{Failure, Names},
    object::get_request,
    remote::{Again, Remote, VERSION},
    session::Session,
};

/// The most objects whose attributes are asked for in one trip.
const OBJECTS_PER_TRIP: usize = 64;

/// An object as the daemon described it.
pub(crate) struct Located {
    pub(crate) facts: Facts,
    pub(crate) material: Option<Material>,
}

/// What one search has brought so far.
#[derive(Default)]
struct Harvest {
    /// The identifiers in the daemon's order, each once.
    ids: Vec<String>,
    noted: HashSet<String>,
    found: HashMap<String, Located>,
}

impl Harvest {
    fn note(&mut self, id: String) {
        if self.noted.insert(id.clone()) {
            self.ids.push(id);
        }
    }

    /// Takes the answers to the questions about one object: attributes, and a value where it was asked for. One that is gone
    /// meanwhile, or is hidden from who asks, is left out; one that the daemon fails to describe fails the search, which
    /// would hide it otherwise.
    fn take(
        &mut self,
        attributes: &ResponseItem,
        value: Option<&ResponseItem>,
    ) -> std::result::Result<(), Failure> {
        let response = match incoming::<GetAttributes>(attributes, VERSION) {
            Ok(response) => response,
            Err(CallError::Refused { reason, .. }) => {
                let failure = Failure::Refused(reason);
                let is_none = failure.is_of_absence() || failure.is_of_permission();
                return if is_none { Ok(()) } else { Err(failure) };
            }
            Err(_) => return Ok(()),
        };
        let UniqueIdentifier::Text(id) = &response.unique_identifier else {
            return Ok(());
        };
        let Some(facts) = Facts::of(id, &response.attributes) else {
            return Ok(());
        };
        let value: Option<GetResponse> =
            value.and_then(|value| incoming::<Get>(value, VERSION).ok());
        let material = value
            .filter(|value| value.unique_identifier == response.unique_identifier)
            .map(|value| Material::of(&value.object, &facts));
        self.found.insert(id.clone(), Located { facts, material });
        Ok(())
    }

    fn missing(&self) -> Vec<String> {
        self.ids
            .iter()
            .filter(|id| !self.found.contains_key(*id))
            .cloned()
            .collect()
    }
}

/// The questions about one object, the placeholder's when no identifier is given.
fn questions(id: Option<&str>, with_value: Option<Ulong>) -> Vec<OutgoingItem> {
    let attributes = GetAttributesRequest {
        unique_identifier: id.map(UniqueIdentifier::from),
        attribute_reference: Vec::new(),
    };
    let mut items = vec![outgoing::<GetAttributes>(&attributes, VERSION)];
    items.extend(with_value.map(|class| outgoing::<Get>(&get_request(id, class), VERSION)));
    items
}

/// Reads the attributes of objects whose identifiers are known, and their values when they are of a class with public
/// ones.
pub(crate) fn describe(
    remote: &Remote,
    ids: &[String],
    with_value: Option<Ulong>,
) -> std::result::Result<HashMap<String, Located>, Failure> {
    let mut harvest = Harvest::default();
    let each = 1 + usize::from(with_value.is_some());
    for ids in ids.chunks(OBJECTS_PER_TRIP) {
        let items: Vec<_> = ids
            .iter()
            .flat_map(|id| questions(Some(id), with_value))
            .collect();
        let answers = remote.batch(&items, Again::May)?;
        for of_one in answers.chunks(each) {
            if let Some((attributes, value)) = of_one.split_first() {
                harvest.take(attributes, value.first())?;
            }
        }
    }
    Ok(harvest.found)
}

/// Who says where the answer is to begin is told how many there are in all.
fn locate_request(attributes: &[Attribute], offset: usize) -> LocateRequest {
    LocateRequest {
        offset_items: i32::try_from(offset).ok(),
        attributes: attributes.iter().cloned().collect(),
        ..LocateRequest::default()
    }
}

/// Asks the daemon; in the frequent case of one hit, one round trip brings everything.
fn harvest(remote: &Remote, search: &Search<'_>) -> std::result::Result<Harvest, Failure> {
    let (queries, by_id) = search.queries();
    let with_value = search.class_with_value();
    let mut items = Vec::new();
    for query in &queries {
        items.push(outgoing::<Locate>(&locate_request(query, 0), VERSION));
        items.extend(questions(None, with_value));
    }
    if let Some(id) = &by_id {
        items.extend(questions(Some(id), None));
    }
    let answers = remote.batch(&items, Again::May)?;
    let mut harvest = Harvest::default();
    let each = 2 + usize::from(with_value.is_some());
    let (of_queries, of_id) = answers
        .split_at_checked(each * queries.len())
        .ok_or(Failure::Unreadable)?;
    for (query, answers) in queries.iter().zip(of_queries.chunks(each)) {
        let [located, attributes, value @ ..] = answers else {
            return Err(Failure::Unreadable);
        };
        let located = incoming::<Locate>(located, VERSION).map_err(Failure::from)?;
        if located.unique_identifier.len() == 1 {
            harvest.take(attributes, value.first())?;
        }
        let page = |offset| remote.call::<Locate>(&locate_request(query, offset), Again::May);
        let all = pages::all(located, page)?;
        all.into_iter().for_each(|id| harvest.note(id));
    }
    if let Some(attributes) = of_id.first() {
        harvest.take(attributes, None)?;
        harvest.note(by_id.unwrap_or_default());
    }
    let described = describe(remote, &harvest.missing(), with_value)?;
    harvest.found.extend(described);
    if search.is_by_id() {
        add_other_halves(remote, search, &mut harvest)?;
    }
    share_ids(remote, &mut harvest)?;
    Ok(harvest)
}

/// A half of a pair without an identifier of its own shows its other half's.
fn add_other_halves(
    remote: &Remote,
    search: &Search<'_>,
    harvest: &mut Harvest,
) -> std::result::Result<(), Failure> {
    let halves: Vec<String> = harvest
        .found
        .values()
        .filter(|located| {
            search
                .class
                .is_none_or(|class| class != located.facts.class)
        })
        .filter_map(|located| located.facts.other_half.clone())
        .filter(|half| !harvest.found.contains_key(half))
        .collect();
    harvest.ids.extend(halves.iter().cloned());
    let described = describe(remote, &halves, None)?;
    harvest.found.extend(described);
    Ok(())
}

/// Gives public keys that have no `CKA_ID` of their own that of their private keys, where those may be seen.
fn share_ids(remote: &Remote, harvest: &mut Harvest) -> std::result::Result<(), Failure> {
    let in_want: Vec<(String, String)> = harvest
        .found
        .values()
        .filter(|located| located.facts.class == ck::CKO_PUBLIC_KEY)
        .filter(|located| !located.facts.vendor.contains(&"pkcs11-id"))
        .filter_map(|located| Some((located.facts.id.clone(), located.facts.other_half.clone()?)))
        .collect();
    let unknown: Vec<String> = in_want
        .iter()
        .map(|(_, half)| half.clone())
        .filter(|half| !harvest.found.contains_key(half))
        .collect();
    let halves = describe(remote, &unknown, None)?;
    for (public, private) in in_want {
        let private = halves.get(&private).or_else(|| harvest.found.get(&private));
        let id = private.and_then(|private| private.facts.value(ck::CKA_ID));
        if let (Some(id), Some(public)) = (id.map(<[u8]>::to_vec), harvest.found.get_mut(&public)) {
            public.facts.set(ck::CKA_ID, id);
        }
    }
    Ok(())
}

impl Session {
    /// `C_FindObjectsInit`.
    pub(crate) fn find_init(&self, entries: &[Entry<'_>]) -> Result<()> {
        let mut active = self.active();
        if active.find.is_some() {
            return Err(Rv::OPERATION_ACTIVE);
        }
        let handles = match Search::read(entries) {
            Some(search) => self.search(&search)?,
            None => Vec::new(),
        };
        active.find = Some(handles.into_iter());
        Ok(())
    }

    /// `C_FindObjects`.
    pub(crate) fn find(&self, count: usize) -> Result<Vec<Ulong>> {
        let mut active = self.active();
        let find = active.find.as_mut().ok_or(Rv::OPERATION_NOT_INITIALIZED)?;
        Ok(find.by_ref().take(count).collect())
    }

    /// `C_FindObjectsFinal`.
    pub(crate) fn find_final(&self) -> Result<()> {
        self.active()
            .find
            .take()
            .map(drop)
            .ok_or(Rv::OPERATION_NOT_INITIALIZED)
    }

    fn search(&self, search: &Search<'_>) -> Result<Vec<Ulong>> {
        let slot = &self.slot;
        let mut handles = Vec::new();
        if let Some(class) = search.features() {
            for handle in slot.features.of(class, &slot.objects) {
                let feature = self.object(*handle, Rv::GENERAL_ERROR)?;
                if feature.matches(&search.entries, &slot.remote)? {
                    handles.push(*handle);
                }
            }
            return Ok(handles);
        }
        for (handle, object) in slot.objects.of_sessions() {
            if object.matches(&search.entries, &slot.remote)? {
                handles.push(handle);
            }
        }
        let session_only = search.value(ck::CKA_TOKEN) == Some(&[0]);
        if session_only || search.is_of_unknown_class() {
            return Ok(handles);
        }
        let mut harvest =
            harvest(&slot.remote, search).map_err(|failure| failure.seen_by(Names::Session))?;
        // The daemon begins with the newest (KMIP 2.1 §6.1.31); applications expect objects in the order they were made.
        for id in harvest.ids.iter().rev() {
            let Some(located) = harvest.found.remove(id) else {
                continue;
            };
            // Objects of sessions are this session's application's, which stand above, or nobody else's business.
            if located.facts.session.is_some()
                || (located.facts.is_private && !slot.shows_private())
            {
                continue;
            }
            let (handle, object) = slot.objects.adopt(located.facts, None);
            if let Some(material) = located.material {
                object.keep(material.into());
            }
            if object.matches(&search.entries, &slot.remote)? {
                handles.push(handle);
            }
        }
        Ok(handles)
    }
}

/// The outcome of one item, with the failure that a call would have had.
pub(crate) fn outcome<O: kmip::payload::Operation>(
    item: Option<&ResponseItem>,
) -> std::result::Result<O::Response, Failure> {
    let item = item.ok_or(Failure::Unreadable)?;
    incoming::<O>(item, VERSION).map_err(|error: CallError| Failure::from(error))
}
