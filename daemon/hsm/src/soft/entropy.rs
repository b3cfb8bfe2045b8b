//! The health tests of random sources (NIST SP 800-90B §4.4): what is stuck, repeats or is biased is noticed.

/// The repetition count test and the adaptive proportion test of SP 800-90B §4.4 over whole bytes.
pub(crate) fn is_healthy(samples: &[u8]) -> bool {
    let repeats = samples
        .windows(REPETITION_CUTOFF)
        .any(|run| run.iter().all(|sample| run.first() == Some(sample)));
    let biased = samples.chunks_exact(PROPORTION_WINDOW).any(|window| {
        window
            .iter()
            .filter(|sample| window.first() == Some(sample))
            .count()
            >= PROPORTION_CUTOFF
    });
    !repeats && !biased
}

/// SP 800-90B §4.3: at least 1,024 samples before the first output.
pub(crate) const START_SAMPLES: usize = 4096;
/// Both cutoffs alarm falsely once in 2⁶⁴ samples of full entropy: α = 2⁻⁶⁴, H = 8 bits for each byte.
const REPETITION_CUTOFF: usize = 9;
const PROPORTION_CUTOFF: usize = 27;
pub(crate) const PROPORTION_WINDOW: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn good(count: usize) -> Vec<u8> {
        let mut samples = vec![0; count];
        aws_lc_rs::rand::fill(&mut samples).unwrap();
        samples
    }

    #[test]
    fn good_samples_pass() {
        for _ in 0..100 {
            assert!(is_healthy(&good(START_SAMPLES)));
        }
        assert!(is_healthy(&[]) && is_healthy(&[7; REPETITION_CUTOFF - 1]));
    }

    #[test]
    fn a_source_that_sticks_is_noticed_at_the_cutoff_wherever_it_begins() {
        for place in [0, 1, 1000, START_SAMPLES - REPETITION_CUTOFF] {
            let mut samples = good(START_SAMPLES);
            samples[place..place + REPETITION_CUTOFF].fill(0xa5);
            assert!(!is_healthy(&samples), "from {place}");
        }
    }

    #[test]
    fn a_biased_source_is_noticed_within_a_window() {
        // One byte in twelve is the same, evenly and never twice in a row.
        let mut samples = good(PROPORTION_WINDOW);
        samples.iter_mut().step_by(12).for_each(|byte| *byte = 3);
        assert!(!is_healthy(&samples));
    }

    #[test]
    fn a_source_that_repeats_a_short_piece_is_noticed() {
        let piece = *b"sixteen bytes ...";
        let samples: Vec<u8> = piece.iter().copied().cycle().take(START_SAMPLES).collect();
        assert!(!is_healthy(&samples));
    }
}
