//! A group of a token and an embedded HSM: what is in the token beside its keys.

use std::sync::Arc;

use hsm::{
    Hsm,
    group::{Group, Opener, TRANSPORT_ID, Tell},
    module::{ModuleConfig, ModuleHsm},
    soft::{self, Master, SoftHsm},
};
use kmip::{CryptographicUsageMask as Usage, mechanism::KeySpec};

use super::common::{terms, with_token};

fn group(members: &[Arc<dyn Hsm>; 2]) -> Group {
    let openers = members.iter().zip(["left", "right"]).map(|(own, name)| {
        let own = Arc::clone(own);
        let opener: Opener = Box::new(move || Ok(Arc::clone(&own)));
        (name.to_owned(), opener)
    });
    let tell: Tell = Arc::new(|member: &str, event| panic!("{member}: {event:?}"));
    Group::open(openers.collect(), &tell).unwrap()
}

/// As of two daemons: each makes a transport key of its own in the place of the other's.
#[test]
fn two_groups_of_the_same_members_make_keys_side_by_side() {
    with_token(|token| {
        // The heap may be there already.
        drop(soft::start(soft::SECURE_HEAP_BYTES));
        let module = ModuleHsm::open(&ModuleConfig {
            keys_may_move: true,
            ..token.config()
        });
        let embedded = SoftHsm::new(Master::ephemeral().unwrap(), 10);
        let members: [Arc<dyn Hsm>; 2] = [
            Arc::new(module.unwrap()),
            Arc::new(embedded.with_keys_that_may_move(true)),
        ];
        let groups = [group(&members), group(&members)];
        for round in 0..4 {
            for (place, own) in groups.iter().enumerate() {
                let terms = terms(&format!("{round} {place}"), Usage::Encrypt);
                let made = own.generate(KeySpec::Aes { bits: 256 }, &terms);
                assert!(made.is_ok(), "{round} {place}: {made:?}");
            }
        }
        // No key is an object of the token but the one that others are wrapped for.
        let keys = members[0].foreign_keys().unwrap();
        let ids: Vec<_> = keys.into_iter().map(|own| own.id).collect();
        assert_eq!(ids, [TRANSPORT_ID]);
    });
}
