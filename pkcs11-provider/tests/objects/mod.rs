//! Objects: finding, reading, changing, copying, bringing and destroying them.

mod finding;
mod making;
mod reading;
