//! Objects: finding, reading, changing, copying, bringing and destroying them.

mod finding;
mod latches;
mod making;
mod reading;
