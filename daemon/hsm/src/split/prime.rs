//! Sharing over the integers modulo a prime: arithmetic of fixed length, in constant time (KMIP 1.2 §2.2.5).

use kmip::Secret;
use openssl::bn::{BigNum, BigNumContext};
use subtle::{Choice, ConditionallySelectable};
use zeroize::Zeroizing;

use super::Part;
use crate::{Error, Result, soft::engine::failed};

/// The integers modulo a prime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrimeField {
    /// The prime, least significant limb first.
    modulus: Vec<u64>,
    /// The prime, big-endian without zeros in front.
    bytes: Vec<u8>,
    /// −1/p mod 2⁶⁴.
    factor: u64,
    /// R² mod p, where R is 2⁶⁴ to the number of limbs.
    square: Vec<u64>,
}

type Element = Zeroizing<Vec<u64>>;

/// The largest prime served, in bits: enough for secrets of 2,048 bits, and tested in a tenth of a second.
const PRIME_BITS_MAX: i32 = 2_112;

impl PrimeField {
    /// The field of a prime, given big-endian.
    ///
    /// # Errors
    /// [`Error::BadInput`] where it is no prime, [`Error::Unsupported`] where it is larger than is served.
    pub fn new(prime: &[u8]) -> Result<Self> {
        let number = BigNum::from_slice(prime).map_err(failed)?;
        if number.num_bits() > PRIME_BITS_MAX {
            return Err(Error::Unsupported);
        }
        let mut context = BigNumContext::new().map_err(failed)?;
        // Two is a prime, but no secret is smaller than half of it.
        if !number.is_bit_set(0) || !number.is_prime(64, &mut context).map_err(failed)? {
            return Err(Error::BadInput("the prime field's size is no odd prime"));
        }
        let bytes = number.to_vec();
        let modulus = limbs(&bytes, bytes.len().div_ceil(8)).to_vec();
        let lowest = modulus.first().copied().unwrap_or(1);
        // Newton's iteration doubles the bits that are right, from the one of any odd number.
        let inverse = (0..6).fold(1_u64, |own, _| {
            own.wrapping_mul(2_u64.wrapping_sub(lowest.wrapping_mul(own)))
        });
        let mut square = BigNum::new().map_err(failed)?;
        let bits = i32::try_from(modulus.len() * 128).map_err(|_| Error::Unsupported)?;
        square.set_bit(bits).map_err(failed)?;
        let mut rest = BigNum::new().map_err(failed)?;
        rest.nnmod(&square, &number, &mut context).map_err(failed)?;
        Ok(Self {
            square: limbs(&rest.to_vec(), modulus.len()).to_vec(),
            factor: inverse.wrapping_neg(),
            modulus,
            bytes,
        })
    }

    /// The prime's length in bits.
    #[must_use]
    pub fn bits(&self) -> usize {
        let zeros = self.bytes.first().map_or(0, |first| first.leading_zeros());
        (self.bytes.len() * 8).saturating_sub(usize::try_from(zeros).unwrap_or(0))
    }

    pub(super) fn split(
        &self,
        secret: &Secret,
        parts: u16,
        threshold: u16,
        random: &mut dyn FnMut(&mut [u8]) -> Result<()>,
    ) -> Result<Vec<Secret>> {
        // KMIP 1.2 §2.2.5: the prime is bigger than 2^L.
        if secret.len() * 8 >= self.bits() {
            return Err(Error::BadInput("the prime is too small for the secret"));
        }
        let mut coefficients = Vec::with_capacity(usize::from(threshold));
        for _ in 1..threshold {
            coefficients.push(self.random(random)?);
        }
        coefficients.push(limbs(secret.expose(), self.modulus.len()));
        let place = |at: u16| {
            let at = limbs(&at.to_be_bytes(), self.modulus.len());
            let start = Zeroizing::new(vec![0; self.modulus.len()]);
            let sum = coefficients.iter().fold(start, |sum, coefficient| {
                self.add(&self.multiply(&sum, &at), coefficient)
            });
            self.to_bytes(&sum)
        };
        Ok((1..=parts).map(place).collect())
    }

    /// The value at a place of the polynomial through the parts (Lagrange).
    pub(super) fn interpolate(&self, parts: &[Part<'_>], at: u16) -> Result<Secret> {
        let mut sum = Zeroizing::new(vec![0; self.modulus.len()]);
        for part in parts {
            if part.bytes.len() != self.bytes.len() {
                return Err(Error::BadInput("a part that is not as long as the prime"));
            }
            let value = limbs(part.bytes.expose(), self.modulus.len());
            if bool::from(!self.is_reduced(&value)) {
                return Err(Error::BadInput("a part that is larger than the prime"));
            }
            let weight = self.weight(parts, part.identifier, at)?;
            sum = self.add(&sum, &self.multiply(&value, &weight));
        }
        Ok(self.to_bytes(&sum))
    }

    /// Π (at − other) / (own − other), of public numbers.
    fn weight(&self, parts: &[Part<'_>], own: u16, at: u16) -> Result<Element> {
        let mut context = BigNumContext::new().map_err(failed)?;
        let prime = BigNum::from_slice(&self.bytes).map_err(failed)?;
        let mut above = BigNum::from_u32(1).map_err(failed)?;
        let mut below = BigNum::from_u32(1).map_err(failed)?;
        for part in parts.iter().filter(|part| part.identifier != own) {
            for (product, minuend) in [(&mut above, at), (&mut below, own)] {
                let minuend = BigNum::from_u32(minuend.into()).map_err(failed)?;
                let other = BigNum::from_u32(part.identifier.into()).map_err(failed)?;
                let mut difference = BigNum::new().map_err(failed)?;
                difference
                    .mod_sub(&minuend, &other, &prime, &mut context)
                    .map_err(failed)?;
                let mut next = BigNum::new().map_err(failed)?;
                next.mod_mul(product, &difference, &prime, &mut context)
                    .map_err(failed)?;
                *product = next;
            }
        }
        let mut inverse = BigNum::new().map_err(failed)?;
        inverse
            .mod_inverse(&below, &prime, &mut context)
            .map_err(|_| Error::BadInput("two parts have the same place in the field"))?;
        let mut weight = BigNum::new().map_err(failed)?;
        weight
            .mod_mul(&above, &inverse, &prime, &mut context)
            .map_err(failed)?;
        Ok(limbs(&weight.to_vec(), self.modulus.len()))
    }

    /// A uniform element: what is not below the prime is thrown away, and tells nothing of what is kept.
    fn random(&self, random: &mut dyn FnMut(&mut [u8]) -> Result<()>) -> Result<Element> {
        let mut bytes = Zeroizing::new(vec![0; self.bytes.len()]);
        let mask = self.bytes.first().map_or(0, |first| {
            u8::MAX.checked_shr(first.leading_zeros()).unwrap_or(0)
        });
        for _ in 0..RANDOM_TRIES_MAX {
            random(&mut bytes)?;
            if let Some(first) = bytes.first_mut() {
                *first &= mask;
            }
            let element = limbs(&bytes, self.modulus.len());
            if bool::from(self.is_reduced(&element)) {
                return Ok(element);
            }
        }
        Err(Error::Failed(
            "the random generator repeats itself".to_owned(),
        ))
    }

    fn is_reduced(&self, element: &[u64]) -> Choice {
        let (_, borrow) = subtract(element, &self.modulus);
        borrow
    }

    fn add(&self, a: &[u64], b: &[u64]) -> Element {
        let mut sum = Zeroizing::new(Vec::with_capacity(a.len() + 1));
        let mut carry = 0;
        for (a, b) in a.iter().zip(b) {
            let (low, high) = halves(u128::from(*a) + u128::from(*b) + u128::from(carry));
            sum.push(low);
            carry = high;
        }
        sum.push(carry);
        self.once_reduced(&sum)
    }

    fn multiply(&self, a: &[u64], b: &[u64]) -> Element {
        self.montgomery(&self.montgomery(a, b), &self.square)
    }

    /// a · b / R mod p (Montgomery).
    fn montgomery(&self, a: &[u64], b: &[u64]) -> Element {
        let count = self.modulus.len();
        let mut sum = Zeroizing::new(vec![0; count + 2]);
        for digit in a {
            add_product(&mut sum, *digit, b);
            let quotient = sum.first().map_or(0, |low| low.wrapping_mul(self.factor));
            add_product(&mut sum, quotient, &self.modulus);
            // The lowest limb is zero now.
            sum.rotate_left(1);
        }
        let sum: &[u64] = &sum;
        self.once_reduced(sum.split_at_checked(count + 1).map_or(sum, |(own, _)| own))
    }

    /// A number below twice the prime, with one limb more, modulo the prime.
    fn once_reduced(&self, number: &[u64]) -> Element {
        let mut padded = Zeroizing::new(self.modulus.clone());
        padded.push(0);
        let (less, is_less) = subtract(number, &padded);
        let chosen = less
            .iter()
            .zip(number)
            .take(self.modulus.len())
            .map(|(less, number)| u64::conditional_select(less, number, is_less));
        Zeroizing::new(chosen.collect())
    }

    /// Big-endian, as long as the prime.
    fn to_bytes(&self, element: &[u64]) -> Secret {
        let mut bytes = Zeroizing::new(Vec::with_capacity(element.len() * 8));
        for limb in element.iter().rev() {
            bytes.extend(limb.to_be_bytes());
        }
        let zeros = bytes.len().saturating_sub(self.bytes.len());
        Secret::from(bytes.get(zeros..).unwrap_or_default())
    }
}

/// A generator that fails so often is broken: one try succeeds with more than one half.
const RANDOM_TRIES_MAX: usize = 200;

/// Limbs of a big-endian number, the least significant first; what is beyond `count` limbs must be zero.
fn limbs(bytes: &[u8], count: usize) -> Element {
    let mut limbs = Zeroizing::new(Vec::with_capacity(count));
    for chunk in bytes.rchunks(8).take(count) {
        let limb = chunk
            .iter()
            .fold(0_u64, |limb, byte| (limb << 8) | u64::from(*byte));
        limbs.push(limb);
    }
    limbs.resize(count, 0);
    limbs
}

/// sum += digit · number.
fn add_product(sum: &mut [u64], digit: u64, number: &[u64]) {
    let mut carry = 0;
    let rest = number.iter().chain(std::iter::repeat(&0));
    for (place, limb) in sum.iter_mut().zip(rest) {
        let wide = u128::from(digit) * u128::from(*limb) + u128::from(*place) + u128::from(carry);
        (*place, carry) = halves(wide);
    }
}

/// a − b and whether it is negative.
fn subtract(a: &[u64], b: &[u64]) -> (Element, Choice) {
    let mut difference = Zeroizing::new(Vec::with_capacity(a.len()));
    let mut borrow = 0;
    for (a, b) in a.iter().zip(b) {
        let wide = u128::from(*a)
            .wrapping_sub(u128::from(*b))
            .wrapping_sub(u128::from(borrow));
        let (low, high) = halves(wide);
        difference.push(low);
        borrow = high & 1;
    }
    (difference, Choice::from(u8::from(borrow == 1)))
}

/// The lower and the upper half.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the halves of a number are what is wanted"
)]
const fn halves(wide: u128) -> (u64, u64) {
    (wide as u64, (wide >> 64) as u64)
}
