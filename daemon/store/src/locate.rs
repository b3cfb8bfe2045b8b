//! Locate: classes in memory leave out what cannot match, an index finds what one value tells apart, and only what
//! neither can say is decoded.

use kmip::{
    attribute::{Attribute, UniqueIdentifier},
    ttlv::Timestamp,
};
use roaring::RoaringBitmap;
use rusqlite::Connection;

use crate::{
    Filter, ObjectId, Page, Result, Scope,
    census::{self, Asked, Census, Selection},
    connection::Snapshot,
    facets::{self, Facets},
    fields, is_account,
    key_range::{Index, KeyRange},
    keys::{self, KeyValue},
    rows,
    writer::Memory,
};

/// More conditions on keys than these gain nothing, and a filter is as long as a message may be.
const RANGES_MAX: usize = 8;

/// Of two keys with more objects than this, none is worth more than the other at first.
const OBJECTS_COUNTED_MIN: u64 = 256;

/// Of two keys with more objects than this, none ever is.
const OBJECTS_COUNTED_MAX: u64 = 1 << 20;

/// How many more objects are counted each time, and how many candidates may fail before, as a share of those counted.
const COUNTED_GROWTH: u64 = 16;
const FAILED_SHARE: u64 = 8;

/// How many candidates behind the page are looked at to count them all, where that is asked.
const COUNTED_BEHIND_MAX: u64 = 256;

/// Candidates are taken in parts: first as many as may fill the page, because most searches need no more.
const FIRST_PART_MIN: u64 = 16;
const PART: usize = 256;

/// How the objects that match are found.
pub(crate) struct Plan<'a> {
    filter: &'a Filter,
    scope: &'a Scope,
    now: Timestamp,
    facets: Vec<&'a Attribute>,
    ranges: Vec<KeyRange>,
    /// Whether what classes and keys say is not all that is asked, so that candidates are decoded.
    has_rest: bool,
}

/// The rows found, newest first.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) rows: Vec<u32>,
    pub(crate) total: Option<u64>,
}

/// The condition whose objects are looked at: a key's, or that of the classes.
struct Lead {
    range: Option<usize>,
    /// How many of them may fail before the choice is made anew.
    failed_max: u64,
}

/// Where candidates come from, newest first.
enum Candidates<'a> {
    /// All objects of the classes that match.
    Classes { before: u32 },
    /// Those that a key finds.
    Point { range: &'a KeyRange, before: u32 },
    /// Those that a range of keys finds.
    Rows(RoaringBitmap),
}

impl<'a> Plan<'a> {
    /// Makes the plan; `None` when nothing can match.
    pub(crate) fn new(filter: &'a Filter, scope: &'a Scope, now: Timestamp) -> Option<Self> {
        let mut plan = Self {
            filter,
            scope,
            now,
            facets: Vec::new(),
            ranges: Vec::new(),
            has_rest: false,
        };
        for (kind, range) in filter.date_ranges() {
            let (from, to) = range?;
            plan.ranges.push(KeyRange {
                kind: keys::kind_number(Some(kind)),
                from: KeyValue::Number(from.0),
                to: KeyValue::Number(to.0),
            });
        }
        for asked in &filter.attributes {
            match asked {
                // Other identifiers point into a batch, and are resolved before they get here.
                Attribute::UniqueIdentifier(id) if !matches!(id, UniqueIdentifier::Text(_)) => {
                    return None;
                }
                _ if fields::date(asked).is_some() => {}
                _ if facets::is_facet(asked) => plan.facets.push(asked),
                _ => plan.ask_key(asked),
            }
        }
        Some(plan)
    }

    fn ask_key(&mut self, asked: &Attribute) {
        match keys::asked_range(asked) {
            Some((key, to)) if self.ranges.len() < RANGES_MAX => {
                self.has_rest |= !key.is_whole;
                self.ranges.push(KeyRange {
                    kind: key.kind,
                    from: key.value,
                    to,
                });
            }
            _ => self.has_rest = true,
        }
    }

    /// Whether objects with these facets can match.
    fn wants(&self, facets: &Facets) -> bool {
        (self.filter.accounts || !is_account(facets.record.object_type))
            && self.filter.matches_group_member(&facets.record)
            && census::has_all(facets, &self.facets, self.now)
    }

    /// The page, and how many there are in all where that is soon told, in a snapshot: every part of the walk sees the
    /// same keys.
    pub(crate) fn find(
        &self,
        snapshot: &Snapshot<'_>,
        memory: &Memory,
        page: Page,
    ) -> Result<Found> {
        let census = &memory.census;
        let index = &Index {
            table: snapshot,
            digests: &memory.digests,
            vault: &self.scope.vault,
        };
        let storage = self.filter.storage_mask();
        let asked = Asked {
            scope: self.scope,
            storage,
            wanted: &|facets| self.wants(facets),
        };
        let mut selection = census.select(asked, self.now)?;
        if self.ranges.is_empty() && !self.has_rest {
            let (rows, total) = census.page(&mut selection, page);
            let total = Some(total);
            return Ok(Found { rows, total });
        }
        // A choice among keys that were not counted to the end is a guess. When it proves wrong they are counted further,
        // so that a search takes no longer than the best choice would by more than a factor.
        let mut counted = OBJECTS_COUNTED_MIN;
        loop {
            let mut lead = self.lead(index, &selection, counted)?;
            if counted >= OBJECTS_COUNTED_MAX {
                lead.failed_max = u64::MAX;
            }
            // All that a range finds is read before the first is looked at: no work for a guess.
            let is_walked = lead.failed_max == u64::MAX
                || lead.range.is_none_or(|lead| {
                    let lead = self.ranges.get(lead);
                    lead.is_some_and(KeyRange::is_point)
                });
            if is_walked
                && let Some(found) = self.walk(index, census, &mut selection, page, &lead)?
            {
                return Ok(found);
            }
            counted = counted.saturating_mul(COUNTED_GROWTH);
        }
    }

    /// Looks at the candidates that a condition leads to, unless too many of them fail.
    fn walk(
        &self,
        index: &Index<'_>,
        census: &Census,
        selection: &mut Selection<'_>,
        page: Page,
        lead: &Lead,
    ) -> Result<Option<Found>> {
        let mut candidates = match lead.range.and_then(|lead| self.ranges.get(lead)) {
            None => Candidates::Classes { before: u32::MAX },
            Some(range) if range.is_point() => Candidates::Point {
                range,
                before: u32::MAX,
            },
            Some(range) => Candidates::Rows(range.all(index)?),
        };
        let mut found = Found::default();
        let (mut matching, mut behind, mut part) = (0, 0, first_part(page));
        let mut seen_in_all = 0;
        loop {
            let mut rows = candidates.next(index, census, selection, part)?;
            let (is_last, seen) = (rows.len() < part, number(rows.len()));
            seen_in_all += seen;
            if lead.range.is_some() {
                census.retain(selection, &mut rows);
            }
            // Those that are of other classes have failed already.
            let mut left = number(rows.len());
            for row in rows {
                left -= 1;
                if self.passes(index, row, lead.range)? {
                    if page.shows(matching) {
                        found.rows.push(row);
                    }
                    matching += 1;
                } else if seen_in_all - left - matching > lead.failed_max {
                    return Ok(None);
                }
            }
            if is_last {
                found.total = Some(matching);
                return Ok(Some(found));
            }
            if seen_in_all - matching > lead.failed_max {
                return Ok(None);
            }
            let is_full = page
                .items_max
                .is_some_and(|most| matching >= page.offset.saturating_add(most));
            if is_full {
                behind += seen;
                if !page.is_counted || behind > COUNTED_BEHIND_MAX {
                    return Ok(Some(found));
                }
            }
            part = PART;
        }
    }

    /// Whether a candidate passes the conditions that did not lead to it.
    fn passes(&self, index: &Index<'_>, row: u32, lead: Option<usize>) -> Result<bool> {
        let mut has_rest = self.has_rest;
        for (n, range) in self.ranges.iter().enumerate() {
            if Some(n) == lead {
                continue;
            }
            if range.is_point() {
                if !range.is_met(index, row)? {
                    return Ok(false);
                }
            } else {
                has_rest = true;
            }
        }
        if !has_rest {
            return Ok(true);
        }
        let record = rows::find_row(index.table, row)?;
        Ok(record.is_some_and(|record| self.filter.matches(&record, self.now)))
    }

    /// The key condition that the fewest objects meet, of so many counted.
    fn lead(&self, index: &Index<'_>, selection: &Selection<'_>, counted: u64) -> Result<Lead> {
        let most = counted.min(selection.total);
        let (mut fewest, mut least, mut point) = (None, most, None);
        for (n, range) in self.ranges.iter().enumerate() {
            // Of two ends of the earth, a point is nearer, for it is walked in order.
            if point.is_none() && range.is_point() {
                point = Some(n);
            }
            // Nothing is told by one that is the only choice.
            if self.ranges.len() == 1 && selection.total > counted && counted == OBJECTS_COUNTED_MIN
            {
                break;
            }
            let objects = range.count(index, most)?;
            if objects < least {
                (fewest, least) = (Some(n), objects);
            }
        }
        let is_guess = fewest.is_none() && selection.total > counted && !self.ranges.is_empty();
        Ok(if is_guess {
            Lead {
                range: point.or(Some(0)),
                failed_max: counted / FAILED_SHARE,
            }
        } else {
            Lead {
                range: fewest,
                failed_max: u64::MAX,
            }
        })
    }
}

impl Candidates<'_> {
    /// The next part: shorter than asked at the end.
    fn next(
        &mut self,
        index: &Index<'_>,
        census: &Census,
        selection: &mut Selection<'_>,
        part: usize,
    ) -> Result<Vec<u32>> {
        Ok(match self {
            Self::Classes { before } => {
                let rows = census.before(selection, *before, part);
                *before = rows.last().copied().unwrap_or(0);
                rows
            }
            Self::Point { range, before } => {
                let rows = range.before(index, *before, part)?;
                *before = rows.last().copied().unwrap_or(0);
                rows
            }
            Self::Rows(rows) => {
                let last: Vec<u32> = rows.iter().rev().take(part).collect();
                if let Some(oldest) = last.last() {
                    rows.remove_range(*oldest..);
                }
                last
            }
        })
    }
}

fn number(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

/// How many candidates are taken first.
fn first_part(page: Page) -> usize {
    let wanted = page.items_max.unwrap_or(u64::MAX);
    let wanted = wanted.saturating_add(page.offset).max(FIRST_PART_MIN);
    usize::try_from(wanted).map_or(PART, |wanted| wanted.min(PART))
}

/// The row of an object: its place in the order of creation.
pub(crate) fn row_of(connection: &Connection, id: &ObjectId) -> Result<u32> {
    Ok(connection
        .prepare_cached("SELECT row FROM object WHERE id = ?")?
        .query_row([&id.0], |row| row.get(0))?)
}

/// The identifiers of rows, in their order.
pub(crate) fn ids(connection: &Connection, rows: &[u32]) -> Result<Vec<ObjectId>> {
    let mut statement = connection.prepare_cached("SELECT id FROM object WHERE row = ?")?;
    rows.iter()
        .map(|row| Ok(ObjectId(statement.query_row([row], |row| row.get(0))?)))
        .collect()
}
