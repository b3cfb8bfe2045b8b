//! What functions return, as tables of calls: the exact code for each argument that is wrong.

mod arguments;
mod templates;
