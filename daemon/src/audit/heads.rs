//! The heads: the last record of each stream that was on the disk, so that a missing end is seen.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use aws_lc_rs::hmac;
use kmip::Secret;
use serde::{Deserialize, Serialize};

use super::{files, record};

/// The name of the file.
pub(super) const FILE: &str = "heads.json";

/// The last record of a stream that was synced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Its number.
    pub seq: u64,
    /// Its hash.
    pub hash: String,
    /// The file it is in.
    pub file: String,
    /// Where it ends in the file.
    pub end: u64,
    /// The latest time of the stream.
    pub time: String,
}

impl Head {
    /// The hash as bytes.
    pub(super) fn hash(&self) -> Option<record::Hash> {
        record::from_hex(&self.hash)
    }
}

/// The heads by stream.
pub(super) type Heads = BTreeMap<String, Head>;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadsFile {
    v: u32,
    streams: Heads,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mac: Option<String>,
}

/// Whether the heads are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signature {
    /// They are not.
    Absent,
    /// They are, and nobody gave the key.
    Unchecked,
    /// They are, and it was checked.
    Valid,
}

/// Reads the heads of a directory; `None` when there is no such file.
pub(super) fn read(
    directory: &Path,
    key: Option<&Secret>,
) -> Result<Option<(Heads, Signature)>, String> {
    let bytes = match fs::read(directory.join(FILE)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let file: HeadsFile = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    if file.v != 1 {
        return Err(format!("its format {} is not known here", file.v));
    }
    let signature = match (&file.mac, key) {
        (None, None) => Signature::Absent,
        (None, Some(_)) => return Err("it is not signed, and should be".to_owned()),
        (Some(_), None) => Signature::Unchecked,
        (Some(mac), Some(key)) => {
            let mac = hex::decode(mac).map_err(|_| "its signature cannot be read")?;
            hmac::verify(&signing(key), &signed(&file.streams)?, &mac)
                .map_err(|_| "its signature is wrong")?;
            Signature::Valid
        }
    };
    Ok(Some((file.streams, signature)))
}

/// Replaces the heads of a directory, durably and at once.
pub(super) fn write(directory: &Path, heads: &Heads, key: Option<&Secret>) -> io::Result<()> {
    let mac = key
        .map(|key| {
            let signed = signed(heads).map_err(io::Error::other)?;
            Ok::<_, io::Error>(hex::encode(hmac::sign(&signing(key), &signed)))
        })
        .transpose()?;
    let file = HeadsFile {
        v: 1,
        streams: heads.clone(),
        mac,
    };
    let mut bytes = serde_json::to_vec_pretty(&file)?;
    bytes.push(b'\n');
    let new = directory.join("heads.json.new");
    let mut to = File::create(&new)?;
    to.write_all(&bytes)?;
    to.sync_data()?;
    fs::rename(&new, directory.join(FILE))?;
    files::sync_directory(directory)
}

fn signing(key: &Secret) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, key.expose())
}

/// What is signed: the heads in the order of their streams, without spaces.
fn signed(heads: &Heads) -> Result<Vec<u8>, String> {
    let mut bytes = b"keyhold audit heads 1\n".to_vec();
    bytes.extend(serde_json::to_vec(heads).map_err(|error| error.to_string())?);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_heads_are_known_from_others() {
        let folder = tempfile::tempdir().unwrap();
        let head = Head {
            seq: 3,
            hash: "00".repeat(32),
            file: "dev.000001.jsonl".to_owned(),
            end: 99,
            time: "2026-01-01T00:00:00Z".to_owned(),
        };
        let heads = Heads::from([("dev".to_owned(), head)]);
        let key = Secret::from(&[7; 32][..]);
        assert_eq!(read(folder.path(), None).unwrap(), None);
        write(folder.path(), &heads, None).unwrap();
        let read_back = |key| read(folder.path(), key);
        assert_eq!(
            read_back(None).unwrap(),
            Some((heads.clone(), Signature::Absent))
        );
        assert!(read_back(Some(&key)).is_err(), "unsigned");
        write(folder.path(), &heads, Some(&key)).unwrap();
        let signed = Some((heads.clone(), Signature::Valid));
        assert_eq!(read_back(Some(&key)).unwrap(), signed);
        assert_eq!(
            read_back(None).unwrap(),
            Some((heads, Signature::Unchecked))
        );
        let other = Secret::from(&[8; 32][..]);
        assert!(read_back(Some(&other)).is_err(), "another key");
        let path = folder.path().join(FILE);
        let changed = fs::read_to_string(&path).unwrap().replace(": 3", ": 2");
        fs::write(&path, changed).unwrap();
        assert!(read_back(Some(&key)).is_err(), "changed");
    }
}
