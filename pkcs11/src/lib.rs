//! The words of PKCS #11, and what each means in KMIP: mechanisms, attributes, templates, objects.
//!
//! Whoever speaks PKCS #11 here says the same with them: the module to its host, the daemon to callers of KMIP's PKCS#11
//! operation. Nothing here calls anybody, and nothing knows in which form a call came.
#![forbid(unsafe_code)]

pub mod attribute;
pub mod between;
mod brought;
pub mod change;
pub mod class;
pub mod curve;
pub mod derive;
mod dsa;
pub mod facts;
pub mod features;
pub mod material;
pub mod mechanism;
pub mod nested;
pub mod new;
mod number;
pub mod pages;
pub mod post_quantum;
mod rv;
mod search;
pub mod template;
pub mod wrap;

pub use self::{
    brought::Brought,
    facts::Facts,
    material::Material,
    number::{UNAVAILABLE, Ulong, size, ulong},
    rv::{Result, Rv},
    search::Search,
    template::{Entry, Template},
};
