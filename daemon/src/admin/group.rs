//! Groups of HSMs: their members told, their copies compared and mended, one stretch after another.

use std::time::Duration;

use hsm::group::Standing;
use store::ObjectId;

use super::{
    Admin, Deed, Execute, invalid,
    protocol::{
        DriftFacts, DriftObject, GroupDrift, GroupFacts, GroupList, GroupMember, GroupRepair,
    },
};
use crate::{
    drift::{self, Finding, Looked, Survey},
    error::{Error, Result},
};

/// A group that is being looked through.
pub(super) struct Tour {
    /// What its caller calls it: who comes with another name begins anew.
    run: String,
    group: String,
    mends: bool,
    challenge: [u8; 16],
    queue: Vec<ObjectId>,
    found: Vec<DriftObject>,
    facts: DriftFacts,
}

/// What is to be done.
struct Order {
    run: String,
    group: String,
    mends: bool,
    right: Option<usize>,
}

impl Execute for GroupList {
    fn prepare(self, admin: &Admin, _: u32) -> Result<Deed<'_, Vec<GroupFacts>>> {
        Ok(Deed::new(|| {
            let groups = admin.parts.service.groups.iter();
            let facts = groups.map(|(name, group)| GroupFacts {
                name: name.clone(),
                members: group.members().into_iter().map(member).collect(),
            });
            Ok(facts.collect())
        }))
    }
}

impl Execute for GroupDrift {
    fn prepare(self, admin: &Admin, uid: u32) -> Result<Deed<'_, DriftFacts>> {
        drift::group(&admin.parts.service, &self.name)?;
        let order = Order {
            run: self.run,
            group: self.name,
            mends: false,
            right: None,
        };
        Ok(admin.tour(order, uid))
    }
}

impl Execute for GroupRepair {
    fn prepare(self, admin: &Admin, uid: u32) -> Result<Deed<'_, DriftFacts>> {
        let group = drift::group(&admin.parts.service, &self.name)?;
        let members: Vec<_> = group.members().into_iter().map(|own| own.name).collect();
        let right = self.from.map(|from| {
            let place = members.iter().position(|own| *own == from);
            place.ok_or_else(|| {
                invalid(format!(
                    "the group {:?} has no member {from:?}; it has: {}",
                    self.name,
                    members.join(", ")
                ))
            })
        });
        let order = Order {
            run: self.run,
            right: right.transpose()?,
            group: self.name,
            mends: true,
        };
        Ok(admin.tour(order, uid))
    }
}

impl Admin {
    fn tour(&self, order: Order, uid: u32) -> Deed<'_, DriftFacts> {
        let group = order.group.clone();
        let mut deed = Deed::new(move || self.go_round(&order, uid));
        deed.object = Some(group);
        deed.lets_others_pass = true;
        deed
    }

    /// Goes on for a while, after beginning if need be.
    fn go_round(&self, order: &Order, uid: u32) -> Result<DriftFacts> {
        let mut place = self
            .tour
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let is_under_way = place.as_ref().is_some_and(|own| {
            (&own.run, &own.group, own.mends) == (&order.run, &order.group, order.mends)
        });
        if !is_under_way {
            *place = Some(self.set_out(order)?);
        }
        let Some(tour) = place.as_mut() else {
            return Err(Error::internal("a tour that was begun is not there"));
        };
        let walked = self.walk(tour, order, uid);
        let mut facts = tour.facts.clone();
        if walked.is_err() || facts.left == 0 {
            let ended = place.take();
            facts.drifted = ended.map(|own| own.found).unwrap_or_default();
            drop(place);
        }
        walked?;
        if facts.left == 0 && !order.mends {
            facts.orphans = self.orphans(&order.group)?;
        }
        Ok(facts)
    }

    fn set_out(&self, order: &Order) -> Result<Tour> {
        let service = &self.parts.service;
        let group = drift::group(service, &order.group)?;
        let mut challenge = [0; 16];
        hsm::Hsm::random(group, &mut challenge)?;
        let queue = drift::objects(service, self.parts.clock.now())?;
        let members = group.members().into_iter().map(|own| own.name);
        Ok(Tour {
            run: order.run.clone(),
            group: order.group.clone(),
            mends: order.mends,
            challenge,
            found: Vec::new(),
            facts: DriftFacts {
                group: order.group.clone(),
                members: members.collect(),
                left: u64::try_from(queue.len()).unwrap_or(u64::MAX),
                ..DriftFacts::default()
            },
            queue,
        })
    }

    fn walk(&self, tour: &mut Tour, order: &Order, uid: u32) -> Result<()> {
        let began = self.parts.clock.instant();
        let peer = format!("administrator uid:{uid}");
        let tell = |record: &store::Record, note: &str, outcome: &'static str| {
            self.record_change((STEP, &peer), record, note, outcome)
        };
        let survey = Survey::of(&self.parts.service, &tour.group, tour.challenge)?;
        while let Some(object) = tour.queue.last() {
            let looked = if tour.mends {
                survey.mend(object, order.right, &tell)?
            } else {
                survey.look(object)?
            };
            let facts = &mut tour.facts;
            facts.compared += u64::from(!matches!(looked, Looked::Elsewhere));
            match looked {
                Looked::Elsewhere | Looked::Whole => {}
                Looked::Mended => facts.repaired += 1,
                Looked::Drifted(finding) => {
                    facts.drifted_count += 1;
                    if tour.found.len() < FINDINGS_TOLD_MAX {
                        tour.found.push(told(finding));
                    }
                }
            }
            tour.queue.pop();
            facts.left = facts.left.saturating_sub(1);
            if self.parts.clock.instant().duration_since(began) > STRETCH {
                break;
            }
        }
        Ok(())
    }
}

fn member(own: hsm::group::MemberFacts) -> GroupMember {
    GroupMember {
        name: own.name,
        problem: own.trouble,
        calls: own.calls,
        failures: own.failures,
        in_flight: own.in_flight,
    }
}

fn told(finding: Finding) -> DriftObject {
    let word = |own: &Standing| match own {
        Standing::Same => "same",
        Standing::Lacking => "missing",
        Standing::Other => "different",
        Standing::Away(_) => "away",
    };
    DriftObject {
        object: finding.object.0,
        vault: finding.vault,
        name: finding.name,
        members: finding
            .standings
            .iter()
            .map(|own| word(own).to_owned())
            .collect(),
        why: finding.why,
    }
}

/// What is recorded of each object that is mended.
const STEP: &str = "group.repair.object";
/// How long one stretch takes, so that its progress is seen.
const STRETCH: Duration = Duration::from_secs(1);
/// The most findings that are told; there may be as many as there are keys.
const FINDINGS_TOLD_MAX: usize = 1_000;
