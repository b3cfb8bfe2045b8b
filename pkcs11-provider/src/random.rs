//! Random bytes of the kernel. The generator of TLS collects entropy of its own first, which takes thirty milliseconds that a
//! program on the daemon's own machine would wait for nothing.

use rustix::rand::{GetRandomFlags, getrandom};

/// The most bytes that come whole in one call (getrandom(2)).
const WHOLE_BYTES_MAX: usize = 256;

/// Fills the bytes; `None` where the kernel has none.
pub(crate) fn fill(bytes: &mut [u8]) -> Option<()> {
    bytes.chunks_mut(WHOLE_BYTES_MAX).try_for_each(|part| {
        let wanted = part.len();
        let filled = getrandom(part, GetRandomFlags::empty()).ok()?;
        (filled == wanted).then_some(())
    })
}

/// So many bytes.
pub(crate) fn bytes(count: usize) -> Option<Vec<u8>> {
    let mut made = vec![0; count];
    fill(&mut made)?;
    Some(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_long_piece_is_filled() {
        let mut bytes = [0; 600];
        fill(&mut bytes).unwrap();
        assert!(
            bytes
                .chunks(20)
                .all(|part| part.iter().any(|byte| *byte != 0))
        );
    }
}
