//! What joins a target to libFuzzer: its inputs, its changes, its crossings.

/// The program of a target.
#[macro_export]
macro_rules! feed {
    ($target:expr) => {
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ($target.run)(bytes));

        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            // libFuzzer's own changes know what the program compares its bytes with.
            if seed % 4 == 0 {
                return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
            }
            let mut dice = $crate::Dice::new(u64::from(seed));
            let changed = $target.changed(&data[..size], &mut dice);
            let length = changed.len().min(max_size);
            data[..length].copy_from_slice(&changed[..length]);
            length
        });

        libfuzzer_sys::fuzz_crossover!(|one: &[u8], other: &[u8], out: &mut [u8], seed: u32| {
            let mut dice = $crate::Dice::new(u64::from(seed));
            let crossed = $target.crossed(one, other, &mut dice);
            let length = crossed.len().min(out.len());
            out[..length].copy_from_slice(&crossed[..length]);
            length
        });
    };
}
