//! The parameters of calls as bytes (KMIP 2.1 Profiles §5.18): numbers of eight bytes, counts of four, all big-endian;
//! structures without their pointers; arrays behind their counts; a byte that says whether a buffer or a value is there.

use zeroize::Zeroizing;

use pkcs11::{
    Ulong,
    attribute::{Form, form, number as in_c, number_bytes as to_c},
    size,
};

/// The bytes are not what the function takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Garbled;

/// A caller's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// Whether there is one; without it only its length is asked for.
    pub(crate) is_there: bool,
    /// How long it is.
    pub(crate) length: usize,
}

/// One attribute of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: Ulong,
    /// Its value in C.
    pub(crate) value: Option<Zeroizing<Vec<u8>>>,
    /// How many elements its buffer has, where it is an array and has one.
    pub(crate) length: Option<usize>,
}

/// The arguments of a call, read one after the other.
pub(crate) struct Arguments<'a> {
    rest: &'a [u8],
}

impl<'a> Arguments<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// So many bytes.
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Garbled> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Garbled)?;
        self.rest = rest;
        Ok(taken)
    }

    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], Garbled> {
        self.take(N)?.try_into().map_err(|_| Garbled)
    }

    pub(crate) fn flag(&mut self) -> Result<bool, Garbled> {
        match self.chunk()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(Garbled),
        }
    }

    pub(crate) fn ulong(&mut self) -> Result<Ulong, Garbled> {
        number(&self.chunk::<8>()?).ok_or(Garbled)
    }

    pub(crate) fn count(&mut self) -> Result<usize, Garbled> {
        usize::try_from(u32::from_be_bytes(self.chunk()?)).map_err(|_| Garbled)
    }

    /// Bytes behind their count.
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Garbled> {
        let count = self.count()?;
        self.take(count)
    }

    /// A buffer: whether it is there, and its length.
    pub(crate) fn room(&mut self) -> Result<Room, Garbled> {
        Ok(Room {
            is_there: self.flag()?,
            length: self.count()?,
        })
    }

    /// A mechanism and its parameter, whose whole length stands before it.
    pub(crate) fn mechanism(&mut self) -> Result<(Ulong, Option<&'a [u8]>), Garbled> {
        let kind = self.ulong()?;
        let parameter = if self.flag()? {
            Some(self.bytes()?)
        } else {
            None
        };
        Ok((kind, parameter))
    }

    pub(crate) fn template(&mut self) -> Result<Vec<Entry>, Garbled> {
        let count = self.count()?;
        if count > ENTRIES_MAX {
            return Err(Garbled);
        }
        (0..count).map(|_| self.entry()).collect()
    }

    fn entry(&mut self) -> Result<Entry, Garbled> {
        let kind = self.ulong()?;
        let (has_value, has_length) = (self.flag()?, self.flag()?);
        let element = form(kind);
        let length = match array_element_bytes(element) {
            Some(_) if has_length => Some(self.count()?),
            _ => None,
        };
        let bytes = match array_element_bytes(element) {
            Some(bytes) => length.unwrap_or(0).checked_mul(bytes).ok_or(Garbled)?,
            // An empty date is one that has no length.
            None if element == Form::Date && !has_length => 0,
            None => fixed_bytes(element),
        };
        let value = if has_value {
            Some(read_value(element, self.take(bytes)?)?)
        } else {
            None
        };
        Ok(Entry {
            kind,
            value,
            length,
        })
    }

    /// A count that some clients send as a number.
    pub(crate) fn count_or_number(&mut self) -> Result<usize, Garbled> {
        if self.rest.len() == 8 {
            self.ulong().map(size)
        } else {
            self.count()
        }
    }

    /// That nothing follows.
    pub(crate) const fn end(&self) -> Result<(), Garbled> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Garbled)
        }
    }

    /// How much follows.
    pub(crate) const fn len(&self) -> usize {
        self.rest.len()
    }

    /// What follows.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

/// How many bytes an element of an attribute has that is an array.
const fn array_element_bytes(form: Form) -> Option<usize> {
    match form {
        // A template in a template comes packed, as the crate `pkcs11` has it.
        Form::Bytes | Form::Template | Form::Text => Some(1),
        Form::Numbers => Some(8),
        Form::Date | Form::Flag | Form::Number => None,
    }
}

/// How many bytes an attribute has that is no array.
const fn fixed_bytes(form: Form) -> usize {
    match form {
        Form::Flag => 1,
        _ => 8,
    }
}

/// A value that came as one in C.
fn read_value(form: Form, value: &[u8]) -> Result<Zeroizing<Vec<u8>>, Garbled> {
    let read = |one: &[u8]| number(one).map(to_c).ok_or(Garbled);
    Ok(Zeroizing::new(match form {
        Form::Number => read(value)?,
        Form::Numbers => {
            let all: Result<Vec<_>, _> = value.chunks_exact(8).map(read).collect();
            all?.concat()
        }
        _ => value.to_vec(),
    }))
}

/// A value in C as it travels.
fn written(form: Form, value: &[u8]) -> Zeroizing<Vec<u8>> {
    let write = |one: &[u8]| in_c(one).map_or([0xFF; 8], number_bytes).to_vec();
    Zeroizing::new(match form {
        Form::Number => write(value),
        Form::Numbers => value
            .chunks_exact(size_of::<Ulong>())
            .flat_map(write)
            .collect(),
        _ => value.to_vec(),
    })
}

/// The number that bytes are.
fn number(bytes: &[u8]) -> Option<Ulong> {
    let wide = u64::from_be_bytes(*bytes.first_chunk().filter(|_| bytes.len() == 8)?);
    #[allow(
        clippy::unnecessary_fallible_conversions,
        clippy::useless_conversion,
        reason = "the number is narrower on some machines"
    )]
    Ulong::try_from(wide).ok()
}

/// A number as bytes.
fn number_bytes(number: Ulong) -> [u8; 8] {
    #[allow(
        clippy::useless_conversion,
        reason = "the number is narrower on some machines"
    )]
    u64::from(number).to_be_bytes()
}

/// The most attributes of a template.
const ENTRIES_MAX: usize = 1024;

/// What a call returns beside its code.
#[derive(Default)]
pub(crate) struct Output {
    bytes: Zeroizing<Vec<u8>>,
}

impl Output {
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn flag(&mut self, flag: bool) {
        self.raw(&[u8::from(flag)]);
    }

    pub(crate) fn ulong(&mut self, number: Ulong) {
        self.raw(&number_bytes(number));
    }

    pub(crate) fn count(&mut self, count: usize) {
        self.raw(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
    }

    /// What stands in a caller's buffer: the bytes where it is there and long enough, else their number alone.
    pub(crate) fn buffer(&mut self, bytes: Option<&[u8]>, length: usize) {
        self.flag(bytes.is_some());
        self.count(length);
        self.raw(bytes.unwrap_or_default());
    }

    /// What stands in a caller's buffer of numbers.
    pub(crate) fn numbers(&mut self, numbers: Option<&[Ulong]>, count: usize) {
        self.flag(numbers.is_some());
        self.count(count);
        for number in numbers.unwrap_or_default() {
            self.ulong(*number);
        }
    }

    /// An attribute with its value in C, or one that has none to tell.
    pub(crate) fn attribute(&mut self, kind: Ulong, value: Option<&[u8]>) {
        self.ulong(kind);
        let Some(value) = value else {
            self.raw(&[0, 0]);
            return;
        };
        let value = written(form(kind), value);
        let has = !value.is_empty();
        self.flag(has);
        self.flag(has);
        if let Some(bytes) = array_element_bytes(form(kind)).filter(|_| has) {
            self.count(value.len() / bytes);
        }
        self.raw(&value);
    }
}

#[cfg(test)]
mod tests {
    use cryptoki_sys as ck;

    use super::*;

    #[test]
    fn a_template_is_read_by_the_forms_of_its_attributes() {
        let mut bytes = vec![0, 0, 0, 4];
        // CKA_CLASS: a number, which has no count before it.
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 4]);
        // CKA_LABEL: an array of two.
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 3, 1, 1, 0, 0, 0, 2, b'h', b'i']);
        // CKA_TOKEN: a flag.
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
        // CKA_ID: asked for, with a buffer of nine.
        bytes.extend([0, 0, 0, 0, 0, 0, 1, 2, 0, 1, 0, 0, 0, 9]);
        let mut arguments = Arguments::new(&bytes);
        let template = arguments.template().unwrap();
        assert_eq!(arguments.end(), Ok(()));
        let values: Vec<_> = template
            .iter()
            .map(|entry| {
                (
                    entry.kind,
                    entry.value.as_ref().map(|own| own.to_vec()),
                    entry.length,
                )
            })
            .collect();
        let class = to_c(ck::CKO_SECRET_KEY);
        assert_eq!(
            values,
            [
                (ck::CKA_CLASS, Some(class), None),
                (ck::CKA_LABEL, Some(b"hi".to_vec()), Some(2)),
                (ck::CKA_TOKEN, Some(vec![1]), None),
                (ck::CKA_ID, None, Some(9)),
            ]
        );
    }

    #[test]
    fn every_cut_and_every_wild_length_is_garbled() {
        let whole = [
            0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 3, 1, 1, 0, 0, 0, 2, b'h', b'i',
        ];
        for cut in 0..whole.len() {
            assert_eq!(Arguments::new(&whole[..cut]).template(), Err(Garbled));
        }
        for wild in [[0xFF; 4], [0x7F, 0xFF, 0xFF, 0xFF]] {
            let mut bytes = whole;
            bytes[14..18].copy_from_slice(&wild);
            assert_eq!(Arguments::new(&bytes).template(), Err(Garbled));
            bytes[..4].copy_from_slice(&wild);
            assert_eq!(Arguments::new(&bytes).template(), Err(Garbled));
        }
    }

    #[test]
    fn an_attribute_is_written_as_it_is_read() {
        for (kind, value) in [
            (ck::CKA_LABEL, &b"label"[..]),
            (ck::CKA_TOKEN, &[1]),
            (ck::CKA_VALUE_LEN, &to_c(32)),
        ] {
            let mut output = Output::default();
            output.count(1);
            output.attribute(kind, Some(value));
            let mut arguments = Arguments::new(output.bytes());
            let template = arguments.template().unwrap();
            assert_eq!(template[0].value.as_ref().unwrap().as_slice(), value);
            assert_eq!(arguments.end(), Ok(()));
        }
    }
}
