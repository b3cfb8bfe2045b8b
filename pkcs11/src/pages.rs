//! The pages of a search's answer, between which objects come and go: what is there throughout is found.

use std::collections::HashSet;

use kmip::{attribute::UniqueIdentifier, payload::locate::LocateResponse};

/// The most objects one search takes; whoever has more narrows the search.
const OBJECTS_MAX: usize = 100_000;

/// So many objects of a page are asked for again with the next, at most: as many may go meanwhile.
const OVERLAP_MAX: usize = 64;

/// How many pages may bring nothing. A daemon where so much happens is not searched in pages.
const GAPS_MAX: usize = 64;

/// Why a search did not come to its end. Whoever asked would take what it leaves out for something that is not there.
#[derive(Debug, PartialEq, Eq)]
pub enum Unfinished {
    /// It lost its place again and again.
    Lost,
    /// There are more than 100,000 objects.
    TooMany,
}

/// The identifiers that a search found, in the daemon's order, each once: by the first page and those that `page` brings from
/// a place on.
///
/// The order is that of creation. So a page that begins with an object of those before goes on without a gap; where it
/// begins with another, those before have moved ahead, and it is asked for again from further ahead.
///
/// # Errors
/// What `page` says, and [`Unfinished`].
pub fn all<E: From<Unfinished>>(
    first: LocateResponse,
    mut page: impl FnMut(usize) -> Result<LocateResponse, E>,
) -> Result<Vec<String>, E> {
    let whole = first.unique_identifier.len();
    let overlap = (whole / 2).min(OVERLAP_MAX);
    let (mut ids, mut known) = (Vec::new(), HashSet::new());
    let (mut located, mut at, mut gaps) = (first, 0, 0);
    loop {
        let found = located.unique_identifier.iter().filter_map(text);
        let found: Vec<_> = found.cloned().collect();
        let goes_on = found.first().is_some_and(|first| known.contains(first));
        let before = ids.len();
        let next = if at == 0 || overlap == 0 || goes_on {
            let (end, is_short) = (at + found.len(), found.len() < whole.max(1));
            for id in found {
                if known.insert(id.clone()) {
                    ids.push(id);
                }
            }
            let is_last = match located.located_items {
                Some(in_all) => end >= usize::try_from(in_all).unwrap_or(0),
                None => is_short,
            };
            if is_last {
                return Ok(ids);
            }
            if ids.len() >= OBJECTS_MAX {
                return Err(Unfinished::TooMany.into());
            }
            end.saturating_sub(overlap)
        } else {
            at / 2
        };
        gaps += usize::from(next <= at || ids.len() == before);
        if gaps > GAPS_MAX {
            return Err(Unfinished::Lost.into());
        }
        at = next;
        located = page(at)?;
    }
}

const fn text(id: &UniqueIdentifier) -> Option<&String> {
    match id {
        UniqueIdentifier::Text(id) => Some(id),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// Objects by their numbers, newest first, of which a page shows the next few.
    struct Daemon {
        objects: RefCell<Vec<u32>>,
        page: usize,
        counts: bool,
    }

    impl Daemon {
        fn of(objects: u32, page: usize, counts: bool) -> Self {
            let objects = RefCell::new((0..objects).rev().collect());
            Self {
                objects,
                page,
                counts,
            }
        }

        fn page(&self, at: usize) -> LocateResponse {
            let objects = self.objects.borrow();
            let shown = objects.iter().skip(at).take(self.page);
            LocateResponse {
                located_items: self.counts.then(|| i32::try_from(objects.len()).unwrap()),
                unique_identifier: shown.map(|own| own.to_string().as_str().into()).collect(),
            }
        }

        /// Searches while something happens before each further page.
        fn search(&self, happens: impl Fn(&mut Vec<u32>)) -> Result<Vec<String>, Unfinished> {
            all(self.page(0), |at| {
                happens(&mut self.objects.borrow_mut());
                Ok(self.page(at))
            })
        }
    }

    fn texts(objects: impl DoubleEndedIterator<Item = u32>) -> Vec<String> {
        objects.rev().map(|own| own.to_string()).collect()
    }

    #[test]
    fn every_page_is_fetched_whether_or_not_they_are_counted() {
        for counts in [true, false] {
            for (objects, page) in [(0, 9), (1, 9), (9, 9), (10, 9), (1_000, 9), (9, 1), (9, 2)] {
                let daemon = Daemon::of(objects, page, counts);
                let found = daemon.search(|_| {}).unwrap();
                assert_eq!(found, texts(0..objects), "{objects} by {page}");
            }
        }
    }

    #[test]
    fn what_is_there_throughout_is_found_whatever_comes_and_goes() {
        for counts in [true, false] {
            // Of those found already more go than overlap, until half is left.
            let daemon = Daemon::of(2_000, 100, counts);
            let found = daemon.search(|objects| {
                let left = objects.len() - 150.min(objects.len() - 1_000);
                objects.drain(..objects.len() - left);
            });
            let found = found.unwrap();
            let steady = texts(0..1_000);
            assert!(steady.iter().all(|own| found.contains(own)));
            // Others come.
            let daemon = Daemon::of(2_000, 100, counts);
            let found = daemon.search(|objects| {
                let newest = objects[0];
                (1..40).for_each(|more| objects.insert(0, newest + more));
            });
            assert_eq!(found.unwrap(), texts(0..2_000));
        }
    }

    #[test]
    fn a_search_that_loses_its_place_again_and_again_fails_and_leaves_nothing_out() {
        let daemon = Daemon::of(90_000, 100, true);
        let found = daemon.search(|objects| drop(objects.drain(..60)));
        assert_eq!(found, Err(Unfinished::Lost));
    }

    #[test]
    fn a_search_that_ends_before_all_is_told_says_so() {
        let found = |objects| Daemon::of(objects, 10_000, true).search(|_| {});
        assert_eq!(found(100_000), Ok(texts(0..100_000)));
        assert_eq!(found(120_000), Err(Unfinished::TooMany));
    }
}
