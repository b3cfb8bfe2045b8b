//! The PKCS#11 module backend on SoftHSM2.

#[cfg(test)]
mod cipher;
#[cfg(test)]
mod common;
#[cfg(test)]
mod custody;
#[cfg(test)]
mod group;
#[cfg(test)]
mod seal;
#[cfg(test)]
mod sign;
#[cfg(test)]
#[path = "../softhsm/mod.rs"]
mod softhsm;
#[cfg(test)]
mod token;
#[cfg(test)]
mod transport;
#[cfg(test)]
mod wrapped;
