//! The fuzz targets on the stable compiler: the committed corpus, changed messages of every operation, random bytes.

use std::collections::BTreeSet;

use kmip::{OperationCode, Tag, V2_1, payload::Operation, ttlv::Writer};
use proptest::{collection::vec, prelude::*};

use crate::{
    fuzz::{self, Dice, TARGETS, Target},
    samples::seeds,
};

const FUZZ_FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz");

/// The largest part of the committed corpus of a target.
const KEPT_BYTES_MAX: u64 = 1 << 20;

#[test]
fn every_kept_input_is_read() {
    for target in TARGETS {
        let size = std::fs::metadata(target.kept_path(FUZZ_FOLDER)).unwrap();
        assert!(size.len() <= KEPT_BYTES_MAX, "{}", target.name);
        let kept = target.kept(FUZZ_FOLDER).unwrap();
        assert!(kept.len() >= 100, "{} has {}", target.name, kept.len());
        let names: BTreeSet<_> = kept.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), kept.len(), "{}", target.name);
        for (_, bytes) in &kept {
            (target.run)(bytes);
        }
    }
}

/// Seeds changed and crossed again and again; a seed changed into something unreadable is dropped now and then.
fn changed(target: &Target, rounds: usize) {
    let seeds = seeds(target.name, target.text);
    let mut dice = Dice::new(0x4B4D_4950);
    for _ in 0..rounds {
        let mut input = seeds[dice.below(seeds.len())].1.clone();
        for _ in 0..4 {
            input = if dice.once_in(4) {
                let other = &seeds[dice.below(seeds.len())].1;
                target.crossed(&input, other, &mut dice)
            } else {
                target.changed(&input, &mut dice)
            };
            // As in libFuzzer, long inputs are left to others: they only cost time.
            input.truncate(8192);
            (target.run)(&input);
        }
    }
}

#[test]
fn changed_messages_are_read() {
    changed(&fuzz::TTLV, 1500);
}

#[test]
fn changed_xml_is_read() {
    changed(&fuzz::XML, 1000);
}

#[test]
fn changed_json_is_read() {
    changed(&fuzz::JSON, 1000);
}

#[test]
fn changed_attributes_are_read() {
    changed(&fuzz::ATTRIBUTES, 4000);
}

/// Changes must leave most messages readable in part, or nothing but the outermost reader is tested.
#[test]
fn many_changed_messages_are_still_messages() {
    for target in [fuzz::TTLV, fuzz::XML, fuzz::JSON] {
        let (mut dice, mut read) = (Dice::new(1), 0);
        let seeds = seeds(target.name, target.text);
        for _ in 0..1000 {
            let input = target.changed(&seeds[dice.below(seeds.len())].1, &mut dice);
            let ttlv = match target.text {
                Some(encoding) => encoding.read(&input).map(|ttlv| ttlv.to_vec()).ok(),
                None => Some(input),
            };
            read += usize::from(ttlv.is_some_and(|ttlv| {
                kmip::message::Request::read(&ttlv, 100).is_ok()
                    || kmip::message::Response::read(&ttlv).is_ok()
            }));
        }
        assert!((100..900).contains(&read), "{} of {}", read, target.name);
    }
}

macro_rules! codes_of {
    ($($operation:path)*) => { [$(<$operation>::CODE),*] };
}

#[test]
fn the_payloads_of_every_operation_are_fuzzed() {
    assert_eq!(kmip::each_operation!(codes_of), OperationCode::ALL);
}

/// Bytes behind the header of a message, with lengths that fit.
fn framed(bytes: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new(V2_1);
    writer.structure(Tag::RequestMessage, |writer| writer.encoded(bytes));
    writer.bytes().to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn random_bytes_are_read(bytes in vec(any::<u8>(), 0..300)) {
        for target in TARGETS {
            (target.run)(&bytes);
            (target.run)(&framed(&bytes));
        }
    }
}
