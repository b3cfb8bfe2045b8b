//! Where the master is: in no memory of the daemon, and in none of its HSM's process that anybody can read.

use std::fs;

use keyhold_tests::{
    Appliance, Backend,
    memory::{is_readable, places},
    objects::*,
    programs::succeed,
};
use kmip::{V2_1, payload::encrypt::Encrypt};

use crate::isolation::host;

#[test]
fn the_master_is_in_no_memory_that_can_be_read() {
    if !is_readable() {
        eprintln!("only root can look into these processes: nothing to be seen here");
        return;
    }
    let appliance = Appliance::start(Backend::Embedded);
    let mut client = appliance.client(V2_1);
    let mut keys = Vec::new();
    for _ in 0..3 {
        let key = create_active(&mut client, aes(256, CIPHER));
        client.call::<Encrypt>(&encryption(&key, b"looked for"));
        keys.push(key);
    }
    let helper = u32::try_from(host(&appliance)).unwrap();
    let file = fs::read(appliance.file("master.key")).unwrap();
    let master = &file[HEADER_BYTES..][..32];
    assert_ne!(
        places(appliance.pid(), keys[0].as_bytes()),
        [""; 0],
        "what the daemon has is found"
    );
    assert_ne!(
        places(helper, b"hsm-host"),
        [""; 0],
        "what the helper has is found"
    );
    assert_eq!(places(appliance.pid(), master), [""; 0], "in the daemon");
    let maps = fs::read_to_string(format!("/proc/{helper}/maps")).unwrap();
    let status = succeed(&mut appliance.keyhold(&["status"]));
    assert_eq!(
        maps.contains("secretmem"),
        status.contains("works, secrets in memfd_secret memory"),
        "{status}"
    );
    if maps.contains("secretmem") {
        assert_eq!(places(helper, master), [""; 0], "in the helper");
    }
}

/// The name and the version of the format, and the way in which the file is kept.
const HEADER_BYTES: usize = 17;
