//! The tests of the codec in one program, because linking is what they cost.

#[cfg(test)]
mod captures;
#[cfg(test)]
#[expect(unreachable_pub, reason = "elsewhere it is a library")]
#[path = "../../fuzz/src/lib.rs"]
mod fuzz;
#[cfg(test)]
mod fuzz_smoke;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod roundtrip;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod spec;
#[cfg(test)]
mod text;
