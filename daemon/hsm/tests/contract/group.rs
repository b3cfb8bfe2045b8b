//! Groups as backends of the contract: of two embedded HSMs always, of tokens in children of the run.

use std::sync::Arc;

use hsm::{
    Hsm,
    group::{Group, Opener, Tell},
    module::ModuleHsm,
    soft::{CACHE_KEYS_MAX, Master, SoftHsm},
};

use crate::module::{config, softhsm};

/// Two embedded HSMs.
pub(crate) fn of_two() -> Box<dyn Hsm> {
    Box::new(group(vec![embedded(), embedded()]))
}

/// What `KEYHOLD_TEST_GROUP` names: the token and another one, or the token and an embedded HSM.
pub(crate) fn open() -> Option<(&'static str, Box<dyn Hsm>)> {
    let kind = std::env::var("KEYHOLD_TEST_GROUP").ok()?;
    let other = match kind.as_str() {
        "tokens" => module(SECOND),
        _ => embedded(),
    };
    let own = group(vec![module(softhsm::LABEL), other]);
    Some(("a group", Box::new(own)))
}

fn group(members: Vec<Arc<dyn Hsm>>) -> Group {
    let openers = members.into_iter().zip(["left", "right"]);
    let openers = openers.map(|(own, name)| -> (String, Opener) {
        let opener: Opener = Box::new(move || Ok(Arc::clone(&own)));
        (name.to_owned(), opener)
    });
    let tell: Tell = Arc::new(|member: &str, event| panic!("{member}: {event:?}"));
    Group::open(openers.collect(), &tell).expect("the group opens")
}

fn embedded() -> Arc<dyn Hsm> {
    let own = SoftHsm::new(Master::ephemeral().expect("a master"), CACHE_KEYS_MAX);
    Arc::new(own.with_keys_that_may_move(true))
}

fn module(token: &str) -> Arc<dyn Hsm> {
    let mut config = config(token).expect("the module of this run");
    config.keys_may_move = true;
    Arc::new(ModuleHsm::open(&config).expect("the module opens"))
}

/// The suite once more, in a child with two fresh SoftHSM2 tokens that have the same keys.
#[test]
fn the_contract_holds_on_a_group_of_tokens() {
    holds_on("tokens");
}

/// And on a token and the embedded HSM, which do not do the same.
#[test]
fn the_contract_holds_on_a_group_of_a_token_and_the_embedded_hsm() {
    holds_on("mixed");
}

fn holds_on(kind: &str) {
    let path = softhsm::module();
    let path = path.to_str().expect("a path in UTF-8");
    let out = softhsm::run_again(
        &[softhsm::LABEL, SECOND],
        &["--skip", "the_contract_holds_on"],
        &[
            ("KEYHOLD_TEST_MODULE", path),
            ("KEYHOLD_TEST_TOKEN", softhsm::LABEL),
            ("KEYHOLD_TEST_PIN", softhsm::PIN),
            ("KEYHOLD_TEST_CUSTODY", "wrapped"),
            ("KEYHOLD_TEST_GROUP", kind),
        ],
    );
    assert!(!out.contains(" 0 passed"), "the suite did not run:\n{out}");
}

const SECOND: &str = "keyhold-second";
