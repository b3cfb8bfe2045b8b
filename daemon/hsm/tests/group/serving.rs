//! Uses: shared by the members, served by the others when one fails, and the member taken back.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use hsm::{Error, Hsm, Input, Task, public};
use kmip::{
    Secret,
    mechanism::{Curve, Hash, KeySpec, Mac, Signing},
};

use super::{
    HMAC, World,
    flaky::{Fault, Flaky},
    is_unavailable, mac, terms,
};

#[test]
fn the_load_is_shared() {
    let world = World::new(3);
    let key = world.generate(HMAC, false);
    for _ in 0..300 {
        mac(&world.group, &key).unwrap();
    }
    assert_eq!(world.uses(), [100, 100, 100]);
    assert!(world.told().is_empty());
}

#[test]
fn a_busy_member_is_spared() {
    let world = World::new(2);
    let key = world.generate(HMAC, false);
    world.members[0].set(Fault::Hangs);
    thread::scope(|scope| {
        let stuck: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| mac(&world.group, &key)))
            .collect();
        while world.group.members()[0].in_flight == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        // At most those two are with the member that hangs; all others go on.
        let before = world.uses()[0];
        for _ in 0..50 {
            mac(&world.group, &key).unwrap();
        }
        assert_eq!(world.uses()[0], before);
        world.members[0].set(Fault::None);
        for own in stuck {
            own.join().unwrap().unwrap();
        }
    });
}

#[test]
fn no_call_fails_when_a_member_does_and_it_is_taken_back() {
    let world = World::new(2);
    let pair = world
        .group
        .generate(KeySpec::Ec(Curve::P256), &terms(false));
    let pair = pair.unwrap();
    let public = pair.public.unwrap();
    let signs = || {
        let signing = Signing::Ecdsa(Some(Hash::Sha256));
        let input = Input::Message(b"right, or not at all");
        let made = world.group.sign(&pair.key, signing, input).unwrap();
        assert_eq!(public::verify(&public, signing, input, &made), Ok(true));
    };
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    signs();
                }
            });
        }
        for place in [0, 1, 0] {
            world.members[place].set(Fault::Away);
            while world.is_whole() {
                thread::sleep(Duration::from_millis(1));
            }
            thread::sleep(Duration::from_millis(300));
            world.members[place].set(Fault::None);
            world.heals();
        }
        is_over.store(true, Ordering::SeqCst);
    });
    let told = world.told();
    let wanted = ["left left out", "left taken back", "middle left out"];
    assert_eq!(told.get(..3).unwrap(), wanted);
    assert_eq!(told.len(), 6);
    // Who is out is asked how it is, and nothing else.
    assert!(world.group.members()[0].failures < 20);
}

/// What one does wrongly the other does rightly.
#[test]
fn a_member_that_computes_wrongly_costs_no_answer() {
    let world = World::new(2);
    let key = world.generate(HMAC, false);
    let right = mac(&world.group, &key).unwrap();
    world.members[0].set(Fault::Lies);
    for _ in 0..10 {
        assert_eq!(mac(&world.group, &key).unwrap(), right);
    }
    world.members[1].set(Fault::Lies);
    assert!(matches!(mac(&world.group, &key), Err(Error::Failed(_))));
    // It was asked something that it cannot do, and is not left out for that.
    assert!(world.told().is_empty());
}

#[test]
fn data_opens_in_each_member_alone() {
    let world = World::new(2);
    let plain = Secret::from(&b"kept"[..]);
    let sealed = world.group.seal(&plain, b"label").unwrap();
    for place in 0..2 {
        world.members[place].set(Fault::Away);
        assert!(world.group.open(&sealed, b"label").unwrap() == plain);
        // Who is away might have opened it.
        assert!(is_unavailable(&world.group.open(&sealed, b"other")));
        world.members[place].set(Fault::None);
        world.heals();
    }
    assert_eq!(
        world.group.open(&sealed, b"other").err(),
        Some(Error::Corrupt)
    );
}

#[test]
fn with_all_of_them_out_an_error_comes_at_once() {
    let world = World::new(2);
    let key = world.generate(HMAC, false);
    for own in &world.members {
        own.set(Fault::Away);
    }
    assert!(is_unavailable(&mac(&world.group, &key)));
    // By now nobody is asked any more.
    let before = world.uses();
    assert!(is_unavailable(&mac(&world.group, &key)));
    assert!(is_unavailable(&world.group.health()));
    assert!(is_unavailable(&world.group.random(&mut [0; 8])));
    assert_eq!(world.uses(), before);
    for own in &world.members {
        own.set(Fault::None);
    }
    world.heals();
    mac(&world.group, &key).unwrap();
}

#[test]
fn a_computation_over_parts_stays_where_it_began() {
    let world = World::new(2);
    let key = world.generate(HMAC, false);
    let task = Task::Mac {
        mechanism: Mac::Hmac(Hash::Sha256),
    };
    let mut begun: Vec<_> = (0..4)
        .map(|_| world.group.begin(&key, task).unwrap().unwrap().stream)
        .collect();
    for part in [&b"mes"[..], b"sage"] {
        for stream in &mut begun {
            stream.update(part).unwrap();
        }
    }
    let whole = mac(&world.group, &key).unwrap();
    for mut stream in begun {
        assert_eq!(stream.finish().unwrap().data.expose(), whole);
    }
}

#[test]
fn a_member_that_opens_late_is_used_then() {
    let members: Vec<_> = (0..2).map(|_| Arc::new(Flaky::new())).collect();
    let is_there = Arc::new(AtomicBool::new(false));
    let world = World::opened(members.clone(), |place| {
        let (own, is_there) = (Arc::clone(&members[place]), Arc::clone(&is_there));
        Box::new(move || {
            if place == 1 && !is_there.load(Ordering::SeqCst) {
                return Err(Error::Unavailable("no such token".to_owned()));
            }
            Ok(Arc::clone(&own) as Arc<dyn Hsm>)
        })
    })
    .unwrap();
    assert_eq!(world.told(), ["middle left out"]);
    world.group.random(&mut [0; 8]).unwrap();
    assert!(is_unavailable(&world.group.generate(HMAC, &terms(false))));
    is_there.store(true, Ordering::SeqCst);
    world.heals();
    let key = world.generate(HMAC, false);
    mac(&world.group, &key).unwrap();
}

/// Otherwise what the group promised would be served now and then.
#[test]
fn a_member_that_opens_late_and_can_less_stays_out() {
    let less = Flaky::with_less(|own| own.mac.clear());
    let members = vec![Arc::new(Flaky::new()), Arc::new(less)];
    let tries = Arc::new(Mutex::new(0));
    let world = World::opened(members.clone(), |place| {
        let (own, tries) = (Arc::clone(&members[place]), Arc::clone(&tries));
        Box::new(move || {
            let mut tries = tries.lock().unwrap();
            *tries += place;
            if place == 1 && *tries == 1 {
                return Err(Error::Unavailable("no such token".to_owned()));
            }
            Ok(Arc::clone(&own) as Arc<dyn Hsm>)
        })
    })
    .unwrap();
    let trouble = || world.group.members()[1].trouble.clone().unwrap();
    for _ in 0..100 {
        if trouble().contains("can do less") {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("{}", trouble());
}

/// A token locks itself after a few wrong PINs.
#[test]
fn a_member_that_refuses_the_login_is_not_opened_again() {
    let members: Vec<_> = (0..2).map(|_| Arc::new(Flaky::new())).collect();
    let tries = Arc::new(Mutex::new(0));
    let world = World::opened(members.clone(), |place| {
        let (own, tries) = (Arc::clone(&members[place]), Arc::clone(&tries));
        Box::new(move || {
            if place == 0 {
                return Ok(Arc::clone(&own) as Arc<dyn Hsm>);
            }
            *tries.lock().unwrap() += 1;
            Err(Error::Refused("the PIN is wrong".to_owned()))
        })
    })
    .unwrap();
    thread::sleep(Duration::from_millis(800));
    // Once at the start, and once more when it is asked how it is.
    assert!(*tries.lock().unwrap() <= 2);
    assert!(!world.is_whole());
}

#[test]
fn what_one_member_does_not_do_the_group_does_not_either() {
    let less = Flaky::with_less(|own| {
        own.mac.clear();
        own.generate
            .retain(|spec| matches!(spec, KeySpec::Hmac { .. }));
    });
    let world = World::of(vec![Flaky::new(), less]);
    let key = world.generate(HMAC, false);
    for _ in 0..4 {
        assert_eq!(mac(&world.group, &key).err(), Some(Error::Unsupported));
    }
    let aes = world
        .group
        .generate(KeySpec::Aes { bits: 256 }, &terms(false));
    assert_eq!(aes.err(), Some(Error::Unsupported));
    // What may leave is used by the same engine everywhere.
    let key = world.generate(HMAC, true);
    mac(&world.group, &key).unwrap();
    assert!(world.group.capabilities().mac.is_empty());
    assert!(!world.group.capabilities().sign.is_empty());
}
