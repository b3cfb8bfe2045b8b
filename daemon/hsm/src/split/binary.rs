//! Sharing over GF(2⁸) and GF(2¹⁶), in constant time (KMIP 1.2 §2.2.5).

use kmip::Secret;
use zeroize::Zeroizing;

use super::Part;
use crate::{Error, Result};

/// A field of characteristic 2. Adding is XOR.
#[derive(Clone, Copy)]
pub(super) enum BinaryField {
    /// GF(2)\[x\] / (x⁸ + x⁴ + x³ + x² + 1), what KMIP 3.0 calls Polynomial-285 and the test cases of 1.4 and 2.1 split with.
    Gf8,
    /// GF(2⁸)\[y\] / (y² + y + {3A}) over the field of AES, x⁸ + x⁴ + x³ + x + 1 (FIPS 197 §4); an element is two bytes,
    /// that of y first.
    Gf16,
}

type Elements = Zeroizing<Vec<u16>>;

impl BinaryField {
    pub(super) fn split(
        self,
        secret: &Secret,
        parts: u16,
        threshold: u16,
        random: &mut dyn FnMut(&mut [u8]) -> Result<()>,
    ) -> Result<Vec<Secret>> {
        let secret = self.elements(secret.expose());
        let mut coefficients = Vec::with_capacity(usize::from(threshold));
        for _ in 1..threshold {
            let mut bytes = Zeroizing::new(vec![0; secret.len() * self.element_bytes()]);
            random(&mut bytes)?;
            coefficients.push(self.elements(&bytes));
        }
        // Horner's rule begins with the highest power and ends with the secret.
        coefficients.push(secret);
        let place = |at: u16| {
            let mut sum = Zeroizing::new(vec![0; coefficients.last().map_or(0, |own| own.len())]);
            for power in &coefficients {
                for (sum, coefficient) in sum.iter_mut().zip(power.iter()) {
                    *sum = self.multiply(*sum, at) ^ coefficient;
                }
            }
            self.bytes(&sum)
        };
        Ok((1..=parts).map(place).collect())
    }

    /// The value at a place of the polynomial through the parts (Lagrange).
    pub(super) fn interpolate(self, parts: &[Part<'_>], at: u16) -> Result<Secret> {
        let length = parts.first().map_or(0, |part| part.bytes.len());
        if !length.is_multiple_of(self.element_bytes()) {
            return Err(Error::BadInput(
                "a part that is no whole number of elements",
            ));
        }
        let mut sum = Zeroizing::new(vec![0; length / self.element_bytes()]);
        for part in parts {
            let weight = self.weight(parts, part.identifier, at)?;
            let values = self.elements(part.bytes.expose());
            for (sum, value) in sum.iter_mut().zip(values.iter()) {
                *sum ^= self.multiply(*value, weight);
            }
        }
        Ok(self.bytes(&sum))
    }

    /// Π (at − other) / (own − other), of public numbers.
    fn weight(self, parts: &[Part<'_>], own: u16, at: u16) -> Result<u16> {
        if matches!(self, Self::Gf8) && (own > 0xFF || at > 0xFF) {
            return Err(Error::BadInput("a part's number is beyond the field"));
        }
        let others = parts.iter().filter(|part| part.identifier != own);
        let (above, below) = others.fold((1, 1), |(above, below), part| {
            (
                self.multiply(above, at ^ part.identifier),
                self.multiply(below, own ^ part.identifier),
            )
        });
        Ok(self.multiply(above, self.inverse(below)))
    }

    fn multiply(self, a: u16, b: u16) -> u16 {
        match self {
            Self::Gf8 => u16::from(multiply_bytes(low(a), low(b), POLYNOMIAL_285)),
            Self::Gf16 => {
                let ([r, s], [u, v]) = (a.to_be_bytes(), b.to_be_bytes());
                let multiply = |a, b| multiply_bytes(a, b, POLYNOMIAL_283);
                let (ru, sv) = (multiply(r, u), multiply(s, v));
                // (ry + s)(uy + v), where y² is y + {3A}.
                let y = multiply(r ^ s, u ^ v) ^ sv;
                u16::from_be_bytes([y, multiply(ru, 0x3A) ^ sv])
            }
        }
    }

    /// a^(2ⁿ − 2): the inverse, and zero of zero.
    fn inverse(self, a: u16) -> u16 {
        let (mut power, mut product) = (a, 1);
        for _ in 1..8 * self.element_bytes() {
            power = self.multiply(power, power);
            product = self.multiply(product, power);
        }
        product
    }

    const fn element_bytes(self) -> usize {
        match self {
            Self::Gf8 => 1,
            Self::Gf16 => 2,
        }
    }

    fn elements(self, bytes: &[u8]) -> Elements {
        let elements = bytes.chunks(self.element_bytes());
        Zeroizing::new(
            elements
                .map(|element| match *element {
                    [byte] if matches!(self, Self::Gf8) => u16::from(byte),
                    [high] => u16::from_be_bytes([high, 0]),
                    [high, low, ..] => u16::from_be_bytes([high, low]),
                    [] => 0,
                })
                .collect(),
        )
    }

    fn bytes(self, elements: &[u16]) -> Secret {
        let mut bytes = Vec::with_capacity(elements.len() * self.element_bytes());
        for element in elements {
            let both = element.to_be_bytes();
            bytes.extend(both.iter().skip(both.len() - self.element_bytes()));
        }
        Secret::new(bytes)
    }
}

const fn low(element: u16) -> u8 {
    let [_, low] = element.to_be_bytes();
    low
}

/// What x⁸ is in each of the fields.
const POLYNOMIAL_283: u8 = 0x1B;
const POLYNOMIAL_285: u8 = 0x1D;

/// The product of two bytes as polynomials, bit by bit: what is added is masked, never branched on.
fn multiply_bytes(a: u8, b: u8, polynomial: u8) -> u8 {
    let (mut product, mut shifted) = (0, a);
    for bit in 0..8 {
        product ^= shifted & all_or_none(b >> bit);
        shifted = (shifted << 1) ^ (polynomial & all_or_none(shifted >> 7));
    }
    product
}

/// All bits where the lowest is set.
const fn all_or_none(bit: u8) -> u8 {
    0_u8.wrapping_sub(bit & 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_multiply_as_in_aes() {
        // FIPS 197 §4.2 and §4.2.1.
        assert_eq!(multiply_bytes(0x57, 0x83, POLYNOMIAL_283), 0xC1);
        assert_eq!(multiply_bytes(0x57, 0x13, POLYNOMIAL_283), 0xFE);
    }

    #[test]
    fn every_element_but_zero_has_an_inverse() {
        for (field, last) in [(BinaryField::Gf8, 0xFF), (BinaryField::Gf16, 0xFFFF)] {
            for a in 1..=last {
                assert_eq!(field.multiply(a, field.inverse(a)), 1, "{a:x}");
            }
        }
    }
}
