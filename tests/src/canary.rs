//! Values that must not be seen, and where any piece of one stands, in whichever form somebody wrote it.

use std::collections::{BTreeSet, HashMap};

/// The bytes of a piece: fewer are found by chance.
const PIECE_BYTES: usize = 8;

/// So many zeros are passed by at once.
const ZEROS_BYTES: usize = 4096;

/// Values by their pieces: as they are, backwards, and as texts.
pub struct Canaries {
    pieces: HashMap<[u8; PIECE_BYTES], Vec<Piece>>,
    /// Whether any piece begins with three bytes; most places are passed by this alone.
    begins: Vec<bool>,
}

struct Piece {
    rest: Vec<u8>,
    name: String,
}

impl Default for Canaries {
    fn default() -> Self {
        Self {
            pieces: HashMap::new(),
            begins: vec![false; 1 << 24],
        }
    }
}

impl Canaries {
    /// Looks for a value from now on.
    pub fn add(&mut self, name: &str, value: &[u8]) {
        assert!(value.len() >= PIECE_BYTES, "{name} is too short to be told");
        let backwards: Vec<u8> = value.iter().rev().copied().collect();
        for (how, bytes) in [("", value), (" backwards", &backwards)] {
            self.add_pieces(&format!("{name}{how}"), bytes, PIECE_BYTES);
        }
        let lower: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
        for text in [lower.to_uppercase(), lower] {
            self.add_pieces(&format!("{name} in hex"), text.as_bytes(), 2 * PIECE_BYTES);
        }
        for start in 0..3 {
            let text = base64(&value[start..]);
            let for_addresses = text.replace('+', "-").replace('/', "_");
            for text in BTreeSet::from([text, for_addresses]) {
                self.add_pieces(&format!("{name} in base64"), text.as_bytes(), 12);
            }
        }
    }

    fn add_pieces(&mut self, name: &str, form: &[u8], length: usize) {
        for window in form.windows(length) {
            let (first, rest) = window.split_first_chunk().unwrap();
            self.begins[beginning(first)] = true;
            self.pieces.entry(*first).or_default().push(Piece {
                rest: rest.to_vec(),
                name: name.to_owned(),
            });
        }
    }

    /// The values of which a piece stands in these bytes.
    #[must_use]
    pub fn found_in(&self, bytes: &[u8]) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        let mut at = 0;
        while let Some(three) = bytes.get(at..at + 3) {
            let number = beginning(three);
            if self.begins[number] {
                found.extend(self.standing_at(&bytes[at..]));
            } else if number == 0 && bytes[at..].starts_with(&[0; ZEROS_BYTES]) {
                // Most of an image of memory: no piece begins in it but with its last two bytes.
                at += ZEROS_BYTES - 3;
            }
            at += 1;
        }
        found
    }

    /// The values of which a piece stands at the beginning of these bytes.
    fn standing_at(&self, place: &[u8]) -> impl Iterator<Item = &str> {
        let (first, behind) = place.split_first_chunk().unzip();
        let pieces = first.and_then(|first| self.pieces.get(first));
        let behind = behind.unwrap_or_default();
        let pieces = pieces.into_iter().flatten();
        pieces
            .filter(|piece| behind.starts_with(&piece.rest))
            .map(|piece| piece.name.as_str())
    }

    /// Fails where a piece of a value stands in these bytes.
    pub fn assert_none_in(&self, bytes: &[u8], place: &str) {
        let found = self.found_in(bytes);
        assert!(found.is_empty(), "in {place}: {found:?}");
    }
}

fn beginning(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 16 | usize::from(bytes[1]) << 8 | usize::from(bytes[2])
}

/// RFC 4648 §4, without what does not fill three bytes.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let threes = bytes.chunks_exact(3);
    let digits = threes.flat_map(|three| {
        let number = beginning(three);
        [18, 12, 6, 0].map(|shift| char::from(ALPHABET[number >> shift & 63]))
    });
    digits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_found_in_every_form() {
        let value: Vec<u8> = (0..32_u8).map(|at| at.wrapping_mul(37) ^ 5).collect();
        let mut canaries = Canaries::default();
        canaries.add("value", &value);
        let backwards: Vec<u8> = value.iter().rev().copied().collect();
        let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
        let forms = [
            value[9..17].to_vec(),
            backwards[3..11].to_vec(),
            hex.as_bytes()[6..22].to_vec(),
            hex.to_uppercase().into_bytes(),
            base64(&value).into_bytes(),
            base64(&value[7..]).into_bytes(),
        ];
        for form in forms {
            let among = [b"before", &form[..], b"behind"].concat();
            assert!(!canaries.found_in(&among).is_empty(), "{among:x?}");
        }
        // Not even the zeros before it hide one.
        for zeros in [3, ZEROS_BYTES - 1, ZEROS_BYTES, 3 * ZEROS_BYTES + 1] {
            let among = [&vec![0; zeros][..], &value, &[0; ZEROS_BYTES]].concat();
            assert!(!canaries.found_in(&among).is_empty(), "{zeros}");
        }
        assert!(canaries.found_in(&value[9..16]).is_empty());
        assert!(canaries.found_in(&[0; 4096]).is_empty());
    }

    #[test]
    fn base64_is_that_of_the_standard() {
        // RFC 4648 §10.
        assert_eq!(base64(b"foobar"), "Zm9vYmFy");
    }
}
