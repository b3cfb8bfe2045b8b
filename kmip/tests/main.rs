//! The tests of the codec in one program, because linking is what they cost.

#[cfg(test)]
mod roundtrip;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod spec;
