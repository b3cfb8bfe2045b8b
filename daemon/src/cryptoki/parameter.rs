//! Parameters of mechanisms as they travel: the fields of their structures one after the other, in the widths that
//! clients send.

use cryptoki_sys as ck;
use pkcs11::{
    Ulong,
    mechanism::{
        Ccm, Context, FURTHER_KEYS_MAX, Hkdf, Kdf, Oaep, PARTS_MAX, Parameter, Part, Salt, Shape,
        Width, initial_value,
    },
    size,
};

use super::{Arguments, Entry, Garbled};

type Read<T> = Result<T, Garbled>;

/// The parameter of this shape; none when it is another, or none is there that must be.
pub(crate) fn read(shape: Shape, parameter: Option<&[u8]>) -> Option<Parameter> {
    let Some(bytes) = parameter.filter(|bytes| !bytes.is_empty()) else {
        let needs_none = matches!(
            shape,
            Shape::None | Shape::Context | Shape::Eddsa | Shape::Default(_)
        );
        return needs_none.then_some(Parameter::None);
    };
    let mut arguments = Arguments::new(bytes);
    let read = match shape {
        Shape::None => None,
        Shape::Iv(length) => iv(bytes, length),
        Shape::Default(length) => iv(bytes, length)
            .filter(|own| *own == Parameter::Iv(initial_value(length).to_vec()))
            .map(|_| Parameter::None),
        Shape::Counter => counter(bytes),
        Shape::Gcm => gcm(bytes, true).or_else(|Garbled| gcm(bytes, false)).ok(),
        Shape::Number => {
            let number = arguments.count_or_number().ok();
            number.map(|number| Parameter::Number(pkcs11::ulong(number)))
        }
        Shape::Ccm => ccm(&mut arguments).ok(),
        Shape::ChaCha20 => chacha20(&mut arguments).ok(),
        Shape::Poly1305 => poly1305(&mut arguments).ok(),
        Shape::Oaep => oaep(&mut arguments).ok().map(Parameter::Oaep),
        Shape::RsaAes => rsa_aes(&mut arguments).ok(),
        Shape::Pss => pss(&mut arguments).ok(),
        Shape::Eddsa => eddsa(&mut arguments).ok(),
        Shape::Context => context(&mut arguments, false).ok(),
        Shape::HashContext => context(&mut arguments, true).ok(),
        Shape::Ecdh => ecdh(&mut arguments).ok(),
        Shape::Hkdf => hkdf(&mut arguments).ok(),
        Shape::Kdf | Shape::Feedback => {
            let read = kdf(&mut arguments, shape == Shape::Feedback);
            read.map(|(own, _)| Parameter::Kdf(own)).ok()
        }
    }?;
    let is_whole = matches!(
        shape,
        Shape::Iv(_) | Shape::Default(_) | Shape::Counter | Shape::Gcm
    );
    (is_whole || arguments.end().is_ok()).then_some(read)
}

/// The templates of the keys that a parameter of this shape asks for besides.
pub(crate) fn further_keys(shape: Shape, parameter: Option<&[u8]>) -> Option<Vec<Vec<Entry>>> {
    if !matches!(shape, Shape::Kdf | Shape::Feedback) {
        return Some(Vec::new());
    }
    let mut arguments = Arguments::new(parameter?);
    let read = kdf(&mut arguments, shape == Shape::Feedback);
    read.map(|(_, further)| further).ok()
}

/// An IV is an array, so its count stands before it; some clients leave that out.
fn iv(bytes: &[u8], length: usize) -> Option<Parameter> {
    let counted = || {
        let mut arguments = Arguments::new(bytes);
        let iv = arguments.bytes().ok()?;
        arguments.end().ok().map(|()| iv)
    };
    let iv = Some(bytes)
        .filter(|bytes| bytes.len() == length)
        .or_else(counted)?;
    (iv.len() == length).then(|| Parameter::Iv(iv.to_vec()))
}

/// Bits that count, a length to some and a number to others; and the block.
fn counter(bytes: &[u8]) -> Option<Parameter> {
    let (bits, block) = bytes.split_at_checked(bytes.len().checked_sub(16)?)?;
    let bits = match bits.len() {
        4 | 8 => number(bits),
        _ => return None,
    };
    Some(Parameter::Counter(bits, block.to_vec()))
}

fn number(bytes: &[u8]) -> Ulong {
    bytes
        .iter()
        .fold(0, |all, byte| (all << 8) | Ulong::from(*byte))
}

/// IV, its bits, additional data, bits of the tag. Numbers of bits are lengths to some and numbers to others: how long
/// the whole is tells which.
fn gcm(bytes: &[u8], wide: bool) -> Read<Parameter> {
    let mut arguments = Arguments::new(bytes);
    let iv = arguments.bytes()?;
    let width = if wide { 8 } else { 4 };
    arguments.take(width)?;
    let additional = arguments.bytes()?;
    let bits = arguments.take(width)?;
    arguments.end()?;
    Ok(Parameter::Gcm(
        iv.to_vec(),
        additional.to_vec(),
        number(bits),
    ))
}

/// Length of the data, nonce, additional data, length of the MAC.
fn ccm(arguments: &mut Arguments<'_>) -> Read<Parameter> {
    Ok(Parameter::Ccm(Ccm {
        data_bytes: arguments.ulong()?,
        nonce: arguments.bytes()?.to_vec(),
        additional: arguments.bytes()?.to_vec(),
        mac_bytes: arguments.ulong()?,
    }))
}

/// Block counter, its bits, nonce, its bits.
fn chacha20(arguments: &mut Arguments<'_>) -> Read<Parameter> {
    let counter = arguments.bytes()?.to_vec();
    let counter_bits = arguments.count_or_number()?;
    let nonce = arguments.bytes()?.to_vec();
    let nonce_bits = arguments.count_or_number()?;
    if (counter_bits, nonce_bits) != (counter.len() * 8, nonce.len() * 8) {
        return Err(Garbled);
    }
    Ok(Parameter::ChaCha20(counter, nonce))
}

/// Nonce, additional data.
fn poly1305(arguments: &mut Arguments<'_>) -> Read<Parameter> {
    let nonce = arguments.bytes()?.to_vec();
    Ok(Parameter::Poly1305(nonce, arguments.bytes()?.to_vec()))
}

/// Hash, mask, source, label.
fn oaep(arguments: &mut Arguments<'_>) -> Read<Oaep> {
    let (hash, mask) = (arguments.ulong()?, arguments.ulong()?);
    let source = arguments.ulong()?;
    let label = arguments.bytes()?.to_vec();
    if source != ck::CKZ_DATA_SPECIFIED && (source != 0 || !label.is_empty()) {
        return Err(Garbled);
    }
    Ok(Oaep { hash, mask, label })
}

/// Bits of the AES key between, whether there is a parameter for what is around it, and that.
fn rsa_aes(arguments: &mut Arguments<'_>) -> Read<Parameter> {
    let bits = arguments.ulong()?;
    if ![128, 192, 256].contains(&bits) || !arguments.flag()? {
        return Err(Garbled);
    }
    Ok(Parameter::RsaAes(bits, oaep(arguments)?))
}

/// Hash, mask, length of the salt: a length to some and a number to others.
fn pss(arguments: &mut Arguments<'_>) -> Read<Parameter> {
    let (hash, mask) = (arguments.ulong()?, arguments.ulong()?);
    let salt = pkcs11::ulong(arguments.count_or_number()?);
    Ok(Parameter::Pss(hash, mask, salt))
}

/// Whether a digest is signed, context.
fn eddsa(arguments: &mut Arguments<'_>) -> Read<Parameter> {
    Ok(Parameter::Context(Context {
        is_prehashed: arguments.flag()?,
        bytes: arguments.bytes()?.to_vec(),
        is_deterministic: false,
        hash: None,
    }))
}

/// How a signature is hedged, context; of a digest, its hash.
fn context(arguments: &mut Arguments<'_>, names_hash: bool) -> Read<Parameter> {
    let hedge = arguments.ulong()?;
    let bytes = arguments.bytes()?.to_vec();
    let hash = names_hash.then(|| arguments.ulong()).transpose()?;
    let own = Context::hedged(hedge, bytes, hash);
    own.map(Parameter::Context).map_err(|_| Garbled)
}

/// Function, shared information, public key.
fn ecdh(arguments: &mut Arguments<'_>) -> Read<Parameter> {
    let kdf = arguments.ulong()?;
    let shared = arguments.bytes()?.to_vec();
    Ok(Parameter::Ecdh(kdf, shared, arguments.bytes()?.to_vec()))
}

fn hkdf(arguments: &mut Arguments<'_>) -> Read<Parameter> {
    let (extracts, expands) = (arguments.flag()?, arguments.flag()?);
    let (hash, salt_kind) = (arguments.ulong()?, arguments.ulong()?);
    let salt = arguments.bytes()?.to_vec();
    let key = arguments.ulong()?;
    let salt = if extracts {
        Salt::of_kind(salt_kind, salt, key).map_err(|_| Garbled)?
    } else {
        Salt::None
    };
    Ok(Parameter::Hkdf(Hkdf {
        extracts,
        expands,
        hash,
        salt,
        info: arguments.bytes()?.to_vec(),
    }))
}

/// Function, parts behind their count, IV where it is fed back, templates of further keys behind their count.
fn kdf(arguments: &mut Arguments<'_>, feeds_back: bool) -> Read<(Kdf, Vec<Vec<Entry>>)> {
    let prf = arguments.ulong()?;
    let count = arguments.count()?;
    if count > PARTS_MAX {
        return Err(Garbled);
    }
    let parts: Read<Vec<_>> = (0..count).map(|_| part(arguments)).collect();
    let parts = parts?;
    let iv = if feeds_back {
        arguments.bytes()?.to_vec()
    } else {
        Vec::new()
    };
    // Where there are none, some clients send a number.
    let count = match arguments.rest() {
        [0, 0, 0, 0, 0, 0, 0, 0] => size(arguments.ulong()?),
        _ => arguments.count()?,
    };
    if count > FURTHER_KEYS_MAX {
        return Err(Garbled);
    }
    let further: Read<Vec<_>> = (0..count).map(|_| arguments.template()).collect();
    let own = Kdf {
        prf,
        parts,
        iv,
        more_keys: pkcs11::ulong(count),
    };
    Ok((own, further?))
}

fn part(arguments: &mut Arguments<'_>) -> Read<Part> {
    let kind = arguments.ulong()?;
    let value = arguments.bytes()?;
    let mut own = Arguments::new(value);
    let part = match kind {
        ck::CK_SP800_108_ITERATION_VARIABLE if value.is_empty() => Part::Iteration(None),
        ck::CK_SP800_108_ITERATION_VARIABLE => Part::Iteration(Some(width(&mut own)?)),
        ck::CK_SP800_108_COUNTER => Part::Counter(width(&mut own)?),
        ck::CK_SP800_108_DKM_LENGTH => {
            let method = own.ulong()?;
            Part::length(method, width(&mut own)?).map_err(|_| Garbled)?
        }
        ck::CK_SP800_108_KEY_HANDLE => Part::Key(own.ulong()?),
        ck::CK_SP800_108_BYTE_ARRAY => return Ok(Part::Bytes(value.to_vec())),
        _ => return Err(Garbled),
    };
    own.end().map(|()| part)
}

/// Whether a number is little-endian, and its bits.
fn width(arguments: &mut Arguments<'_>) -> Read<Width> {
    Ok(Width {
        is_little_endian: arguments.flag()?,
        bits: arguments.ulong()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_in_the_widths_that_clients_send() {
        let mut wide = vec![0, 0, 0, 12];
        wide.extend([7; 12]);
        wide.extend([0, 0, 0, 0, 0, 0, 0, 96, 0, 0, 0, 1, 9]);
        wide.extend([0, 0, 0, 0, 0, 0, 0, 128]);
        let mut narrow = vec![0, 0, 0, 12];
        narrow.extend([7; 12]);
        narrow.extend([0, 0, 0, 96, 0, 0, 0, 1, 9, 0, 0, 0, 128]);
        let expected = Parameter::Gcm(vec![7; 12], vec![9], 128);
        for bytes in [&wide, &narrow] {
            assert_eq!(read(Shape::Gcm, Some(bytes)), Some(expected.clone()));
        }
        for cut in 0..wide.len() {
            assert_eq!(read(Shape::Gcm, Some(&wide[..cut])), None, "cut at {cut}");
        }
    }

    #[test]
    fn a_mechanism_takes_its_own_parameter_and_no_other() {
        let iv = [
            0, 0, 0, 16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
        ];
        let expected = Some(Parameter::Iv(iv[4..].to_vec()));
        assert_eq!(read(Shape::Iv(16), Some(&iv)), expected);
        assert_eq!(read(Shape::Iv(16), Some(&iv[4..])), expected);
        for (shape, parameter) in [
            (Shape::Iv(16), None),
            (Shape::Iv(16), Some(&iv[..12])),
            (Shape::None, Some(&iv[..])),
            (Shape::Kdf, Some(&iv[..])),
            (Shape::Hkdf, Some(&iv[..])),
        ] {
            assert_eq!(read(shape, parameter), None, "{shape:?}");
        }
    }
}
