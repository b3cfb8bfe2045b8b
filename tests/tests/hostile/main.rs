//! Whatever comes in and whatever happens around it: refused in words, never a crash, never much memory, nothing lost.

mod broken;
mod certificates;
mod doubts;
mod faults;
mod isolation;
mod memory;
mod messages;
mod silence;
mod surroundings;
