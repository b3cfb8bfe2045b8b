//! Splitting against an independent reconstruction: Lagrange over table-driven fields and OpenSSL's integers.

use openssl::bn::{BigNum, BigNumContext};
use proptest::prelude::*;

use super::*;

/// GF(2⁸) by logarithms to the base 3 or 2, which no code outside of tests may use.
struct Logarithms {
    power: [u8; 255],
    log: [usize; 256],
}

impl Logarithms {
    /// The field whose x⁸ this is, and one of its primitive elements.
    fn new(polynomial: u16, base: u16) -> Self {
        let (mut power, mut log) = ([0; 255], [0; 256]);
        let mut element = 1_u16;
        for (at, power) in power.iter_mut().enumerate() {
            *power = u8::try_from(element).unwrap();
            log[usize::from(*power)] = at;
            element = (element << 1) ^ if base == 3 { element } else { 0 };
            if element > 0xFF {
                element ^= polynomial;
            }
        }
        Self { power, log }
    }

    fn multiply(&self, a: u8, b: u8) -> u8 {
        if a == 0 || b == 0 {
            return 0;
        }
        self.power[(self.log[usize::from(a)] + self.log[usize::from(b)]) % 255]
    }

    fn divide(&self, a: u8, b: u8) -> u8 {
        assert_ne!(b, 0);
        if a == 0 {
            return 0;
        }
        self.power[(self.log[usize::from(a)] + 255 - self.log[usize::from(b)]) % 255]
    }

    /// The secret of shares (x, bytes).
    fn reconstruct(&self, shares: &[(u8, &[u8])]) -> Vec<u8> {
        (0..shares[0].1.len())
            .map(|at| {
                shares.iter().fold(0, |sum, (own, bytes)| {
                    let others = shares.iter().filter(|(other, _)| other != own);
                    sum ^ others.fold(bytes[at], |term, (other, _)| {
                        self.divide(self.multiply(term, *other), own ^ other)
                    })
                })
            })
            .collect()
    }
}

/// The product in GF(2¹⁶) by long multiplication of polynomials in y whose coefficients are logarithms' products.
fn multiply16(fields: &Logarithms, a: u16, b: u16) -> u16 {
    let ([a1, a0], [b1, b0]) = (a.to_be_bytes(), b.to_be_bytes());
    let y2 = fields.multiply(a1, b1);
    let y1 = fields.multiply(a1, b0) ^ fields.multiply(a0, b1) ^ y2;
    let y0 = fields.multiply(a0, b0) ^ fields.multiply(y2, 0x3A);
    u16::from_be_bytes([y1, y0])
}

fn reconstruct16(fields: &Logarithms, shares: &[(u16, &[u8])]) -> Vec<u8> {
    let inverse = |a: u16| {
        // The group has 65,535 elements.
        (0..65_534).fold(1, |power, _| multiply16(fields, power, a))
    };
    let weights: Vec<u16> = shares
        .iter()
        .map(|(own, _)| {
            let others = shares.iter().filter(|(other, _)| other != own);
            others.fold(1, |weight, (other, _)| {
                let weight = multiply16(fields, weight, *other);
                multiply16(fields, weight, inverse(own ^ other))
            })
        })
        .collect();
    let pieces = shares[0].1.len() / 2;
    (0..pieces)
        .flat_map(|at| {
            let terms = shares.iter().zip(&weights).map(|((_, bytes), weight)| {
                let value = u16::from_be_bytes([bytes[2 * at], bytes[2 * at + 1]]);
                multiply16(fields, value, *weight)
            });
            terms.fold(0, |sum, term| sum ^ term).to_be_bytes()
        })
        .collect()
}

fn reconstruct_prime(prime: &[u8], shares: &[(u16, &[u8])]) -> Vec<u8> {
    let mut context = BigNumContext::new().unwrap();
    let prime = BigNum::from_slice(prime).unwrap();
    let mut sum = BigNum::new().unwrap();
    for (own, bytes) in shares {
        let mut term = BigNum::from_slice(bytes).unwrap();
        for (other, _) in shares.iter().filter(|(other, _)| other != own) {
            let (own, other) = (
                BigNum::from_u32((*own).into()).unwrap(),
                BigNum::from_u32((*other).into()).unwrap(),
            );
            let (mut below, mut inverse, mut next) = (
                BigNum::new().unwrap(),
                BigNum::new().unwrap(),
                BigNum::new().unwrap(),
            );
            below.mod_sub(&other, &own, &prime, &mut context).unwrap();
            inverse.mod_inverse(&below, &prime, &mut context).unwrap();
            next.mod_mul(&term, &other, &prime, &mut context).unwrap();
            term.mod_mul(&next, &inverse, &prime, &mut context).unwrap();
        }
        let mut next = BigNum::new().unwrap();
        next.mod_add(&sum, &term, &prime, &mut context).unwrap();
        sum = next;
    }
    sum.to_vec_padded(prime.num_bytes()).unwrap()
}

/// 2⁵²¹ − 1.
fn mersenne() -> Vec<u8> {
    let mut prime = vec![0xFF; 66];
    prime[0] = 0x01;
    prime
}

fn random(out: &mut [u8]) -> Result<()> {
    crate::soft::rng::fill(out)
}

fn parts(made: &[Secret], chosen: impl IntoIterator<Item = usize>) -> Vec<Part<'_>> {
    chosen
        .into_iter()
        .map(|at| Part {
            identifier: u16::try_from(at + 1).unwrap(),
            bytes: &made[at],
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_threshold_of_parts_makes_the_secret(
        secret in proptest::collection::vec(any::<u8>(), 1..64),
        count in 2_u16..9,
        needed in 2_u16..9,
        order in any::<prop::sample::Index>(),
        which in 0_usize..3,
    ) {
        let needed = needed.min(count);
        let method = [Method::Gf8, Method::Gf16, Method::Prime(PrimeField::new(&mersenne()).unwrap())][which].clone();
        let secret = Secret::new(secret);
        let made = split(&secret, count, needed, &method, &mut random).unwrap();
        let mut places: Vec<usize> = (0..usize::from(count)).collect();
        places.rotate_left(order.index(usize::from(count)));
        let all = parts(&made, places);
        let few = &all[..usize::from(needed)];
        let joined = join(few, needed, &method).unwrap();
        // Every part beyond the threshold lies on the same polynomial.
        prop_assert!(join(&all, needed, &method).unwrap() == joined);
        prop_assert!(join(&all[..usize::from(needed) - 1], needed, &method).is_err());
        let shares: Vec<(u16, &[u8])> =
            few.iter().map(|part| (part.identifier, part.bytes.expose())).collect();
        let fields = Logarithms::new(0x11B, 3);
        let (wanted, independent) = match &method {
            Method::Gf8 => {
                let shares: Vec<_> =
                    shares.iter().map(|(at, bytes)| (u8::try_from(*at).unwrap(), *bytes)).collect();
                (secret.expose().to_vec(), Logarithms::new(0x11D, 2).reconstruct(&shares))
            }
            Method::Gf16 => {
                let mut wanted = secret.expose().to_vec();
                wanted.resize(secret.len().next_multiple_of(2), 0);
                (wanted, reconstruct16(&fields, &shares))
            }
            _ => {
                let mut wanted = vec![0; 66 - secret.len()];
                wanted.extend(secret.expose());
                (wanted, reconstruct_prime(&mersenne(), &shares))
            }
        };
        prop_assert_eq!(joined.expose(), &wanted[..]);
        prop_assert_eq!(independent, wanted);
    }

    #[test]
    fn all_parts_of_a_sum_make_the_secret(
        secret in proptest::collection::vec(any::<u8>(), 1..64),
        count in 2_u16..9,
    ) {
        let secret = Secret::new(secret);
        let made = split(&secret, count, count, &Method::Xor, &mut random).unwrap();
        let all = parts(&made, 0..usize::from(count));
        prop_assert!(join(&all, count, &Method::Xor).unwrap() == secret);
        prop_assert!(join(&all[1..], count, &Method::Xor).is_err());
        let sum = made.iter().fold(vec![0; secret.len()], |sum, part| {
            sum.iter().zip(part.expose()).map(|(a, b)| a ^ b).collect()
        });
        prop_assert_eq!(&sum[..], secret.expose());
    }

    #[test]
    fn integers_multiply_as_openssl_multiplies_them(
        a in proptest::collection::vec(any::<u8>(), 65),
        b in proptest::collection::vec(any::<u8>(), 65),
    ) {
        // One part of the line s + c·x is enough to see a product and a sum.
        let field = PrimeField::new(&mersenne()).unwrap();
        let mut coefficient = vec![0];
        coefficient.extend(&b);
        let made = split(&Secret::from(&a[..]), 200, 2, &Method::Prime(field), &mut |out| {
            out.copy_from_slice(&coefficient);
            Ok(())
        })
        .unwrap();
        let mut context = BigNumContext::new().unwrap();
        let prime = BigNum::from_slice(&mersenne()).unwrap();
        let (mut product, mut sum) = (BigNum::new().unwrap(), BigNum::new().unwrap());
        let at = BigNum::from_u32(200).unwrap();
        product.mod_mul(&BigNum::from_slice(&b).unwrap(), &at, &prime, &mut context).unwrap();
        sum.mod_add(&product, &BigNum::from_slice(&a).unwrap(), &prime, &mut context).unwrap();
        prop_assert_eq!(made[199].expose(), &sum.to_vec_padded(66).unwrap()[..]);
    }
}

#[test]
fn parts_that_do_not_belong_together_are_refused() {
    let secret = Secret::from(&[7; 16][..]);
    for method in [
        Method::Gf8,
        Method::Gf16,
        Method::Prime(PrimeField::new(&mersenne()).unwrap()),
    ] {
        let made = split(&secret, 4, 2, &method, &mut random).unwrap();
        let other = split(&secret, 4, 2, &method, &mut random).unwrap();
        let mut mixed = parts(&made, 0..2);
        mixed.extend(parts(&other, 2..3));
        assert!(join(&mixed, 2, &method).is_err(), "{method:?}");
        let twice = parts(&made, [0, 0]);
        assert!(join(&twice, 2, &method).is_err(), "{method:?}");
        let short = Secret::from(&made[1].expose()[..made[1].len() - 1]);
        let mut cut = parts(&made, [0]);
        cut.push(Part {
            identifier: 2,
            bytes: &short,
        });
        assert!(join(&cut, 2, &method).is_err(), "{method:?}");
        assert!(join(&[], 0, &method).is_err(), "{method:?}");
    }
}

#[test]
fn senseless_numbers_are_refused() {
    let secret = Secret::from(&[7; 16][..]);
    let refused = |parts, threshold, method: &Method| {
        split(&secret, parts, threshold, method, &mut random).is_err()
    };
    assert!(
        refused(3, 4, &Method::Gf8) && refused(3, 1, &Method::Gf8) && refused(0, 0, &Method::Gf8)
    );
    assert!(refused(256, 2, &Method::Gf8) && refused(3, 2, &Method::Xor));
    assert!(PrimeField::new(&[]).is_err() && PrimeField::new(&[2]).is_err());
    assert!(PrimeField::new(&[15]).is_err() && PrimeField::new(&[0xFF; 300]).is_err());
    // 2¹²⁷ − 1 is smaller than some secrets of 16 bytes.
    let mut small = [0xFF; 16];
    small[0] = 0x7F;
    let field = PrimeField::new(&small).unwrap();
    assert_eq!(field.bits(), 127);
    assert!(refused(3, 2, &Method::Prime(field)));
}
