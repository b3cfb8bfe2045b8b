//! What a master file promises.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use super::*;

fn passphrase(file: &Path, passphrase: &str) -> MasterSource {
    MasterSource::Passphrase {
        file: file.to_owned(),
        passphrase: Secret::from(passphrase.as_bytes()),
    }
}

fn credential(file: &Path, byte: u8) -> MasterSource {
    MasterSource::Credential {
        file: file.to_owned(),
        secret: Secret::new(vec![byte; 32]),
    }
}

fn refusal(source: &MasterSource) -> String {
    match Master::load(source) {
        Err(Error::Unavailable(why)) => why,
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("loaded"),
    }
}

#[test]
fn each_way_of_keeping_gives_the_same_master_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    for source in [
        MasterSource::File(file("plain")),
        passphrase(&file("passphrase"), "correct horse"),
        credential(&file("credential"), 7),
    ] {
        let made = Master::create(&source).unwrap();
        let loaded = Master::load(&source).unwrap();
        assert!(made.0.expose() == loaded.0.expose());
        let mode = fs::metadata(source.file()).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
    }
    // No temporary file is left.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn only_the_plain_file_holds_the_master_in_the_clear() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("master");
    let holds = |source: &MasterSource| {
        let master = Master::create(source).unwrap();
        let contents = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        contents
            .windows(MASTER_BYTES)
            .any(|window| window == master.0.expose())
    };
    assert!(holds(&MasterSource::File(file.clone())));
    assert!(!holds(&passphrase(&file, "correct horse")));
    assert!(!holds(&credential(&file, 7)));
}

#[test]
fn an_existing_file_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("master");
    fs::write(&file, "precious").unwrap();
    let Err(Error::Unavailable(why)) = Master::create(&MasterSource::File(file.clone())) else {
        panic!("overwritten");
    };
    assert!(why.contains("exists already") && why.contains(&file.display().to_string()));
    assert_eq!(fs::read(&file).unwrap(), b"precious");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_file_open_to_others_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let source = MasterSource::File(folder.path().join("master"));
    Master::create(&source).unwrap();
    for mode in [0o640, 0o604, 0o660, 0o601] {
        fs::set_permissions(source.file(), fs::Permissions::from_mode(mode)).unwrap();
        assert!(refusal(&source).contains("chmod 600"));
    }
    fs::set_permissions(source.file(), fs::Permissions::from_mode(0o400)).unwrap();
    Master::load(&source).unwrap();
}

#[test]
fn what_is_no_plain_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let source = MasterSource::File(folder.path().join("master"));
    Master::create(&source).unwrap();
    let link = folder.path().join("link");
    symlink(source.file(), &link).unwrap();
    assert!(refusal(&MasterSource::File(link)).contains("cannot read"));
    assert!(refusal(&MasterSource::File(folder.path().to_owned())).contains("not a regular file"));
    let absent = refusal(&MasterSource::File(folder.path().join("absent")));
    assert!(absent.contains("keyhold init") && absent.contains("absent"));
}

#[test]
fn the_wrong_secret_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passphrase");
    Master::create(&passphrase(&file, "correct horse")).unwrap();
    assert!(refusal(&passphrase(&file, "wrong horse")).contains("not the one"));
    assert!(refusal(&credential(&file, 7)).contains("sealed under a passphrase"));
    assert!(refusal(&MasterSource::File(file)).contains("sealed under a passphrase"));

    let file = folder.path().join("credential");
    Master::create(&credential(&file, 7)).unwrap();
    assert!(refusal(&credential(&file, 8)).contains("not the one"));
    let short = MasterSource::Credential {
        file,
        secret: Secret::new(vec![7; 31]),
    };
    assert!(matches!(Master::load(&short), Err(Error::BadInput(_))));
    assert!(matches!(
        Master::create(&passphrase(&folder.path().join("new"), "")),
        Err(Error::BadInput(_))
    ));
}

#[test]
fn every_changed_byte_and_every_lost_byte_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let plain = MasterSource::File(folder.path().join("plain"));
    let sealed = credential(&folder.path().join("credential"), 7);
    for source in [&plain, &sealed] {
        Master::create(source).unwrap();
        let good = fs::read(source.file()).unwrap();
        for place in 0..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 1;
            fs::write(source.file(), &bad).unwrap();
            refusal(source);
            fs::write(source.file(), &good[..place]).unwrap();
            refusal(source);
        }
        fs::write(source.file(), [good.as_slice(), b"\n"].concat()).unwrap();
        refusal(source);
        fs::write(source.file(), vec![0; 5000]).unwrap();
        assert!(refusal(source).contains("too long"));
    }
}

#[test]
fn an_unreasonable_number_of_iterations_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let source = passphrase(&folder.path().join("master"), "correct horse");
    Master::create(&source).unwrap();
    let good = fs::read(source.file()).unwrap();
    let with = |iterations: u32| {
        let mut bad = good.clone();
        let start = MAGIC.len() + 1;
        bad[start..start + 4].copy_from_slice(&iterations.to_be_bytes());
        fs::write(source.file(), &bad).unwrap();
        refusal(&source)
    };
    assert!(with(u32::MAX).contains("unreasonable"));
    assert!(with(0).contains("not a master file"));
    // A number within bounds is part of what is authenticated.
    assert!(with(999_999).contains("not the one"));
}
