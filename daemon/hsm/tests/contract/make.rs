//! Keys nobody should make: DER written by hand, and RSA numbers put together as one likes.

use kmip::Secret;
use openssl::{
    bn::{BigNum, BigNumContext, BigNumRef},
    rsa::Rsa,
};

/// One DER element.
pub(crate) fn der(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len();
    let mut out = vec![tag];
    match length {
        0..=0x7f => out.push(u8::try_from(length).unwrap()),
        0x80..=0xff => out.extend([0x81, u8::try_from(length).unwrap()]),
        _ => {
            out.push(0x82);
            out.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
    }
    out.extend(contents);
    out
}

/// A SEQUENCE of elements.
pub(crate) fn sequence(elements: &[Vec<u8>]) -> Vec<u8> {
    der(0x30, &elements.concat())
}

/// A non-negative INTEGER.
pub(crate) fn integer(number: &BigNum) -> Vec<u8> {
    let mut bytes = number.to_vec();
    if bytes.first().is_none_or(|first| *first >= 0x80) {
        bytes.insert(0, 0);
    }
    der(2, &bytes)
}

/// PKCS #8 of an algorithm (the contents of its identifier's SEQUENCE) and a key.
pub(crate) fn pkcs8(algorithm: &str, key: &[u8]) -> Vec<u8> {
    sequence(&[
        der(2, &[0]),
        der(0x30, &hex::decode(algorithm).unwrap()),
        der(4, key),
    ])
}

/// `rsaEncryption` with its NULL.
pub(crate) const RSA_ENCRYPTION: &str = "06092a864886f70d0101010500";
/// `id-RSASSA-PSS` without parameters.
pub(crate) const RSASSA_PSS: &str = "06092a864886f70d01010a";
/// `id-ecPublicKey` on P-256.
pub(crate) const EC_P256: &str = "06072a8648ce3d020106082a8648ce3d030107";
/// `id-Ed25519`.
pub(crate) const ED25519: &str = "06032b6570";
/// `id-Ed448`.
pub(crate) const ED448: &str = "06032b6571";
/// `id-X25519`.
pub(crate) const X25519: &str = "06032b656e";
/// `id-X448`.
pub(crate) const X448: &str = "06032b656f";
/// `id-alg-ml-kem-768`.
pub(crate) const ML_KEM_768: &str = "0609608648016503040402";
/// `id-ml-dsa-65`.
pub(crate) const ML_DSA_65: &str = "0609608648016503040312";
/// `id-slh-dsa-sha2-128s`.
pub(crate) const SLH_DSA_SHA2_128S: &str = "0609608648016503040314";

/// The nine numbers of an RSA private key.
pub(crate) struct RsaNumbers {
    pub(crate) n: BigNum,
    pub(crate) e: BigNum,
    pub(crate) d: BigNum,
    pub(crate) p: BigNum,
    pub(crate) q: BigNum,
    pub(crate) dp: BigNum,
    pub(crate) dq: BigNum,
    pub(crate) inverse: BigNum,
}

pub(crate) fn number(number: u32) -> BigNum {
    BigNum::from_u32(number).unwrap()
}

pub(crate) fn copy(number: &BigNumRef) -> BigNum {
    number.to_owned().unwrap()
}

impl RsaNumbers {
    /// The numbers of an honest key.
    pub(crate) fn honest(bits: u32) -> Self {
        let key = Rsa::generate(bits).unwrap();
        let own = |number: Option<&BigNumRef>| copy(number.unwrap());
        Self {
            n: own(Some(key.n())),
            e: own(Some(key.e())),
            d: own(Some(key.d())),
            p: own(key.p()),
            q: own(key.q()),
            dp: own(key.dmp1()),
            dq: own(key.dmq1()),
            inverse: own(key.iqmp()),
        }
    }

    /// All numbers that follow from two factors and an exponent, as if the factors were prime.
    pub(crate) fn of(p: BigNum, q: BigNum, e: BigNum) -> Self {
        let mut context = BigNumContext::new().unwrap();
        let less = |number: &BigNum| {
            let mut less = copy(number);
            less.sub_word(1).unwrap();
            less
        };
        let new = || BigNum::new().unwrap();
        let (mut n, mut phi, mut d, mut dp, mut dq, mut inverse) =
            (new(), new(), new(), new(), new(), new());
        n.checked_mul(&p, &q, &mut context).unwrap();
        phi.checked_mul(&less(&p), &less(&q), &mut context).unwrap();
        d.mod_inverse(&e, &phi, &mut context).unwrap();
        dp.nnmod(&d, &less(&p), &mut context).unwrap();
        dq.nnmod(&d, &less(&q), &mut context).unwrap();
        if inverse.mod_inverse(&q, &p, &mut context).is_err() {
            inverse = number(1);
        }
        Self {
            n,
            e,
            d,
            p,
            q,
            dp,
            dq,
            inverse,
        }
    }

    /// PKCS #1 RSAPrivateKey.
    pub(crate) fn pkcs1(&self) -> Vec<u8> {
        let numbers = [
            &self.n,
            &self.e,
            &self.d,
            &self.p,
            &self.q,
            &self.dp,
            &self.dq,
            &self.inverse,
        ];
        let mut elements = vec![der(2, &[0])];
        elements.extend(numbers.map(integer));
        sequence(&elements)
    }

    /// PKCS #8.
    pub(crate) fn pkcs8(&self) -> Secret {
        Secret::new(pkcs8(RSA_ENCRYPTION, &self.pkcs1()))
    }
}

/// A prime of so many bits with which 65537 has an inverse.
pub(crate) fn prime(bits: i32) -> BigNum {
    loop {
        let mut prime = BigNum::new().unwrap();
        prime.generate_prime(bits, false, None, None).unwrap();
        if prime.mod_word(65_537).unwrap() != 1 && prime.mod_word(3).unwrap() != 1 {
            return prime;
        }
    }
}

/// The next prime above, with which 65537 has an inverse.
pub(crate) fn next_prime(above: &BigNum) -> BigNum {
    let mut context = BigNumContext::new().unwrap();
    let mut next = copy(above);
    loop {
        next.add_word(2).unwrap();
        if next.is_prime_fasttest(20, &mut context, true).unwrap()
            && next.mod_word(65_537).unwrap() != 1
        {
            return next;
        }
    }
}

/// A sum.
pub(crate) fn plus(number: &BigNum, more: u32) -> BigNum {
    let mut sum = copy(number);
    sum.add_word(more).unwrap();
    sum
}

/// 2048 bits that are 1 = 65537⁰ modulo every small prime.
pub(crate) fn roca_modulus() -> BigNum {
    let mut context = BigNumContext::new().unwrap();
    let mut product = number(2);
    for odd in (3..168_u32).step_by(2) {
        if (2..odd).all(|divisor| odd % divisor != 0) {
            product.mul_word(odd).unwrap();
        }
    }
    let (mut top, mut rest, mut n) = (number(0), number(0), number(0));
    top.set_bit(2047).unwrap();
    top.set_bit(2046).unwrap();
    rest.checked_rem(&top, &product, &mut context).unwrap();
    n.checked_sub(&top, &rest).unwrap();
    plus(&n, 1)
}
