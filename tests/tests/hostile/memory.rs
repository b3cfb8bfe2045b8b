//! Where the master is: in no memory of the daemon, and in none of its HSM's process that anybody can read.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
};

use keyhold_tests::{Appliance, Backend, objects::*};
use kmip::{V2_1, payload::encrypt::Encrypt};

use crate::isolation::host;

/// Where bytes stand in what can be read of a process's memory: its writable mappings, as a core image has them.
fn places(process: u32, wanted: &[u8]) -> Vec<String> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let memory = File::open(format!("/proc/{process}/mem")).unwrap();
    let writable = maps
        .lines()
        .filter(|line| line.split(' ').nth(1).unwrap().starts_with("rw"));
    let holding = writable.filter(|line| holds(&memory, line, wanted));
    holding.map(str::to_owned).collect()
}

fn holds(memory: &File, line: &str, wanted: &[u8]) -> bool {
    const CHUNK: usize = 1 << 20;
    let (range, _) = line.split_once(' ').unwrap();
    let (start, end) = range.split_once('-').unwrap();
    let number = |text| u64::from_str_radix(text, 16).unwrap();
    let (mut at, end) = (number(start), number(end));
    let mut chunk = vec![0; CHUNK + wanted.len()];
    while at < end {
        let length = (end - at).min(u64::try_from(chunk.len()).unwrap());
        let part = &mut chunk[..usize::try_from(length).unwrap()];
        // What the kernel itself cannot read is no place for anybody to look at.
        if memory.read_exact_at(part, at).is_ok()
            && part
                .split(|byte| *byte == wanted[0])
                .skip(1)
                .any(|rest| begins(part, rest, wanted))
        {
            return true;
        }
        at += u64::try_from(CHUNK).unwrap();
    }
    false
}

/// Whether the wanted bytes begin just before a part of the whole.
fn begins(whole: &[u8], rest: &[u8], wanted: &[u8]) -> bool {
    let place = rest.as_ptr().addr() - whole.as_ptr().addr() - 1;
    whole[place..].starts_with(wanted)
}

#[test]
fn the_master_is_in_no_memory_that_can_be_read() {
    if !rustix::process::geteuid().is_root() {
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
    if maps.contains("secretmem") {
        assert_eq!(places(helper, master), [""; 0], "in the helper");
    }
}

/// The name and the version of the format, and the way in which the file is kept.
const HEADER_BYTES: usize = 17;
