//! The command `keyhold`.

fn main() {}
