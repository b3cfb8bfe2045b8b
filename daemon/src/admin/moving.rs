//! Vaults that move from one HSM into another: what is in the way, and one stretch of the way after another.

use std::time::Duration;

use hsm::{CustodyMode, KeyRef, Terms, Transport};
use kmip::CryptographicUsageMask;
use store::{ObjectId, Record, Vault};

use super::{
    Admin, Deed, Execute, invalid,
    protocol::{MoveFacts, MoveObstacle, VaultMove, VaultMoveCheck},
};
use crate::{
    doubts::{self, Foreseen},
    error::{Error, Result},
    fault::Fault,
    moving::{self, Obstacle, Plan},
    template,
};

/// What a vault is to become.
struct Course {
    /// As it is to be.
    vault: Vault,
    /// Whether its authority stays where it is.
    leaves_authority: bool,
}

impl Course {
    const fn of(vault: Vault, leaves_authority: bool) -> Self {
        Self {
            vault,
            leaves_authority,
        }
    }

    /// Whether this leads to where another does.
    fn is_same(&self, other: &Self) -> bool {
        let (own, theirs) = (&self.vault, &other.vault);
        own.name == theirs.name
            && own.backend == theirs.backend
            && own.wrapped == theirs.wrapped
            && self.leaves_authority == other.leaves_authority
    }
}

/// A vault on its way.
pub(super) struct Journey {
    course: Course,
    /// The key pair that what is locked is wrapped for, in doubt as long as it is there.
    transport: Option<(Transport, Option<Foreseen>)>,
    queue: Vec<ObjectId>,
    moved: u64,
}

impl Execute for VaultMoveCheck {
    fn prepare(self, admin: &Admin, _: u32) -> Result<Deed<'_, MoveFacts>> {
        let vault = admin.destined(&self.name, self.to, self.custody)?;
        let course = Course::of(vault, self.leave_authority);
        let note = journey(&course);
        let name = self.name;
        let mut deed = Deed::on(&name, &name, move || {
            let plan = admin.plan(&course)?;
            let vault = &course.vault;
            if plan.wrapped > 0 {
                let (transport, _foreseen) = admin.transport(vault, "trial")?;
                admin.put_away(vault, &transport.key);
            }
            Ok(facts(vault, &plan, 0))
        });
        deed.note = Some(note);
        deed.lets_others_pass = true;
        Ok(deed)
    }
}

impl Execute for VaultMove {
    fn prepare(self, admin: &Admin, uid: u32) -> Result<Deed<'_, MoveFacts>> {
        let vault = admin.destined(&self.name, self.to, self.custody)?;
        let course = Course::of(vault, self.leave_authority);
        let note = journey(&course);
        let name = self.name;
        let mut deed = Deed::on(&name, &name, move || admin.advance(course, uid));
        deed.note = Some(note);
        deed.lets_others_pass = true;
        Ok(deed)
    }
}

impl Admin {
    /// A vault as it is to be.
    fn destined(
        &self,
        name: &str,
        to: Option<String>,
        custody: Option<super::protocol::Custody>,
    ) -> Result<Vault> {
        let vault = (*self.vault(name)?).clone();
        let backend = match to {
            None if custody.is_none() => {
                return Err(invalid(
                    "say which HSM the vault is to go to, or where its locked keys are to be kept in its own",
                ));
            }
            None => vault.backend.clone(),
            to => self.backend(to)?,
        };
        let wrapped = match custody {
            None if backend == vault.backend => vault.wrapped,
            custody => self.is_wrapped(&backend, custody)?,
        };
        Ok(Vault {
            backend,
            wrapped,
            ..vault
        })
    }

    fn plan(&self, course: &Course) -> Result<Plan> {
        let to = (&course.vault, course.leaves_authority);
        moving::plan(&self.parts.service, to, self.parts.clock.now())
    }

    /// Goes on for a while, after beginning if need be.
    fn advance(&self, course: Course, uid: u32) -> Result<MoveFacts> {
        let mut place = self
            .journey
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let is_under_way = place.as_ref();
        let is_under_way = is_under_way.is_some_and(|own| own.course.is_same(&course));
        if !is_under_way {
            if let Some(other) = place.take() {
                self.end(&other);
            }
            *place = Some(self.begin(course)?);
        }
        let Some(journey) = place.as_mut() else {
            return Err(Error::internal("a move that was begun is not there"));
        };
        self.go_on(journey, uid)?;
        if journey.queue.is_empty() {
            // What was made in the old HSM while the vault changed over.
            journey.queue = self.movable(&journey.course)?.objects;
        }
        let left = Plan {
            objects: journey.queue.clone(),
            ..Plan::default()
        };
        let facts = facts(&journey.course.vault, &left, journey.moved);
        if facts.left == 0
            && let Some(ended) = place.take()
        {
            self.end(&ended);
        }
        Ok(facts)
    }

    fn begin(&self, mut course: Course) -> Result<Journey> {
        let plan = self.movable(&course)?;
        let vault = &course.vault;
        let transport = if plan.wrapped > 0 {
            Some(self.transport(vault, "transport")?)
        } else {
            None
        };
        // To look through a vault takes a while, in which others change it: a PIN that was replaced is not put back.
        let known = self.vault(&vault.name)?;
        let vault = Vault {
            backend: vault.backend.clone(),
            wrapped: vault.wrapped,
            ..(*known).clone()
        };
        if vault != *known {
            self.change_vault(&known, vault.clone())?;
        }
        course.vault = vault;
        Ok(Journey {
            course,
            transport,
            queue: plan.objects,
            moved: 0,
        })
    }

    /// What is to be moved, if all of it can be.
    fn movable(&self, course: &Course) -> Result<Plan> {
        let plan = self.plan(course)?;
        let Some(first) = plan.obstacles.first() else {
            return Ok(plan);
        };
        let message = format!(
            "{} objects cannot be moved, and so none is; the first is {}: {}. `--check` tells all",
            plan.obstacles.len(),
            first.object,
            first.why
        );
        Err(Error::new(Fault::InvalidField, message))
    }

    fn go_on(&self, journey: &mut Journey, uid: u32) -> Result<()> {
        let began = self.parts.clock.instant();
        let peer = format!("administrator uid:{uid}");
        let tell = |record: &Record, note: &str, outcome: &'static str| {
            self.record_change((STEP, &peer), record, note, outcome)
        };
        let service = &self.parts.service;
        let transport = journey.transport.as_ref().map(|(own, _)| own);
        let vault = &journey.course.vault;
        while let Some(object) = journey.queue.last() {
            let is_moved = moving::step(service, vault, transport, object, &tell)?;
            journey.moved += u64::from(is_moved);
            journey.queue.pop();
            if self.parts.clock.instant().duration_since(began) > STRETCH {
                break;
            }
        }
        Ok(())
    }

    /// A key pair in the vault's HSM for which locked keys are wrapped, and the doubt whether it goes again.
    fn transport(&self, vault: &Vault, what: &str) -> Result<(Transport, Option<Foreseen>)> {
        let service = &self.parts.service;
        let hsm = moving::backend(service, &vault.backend)?;
        let terms = Terms {
            // Of its own, whoever else is under way, and with whatever daemon.
            id: format!("{what} {}", self.new_id().0).into_bytes(),
            label: "keyhold-transport".to_owned(),
            exportable: false,
            usage: CryptographicUsageMask::UnwrapKey,
            custody: CustodyMode::Resident,
        };
        let foreseen = doubts::foresee(service, (&vault.backend, hsm), hsm::TRANSPORT, &terms)?;
        match hsm.transport(hsm::TRANSPORT, &terms) {
            Ok(made) => Ok((made, foreseen)),
            Err(hsm::Error::Unsupported) => Err(invalid(format!(
                "the HSM {:?} has no mechanism to unwrap keys that come from another",
                vault.backend
            ))),
            Err(other) => Err(other.into()),
        }
    }

    fn end(&self, journey: &Journey) {
        if let Some((transport, _)) = &journey.transport {
            self.put_away(&journey.course.vault, &transport.key);
        }
    }

    fn put_away(&self, vault: &Vault, key: &KeyRef) {
        let gone = moving::backend(&self.parts.service, &vault.backend).map(|hsm| hsm.destroy(key));
        if let Ok(Err(error)) = gone {
            tracing::warn!(backend = vault.backend, %error, "a transport key stays in its HSM");
        }
    }
}

fn facts(vault: &Vault, plan: &Plan, moved: u64) -> MoveFacts {
    let count = |all: usize| u64::try_from(all).unwrap_or(u64::MAX);
    MoveFacts {
        name: vault.name.clone(),
        to: vault.backend.clone(),
        moved,
        left: count(plan.objects.len()),
        exported: plan.exported,
        wrapped: plan.wrapped,
        sealed: plan.sealed,
        housed: plan.housed,
        obstacles_count: count(plan.obstacles.len()),
        obstacles: told(&plan.obstacles),
        losses_count: count(plan.losses.len()),
        losses: told(&plan.losses),
    }
}

fn told(all: &[Obstacle]) -> Vec<MoveObstacle> {
    let told = all.iter().take(OBSTACLES_TOLD_MAX);
    told.map(|own| MoveObstacle {
        object: own.object.0.clone(),
        name: own.name.clone(),
        why: own.why.to_owned(),
    })
    .collect()
}

/// What the trail says of a move.
fn journey(course: &Course) -> String {
    let custody = match template::custody(&course.vault) {
        CustodyMode::Resident => "resident",
        CustodyMode::Wrapped => "wrapped",
    };
    let left = if course.leaves_authority {
        ", without its authority"
    } else {
        ""
    };
    format!("to {}, {custody}{left}", course.vault.backend)
}

/// What is recorded of each object.
const STEP: &str = "vault.move.object";
/// How long one stretch takes, so that its progress is seen.
const STRETCH: Duration = Duration::from_secs(1);
/// The most obstacles that are told; there may be as many as there are keys.
const OBSTACLES_TOLD_MAX: usize = 1_000;
