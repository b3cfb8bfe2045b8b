//! RSA numbers that do not make a key, or not a safe one.

use hsm::{Material, soft::PlainKey};
use kmip::mechanism::KeySpec;
use openssl::bn::{BigNum, BigNumContext};

use super::{RSA, private, refused};
use crate::make::{
    RSA_ENCRYPTION, RsaNumbers, copy, next_prime, number, pkcs8, plus, prime, roca_modulus,
};

/// An honest key with one number replaced.
fn with(change: impl FnOnce(&mut RsaNumbers)) -> Material {
    let mut key = RsaNumbers::honest(2048);
    change(&mut key);
    private(RSA, key.pkcs8())
}

#[test]
fn public_numbers() {
    assert!(PlainKey::from_material(&with(|_| ())).is_ok());
    let keys = vec![
        (
            "RSA of 1016 bits",
            private(
                KeySpec::Rsa { bits: 1016 },
                RsaNumbers::honest(1016).pkcs8(),
            ),
        ),
        (
            "e = d = 1",
            with(|key| {
                (key.e, key.d, key.dp, key.dq) = (number(1), number(1), number(1), number(1));
            }),
        ),
        (
            "e = 3",
            private(
                RSA,
                RsaNumbers::of(prime(1024), prime(1024), number(3)).pkcs8(),
            ),
        ),
        ("e = 0", with(|key| key.e = number(0))),
        ("e = 65536", with(|key| key.e = number(65_536))),
        ("another e", with(|key| key.e = number(65_539))),
        (
            "e of 257 bits",
            with(|key| {
                let mut e = number(1);
                e.set_bit(256).unwrap();
                key.e = e;
            }),
        ),
        ("another n", with(|key| key.n = plus(&key.n, 2))),
        ("an even n", with(|key| key.n = plus(&key.n, 1))),
        ("n = 0", with(|key| key.n = number(0))),
    ];
    refused(&keys, 10);
}

#[test]
fn private_exponents() {
    let keys = vec![
        ("another d", with(|key| key.d = plus(&key.d, 2))),
        ("d = 0", with(|key| key.d = number(0))),
        ("a small d", with(|key| key.d = plus(&number(0), 65_537))),
        ("d above n", with(|key| key.d = plus(&key.n, 2))),
    ];
    refused(&keys, 4);
}

#[test]
fn factors_and_their_numbers() {
    let keys = vec![
        ("another dP", with(|key| key.dp = plus(&key.dp, 1))),
        ("another dQ", with(|key| key.dq = plus(&key.dq, 1))),
        (
            "another qInv",
            with(|key| key.inverse = plus(&key.inverse, 1)),
        ),
        ("qInv = 0", with(|key| key.inverse = number(0))),
        (
            "p and q exchanged without their inverse",
            with(|key| {
                std::mem::swap(&mut key.p, &mut key.q);
                std::mem::swap(&mut key.dp, &mut key.dq);
            }),
        ),
        (
            "p = 1, q = n",
            with(|key| (key.p, key.q) = (number(1), copy(&key.n))),
        ),
        ("p = 0", with(|key| key.p = number(0))),
        ("another p", with(|key| key.p = plus(&key.p, 2))),
        (
            "no factors",
            with(|key| {
                for number_of in [
                    &mut key.p,
                    &mut key.q,
                    &mut key.dp,
                    &mut key.dq,
                    &mut key.inverse,
                ] {
                    *number_of = number(0);
                }
            }),
        ),
    ];
    refused(&keys, 9);
}

#[test]
fn unsafe_factors() {
    let e = || number(65_537);
    let p = prime(1024);
    let close = next_prime(&p);
    let same = copy(&p);
    let composite = {
        let mut product = BigNum::new().unwrap();
        let mut context = BigNumContext::new().unwrap();
        product
            .checked_mul(&prime(512), &prime(512), &mut context)
            .unwrap();
        product
    };
    // Their n has 2048 bits only when the factors fill them; the loop takes one that does.
    let full = |make: &dyn Fn() -> RsaNumbers| {
        let mut keys = std::iter::repeat_with(make);
        keys.find(|key| key.n.num_bits() == 2048).unwrap()
    };
    let unequal = full(&|| RsaNumbers::of(prime(1536), prime(512), e()));
    let small = full(&|| RsaNumbers::of(prime(2041), number(101), e()));
    let roca = {
        let numbers = RsaNumbers::honest(2048);
        RsaNumbers {
            n: roca_modulus(),
            ..numbers
        }
    };
    let keys = vec![
        (
            "p = q",
            private(RSA, RsaNumbers::of(copy(&p), same, e()).pkcs8()),
        ),
        (
            "p next to q",
            private(RSA, RsaNumbers::of(close, p, e()).pkcs8()),
        ),
        (
            "a factor that is none",
            private(RSA, RsaNumbers::of(prime(1024), composite, e()).pkcs8()),
        ),
        ("factors of unequal length", private(RSA, unequal.pkcs8())),
        ("a factor of 101", private(RSA, small.pkcs8())),
        ("a modulus as ROCA's", private(RSA, roca.pkcs8())),
        (
            "no PKCS #1 inside",
            private(RSA, pkcs8(RSA_ENCRYPTION, &[0x30, 0])),
        ),
    ];
    refused(&keys, 7);
}
