//! Keys in doubt: noted, told, forgotten, and in no copy.

use kmip::mechanism::KeySpec;
use store::{Doubt, ObjectId, Options, SqliteStore, Store};

use crate::each_store;

fn doubt(object: &str, backend: &str) -> Doubt {
    Doubt {
        object: ObjectId(object.to_owned()),
        backend: backend.to_owned(),
        spec: KeySpec::Aes { bits: 256 },
    }
}

#[test]
fn each_key_in_doubt_is_told_until_it_is_forgotten() {
    each_store(|store| {
        assert_eq!(store.doubts().unwrap(), []);
        let all = [doubt("a", "one"), doubt("a", "two"), doubt("b", "one")];
        for doubt in &all {
            store.put_doubt(doubt).unwrap();
            store.put_doubt(doubt).unwrap();
        }
        assert_eq!(store.doubts().unwrap(), all);
        store.remove_doubts(&all[..2]).unwrap();
        store.remove_doubts(&all[..1]).unwrap();
        assert_eq!(store.doubts().unwrap(), all[2..]);
    });
}

#[test]
fn doubts_outlive_the_program_and_are_in_no_copy() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("store"), folder.path().join("copy"));
    let open = |path| SqliteStore::open(path, &Options::default()).unwrap();
    open(&path).put_doubt(&doubt("a", "one")).unwrap();
    let store = open(&path);
    store.backup(&copy).unwrap();
    assert_eq!(store.doubts().unwrap(), [doubt("a", "one")]);
    assert_eq!(open(&copy).doubts().unwrap(), []);
}
