//! A group's references: those of its members, each behind the name of its own.
//!
//! ```text
//! 'G' │ 1: may leave │ members │ name length │ name … │ length, 4 │ reference … │ … │ checksum, 8
//! ```
//!
//! Each member's reference is bound to it by itself; the checksum only tells a damaged one from a key that is not there, so
//! that no member answers for one whose other copy was changed.

use aws_lc_rs::digest;

use crate::{Error, Result};

/// What a reference says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Copies<'a> {
    /// Whether the material may leave.
    pub(super) exportable: bool,
    /// Each member's own reference, by its name.
    pub(super) all: Vec<(&'a str, &'a [u8])>,
}

impl<'a> Copies<'a> {
    pub(super) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (body, checksum) = bytes.split_last_chunk::<CHECKSUM_BYTES>()?;
        if self::checksum(body) != *checksum {
            return None;
        }
        let (&[MAGIC, flags, count], mut rest) = body.split_first_chunk::<3>()? else {
            return None;
        };
        let mut all = Vec::with_capacity(count.into());
        for _ in 0..count {
            let (&name_len, behind) = rest.split_first()?;
            let (name, behind) = behind.split_at_checked(name_len.into())?;
            let (&len, behind) = behind.split_first_chunk::<4>()?;
            let len = usize::try_from(u32::from_be_bytes(len)).ok()?;
            let (own, behind) = behind.split_at_checked(len)?;
            all.push((std::str::from_utf8(name).ok()?, own));
            rest = behind;
        }
        (rest.is_empty() && flags <= 1).then_some(Self {
            exportable: flags == 1,
            all,
        })
    }

    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        let mut out = vec![MAGIC, self.exportable.into(), short(self.all.len())?];
        for (name, own) in &self.all {
            out.push(short(name.len())?);
            out.extend(name.as_bytes());
            out.extend(
                u32::try_from(own.len())
                    .map_err(|_| TOO_LONG)?
                    .to_be_bytes(),
            );
            out.extend(*own);
        }
        out.extend(checksum(&out));
        Ok(out)
    }

    /// The reference of a member.
    pub(super) fn of(&self, member: &str) -> Option<&'a [u8]> {
        let found = self.all.iter().find(|(name, _)| *name == member);
        found.map(|(_, own)| *own)
    }
}

fn short(len: usize) -> Result<u8> {
    u8::try_from(len).map_err(|_| TOO_LONG)
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest = digest::digest(&digest::SHA256, bytes);
    digest.as_ref().first_chunk().copied().unwrap_or_default()
}

const MAGIC: u8 = b'G';
const CHECKSUM_BYTES: usize = 8;
const TOO_LONG: Error = Error::BadInput("a reference that is too long for a group");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        for exportable in [true, false] {
            let copies = Copies {
                exportable,
                all: vec![("left", b"a key"), ("right", b"")],
            };
            let bytes = copies.encode().unwrap();
            assert_eq!(Copies::decode(&bytes), Some(copies.clone()));
            assert_eq!(copies.of("right"), Some(&b""[..]));
            assert_eq!(copies.of("middle"), None);
            for place in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[place] ^= 1;
                assert_eq!(Copies::decode(&changed), None, "byte {place}");
                assert_eq!(Copies::decode(&bytes[..place]), None, "{place} bytes");
            }
        }
    }
}
