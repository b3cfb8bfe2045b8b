//! The parameters of calls as bytes (KMIP 2.1 Profiles §5.18): numbers of eight bytes, counts of four, all big-endian;
//! structures without their pointers; arrays behind their counts; a byte that says whether a buffer or a value is there.

use zeroize::Zeroizing;

use super::{Form, form};

/// The number of the C interface.
pub(crate) type Ulong = cryptoki_sys::CK_ULONG;

/// A length as a number of the C interface.
pub(crate) fn ulong(length: usize) -> Ulong {
    Ulong::try_from(length).unwrap_or(Ulong::MAX)
}

/// A number of the C interface as a length.
pub(crate) fn size(number: Ulong) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    pub(crate) kind: Ulong,
    /// Its value: numbers are big-endian.
    pub(crate) value: Option<&'a [u8]>,
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

    pub(crate) fn template(&mut self) -> Result<Vec<Entry<'a>>, Garbled> {
        let count = self.count()?;
        if count > ENTRIES_MAX {
            return Err(Garbled);
        }
        (0..count).map(|_| self.entry()).collect()
    }

    fn entry(&mut self) -> Result<Entry<'a>, Garbled> {
        let kind = self.ulong()?;
        let (has_value, has_length) = (self.flag()?, self.flag()?);
        let element = form(kind);
        let length = match element.array_element_bytes() {
            Some(_) if has_length => Some(self.count()?),
            _ => None,
        };
        let bytes = match element.array_element_bytes() {
            Some(bytes) => length.unwrap_or(0).checked_mul(bytes).ok_or(Garbled)?,
            // An empty date is one that has no length.
            None if element == Form::Date && !has_length => 0,
            None => element.fixed_bytes(),
        };
        let value = if has_value {
            Some(self.take(bytes)?)
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
}

/// The number that bytes are.
pub(crate) fn number(bytes: &[u8]) -> Option<Ulong> {
    let wide = u64::from_be_bytes(*bytes.first_chunk().filter(|_| bytes.len() == 8)?);
    #[allow(
        clippy::unnecessary_fallible_conversions,
        clippy::useless_conversion,
        reason = "the number is narrower on some machines"
    )]
    Ulong::try_from(wide).ok()
}

/// A number as bytes.
pub(crate) fn number_bytes(number: Ulong) -> [u8; 8] {
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

    /// An attribute with its value, or one that has none to tell.
    pub(crate) fn attribute(&mut self, kind: Ulong, value: Option<&[u8]>) {
        self.ulong(kind);
        let Some(value) = value else {
            self.raw(&[0, 0]);
            return;
        };
        let has = !value.is_empty();
        self.flag(has);
        self.flag(has);
        if let Some(bytes) = form(kind).array_element_bytes().filter(|_| has) {
            self.count(value.len() / bytes);
        }
        self.raw(value);
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
            .map(|entry| (entry.kind, entry.value.map(<[u8]>::to_vec), entry.length))
            .collect();
        let class = number_bytes(ck::CKO_SECRET_KEY).to_vec();
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
            (ck::CKA_VALUE_LEN, &[0, 0, 0, 0, 0, 0, 0, 32]),
        ] {
            let mut output = Output::default();
            output.count(1);
            output.attribute(kind, Some(value));
            let mut arguments = Arguments::new(output.bytes());
            let template = arguments.template().unwrap();
            assert_eq!(template[0].value, Some(value));
            assert_eq!(arguments.end(), Ok(()));
        }
    }
}
