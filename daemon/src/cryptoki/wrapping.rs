//! Parameters of mechanisms that wrap, as they travel: one leaves it to the daemon to make the IV.

use cryptoki_sys as ck;
use pkcs11::{
    Ulong,
    mechanism::{Parameter, Shape},
};

use super::{Arguments, Garbled, parameter::read};

/// The parameter of this shape by which a key is wrapped; none when it is another.
pub(crate) fn read_to_wrap(shape: Shape, parameter: Option<&[u8]>) -> Option<Parameter> {
    match of_gcm(shape, parameter) {
        Some(own) => own.into_wrapping(),
        None => read(shape, parameter),
    }
}

/// The parameter of this shape by which a key is unwrapped, for which an IV is always there.
pub(crate) fn read_to_unwrap(shape: Shape, parameter: Option<&[u8]>) -> Option<Parameter> {
    match of_gcm(shape, parameter) {
        Some(own) => Some(own.with_iv()),
        None => read(shape, parameter),
    }
}

/// `CK_GCM_WRAP_PARAMS`.
struct GcmWrap {
    iv: Vec<u8>,
    fixed_bits: Ulong,
    generator: ck::CK_GENERATOR_FUNCTION,
    additional: Vec<u8>,
    tag_bits: Ulong,
}

impl GcmWrap {
    /// IV, its bits that are fixed, how the others are made, additional data, bits of the tag.
    fn read(bytes: &[u8]) -> Result<Self, Garbled> {
        let mut arguments = Arguments::new(bytes);
        let own = Self {
            iv: arguments.bytes()?.to_vec(),
            fixed_bits: arguments.ulong()?,
            generator: arguments.ulong()?,
            additional: arguments.bytes()?.to_vec(),
            tag_bits: arguments.ulong()?,
        };
        arguments.end()?;
        // In CK_GCM_PARAMS another number stands there, which is none of these.
        let is_generator = GENERATORS.contains(&own.generator);
        is_generator.then_some(own).ok_or(Garbled)
    }

    fn with_iv(self) -> Parameter {
        Parameter::Gcm(self.iv, self.additional, self.tag_bits)
    }

    /// Every HSM generates in a way of its own; what is asked for besides is not served.
    fn into_wrapping(self) -> Option<Parameter> {
        match self.generator {
            ck::CKG_NO_GENERATE => Some(self.with_iv()),
            ck::CKG_GENERATE | ck::CKG_GENERATE_RANDOM => {
                let is_served = self.fixed_bits == 0 && self.iv.len() == IV_BYTES;
                is_served.then_some(Parameter::GcmWithoutIv(self.additional, self.tag_bits))
            }
            _ => None,
        }
    }
}

fn of_gcm(shape: Shape, parameter: Option<&[u8]>) -> Option<GcmWrap> {
    let bytes = parameter.filter(|_| shape == Shape::Gcm)?;
    GcmWrap::read(bytes).ok()
}

/// The IV that is made where the key is, as GCM wants it (SP 800-38D §8.2).
const IV_BYTES: usize = 12;

const GENERATORS: [ck::CK_GENERATOR_FUNCTION; 5] = [
    ck::CKG_NO_GENERATE,
    ck::CKG_GENERATE,
    ck::CKG_GENERATE_COUNTER,
    ck::CKG_GENERATE_RANDOM,
    ck::CKG_GENERATE_COUNTER_XOR,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(fixed_bits: u64, generator: ck::CK_GENERATOR_FUNCTION) -> Vec<u8> {
        let mut bytes = vec![0, 0, 0, 12];
        bytes.extend([7; 12]);
        bytes.extend(fixed_bits.to_be_bytes());
        bytes.extend(generator.to_be_bytes());
        bytes.extend([0, 0, 0, 2, 8, 9]);
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 96]);
        bytes
    }

    #[test]
    fn an_iv_is_made_or_given_as_the_parameter_says() {
        let given = Some(Parameter::Gcm(vec![7; 12], vec![8, 9], 96));
        let made = Some(Parameter::GcmWithoutIv(vec![8, 9], 96));
        let to_wrap = |bytes: &[u8]| read_to_wrap(Shape::Gcm, Some(bytes));
        let cases = [
            ((0, ck::CKG_NO_GENERATE), given.clone()),
            ((0, ck::CKG_GENERATE), made.clone()),
            ((0, ck::CKG_GENERATE_RANDOM), made),
            ((32, ck::CKG_GENERATE), None),
            ((0, ck::CKG_GENERATE_COUNTER), None),
            ((0, ck::CKG_GENERATE_COUNTER_XOR), None),
            ((0, 5), None),
        ];
        for ((fixed_bits, generator), expected) in cases {
            let bytes = parameter(fixed_bits, generator);
            assert_eq!(to_wrap(&bytes), expected, "{fixed_bits}, {generator}");
        }
        let bytes = parameter(0, ck::CKG_GENERATE);
        assert_eq!(read_to_unwrap(Shape::Gcm, Some(&bytes)), given);
        for cut in 0..bytes.len() {
            // Half a parameter may be a whole one of the usual kind, with a tag that nothing takes.
            let is_refused = match to_wrap(&bytes[..cut]) {
                None => true,
                Some(Parameter::Gcm(_, _, tag_bits)) => !(96..=128).contains(&tag_bits),
                Some(_) => false,
            };
            assert!(is_refused, "cut at {cut}");
        }
        let short = [&[0, 0, 0, 8], &bytes[8..]].concat();
        assert_eq!(to_wrap(&short), None);
        assert_eq!(read_to_wrap(Shape::Oaep, Some(&bytes)), None);
    }

    #[test]
    fn the_usual_parameter_stays_what_it_is() {
        for additional in [&[][..], &[0; 4], &[0; 8], &[0; 20]] {
            let mut bytes = vec![0, 0, 0, 12];
            bytes.extend([7; 12]);
            bytes.extend([0, 0, 0, 0, 0, 0, 0, 96]);
            bytes.extend(u32::try_from(additional.len()).unwrap().to_be_bytes());
            bytes.extend(additional);
            bytes.extend([0, 0, 0, 0, 0, 0, 0, 128]);
            let expected = Some(Parameter::Gcm(vec![7; 12], additional.to_vec(), 128));
            assert_eq!(read_to_wrap(Shape::Gcm, Some(&bytes)), expected);
        }
    }
}
