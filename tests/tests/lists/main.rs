//! Lists in the documents, written from the program's tables and from its files: `UPDATE=1` writes, without it they are
//! compared.

mod map;
mod operations;
mod pkcs11;
