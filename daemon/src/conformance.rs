//! What a server under test does and no other: `keyhold dev --conformance` asks for it, and no configuration can.

/// How a server is tested. It belongs to the process: nothing of it is stored, and the next start is without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conformance {
    /// What RNG Seed makes of the bytes that clients offer.
    pub seeding: Seeding,
    /// Whether a request whose answer comes later is not done when it is asked for first.
    pub is_slow: bool,
}

/// What RNG Seed makes of the bytes that a client offers (KMIP 2.1 §6.1.50). The standard leaves it to the server, so
/// its test cases have one for each choice, and no server passes them all without changing its mind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Seeding {
    /// All of them are added to what seeds the generator
    Whole,
    /// The first sixteen are added
    Partial,
    /// None is, and the client is told so
    #[default]
    None,
    /// The operation is refused
    Denied,
}
