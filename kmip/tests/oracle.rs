//! An independent implementation as the oracle: `kmip-protocol` and `kmip-ttlv`, which speak parts of 1.0 to 1.2.

mod requests;
mod responses;
