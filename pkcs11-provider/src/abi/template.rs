//! Templates: arrays of attributes that a caller passes, some of which are arrays of attributes themselves.

use std::borrow::Cow;

use cryptoki_sys as ck;
use pkcs11::{
    Entry, Result, Rv, UNAVAILABLE, Ulong,
    attribute::{Form, form},
    nested, size, ulong,
};

use super::pointer::In;

/// The longest template read; the longest one the standard gives has some forty entries.
const ENTRIES_MAX: Ulong = 1024;

/// The longest value of an attribute read (16 MiB), more than the daemon takes: what claims to be longer is a mistake.
const VALUE_BYTES_MAX: Ulong = 16 << 20;

/// A caller's template; templates in it are packed.
pub(crate) struct Given<'a>(Vec<(Ulong, Cow<'a, [u8]>)>);

impl Given<'_> {
    /// Its entries.
    pub(crate) fn entries(&self) -> Vec<Entry<'_>> {
        let entries = self.0.iter();
        entries
            .map(|(kind, value)| Entry { kind: *kind, value })
            .collect()
    }
}

/// A template as its entries.
///
/// # Safety
/// Unless null, the pointer leads to `count` attributes, whose values stay as they are during the call; the values of
/// templates in it are such arrays, too.
pub(crate) unsafe fn template<'a>(
    pointer: *const ck::CK_ATTRIBUTE,
    count: Ulong,
) -> Result<Given<'a>> {
    let given = positions(pointer, count)?.map(|position| {
        // SAFETY: the caller vouches for the entries.
        let entry = unsafe { pointer.add(position).read_unaligned() };
        if form(entry.type_) == Form::Template {
            // SAFETY: the caller vouches for the entries of each template in it.
            return unsafe { packed(&entry) }.map(|packed| (entry.type_, Cow::Owned(packed)));
        }
        // SAFETY: the caller vouches for each entry's value.
        let value = unsafe { value(&entry) }?;
        Ok((entry.type_, Cow::Borrowed(value)))
    });
    given.collect::<Result<_>>().map(Given)
}

/// The positions of a template's entries.
fn positions<T>(pointer: *const T, count: Ulong) -> Result<std::ops::Range<usize>> {
    if count > 0 && (pointer.is_null() || count > ENTRIES_MAX) {
        return Err(Rv::ARGUMENTS_BAD);
    }
    Ok(0..size(count))
}

/// # Safety
/// Unless null, the entry's pointer leads to as many bytes as it says.
unsafe fn value<'a>(entry: &ck::CK_ATTRIBUTE) -> Result<&'a [u8]> {
    // SAFETY: as above.
    let value = unsafe { In::new(entry.pValue.cast_const().cast(), entry.ulValueLen) };
    if entry.ulValueLen > VALUE_BYTES_MAX {
        return Err(Rv::ATTRIBUTE_VALUE_INVALID);
    }
    value.bytes().map_err(|_| Rv::ATTRIBUTE_VALUE_INVALID)
}

/// # Safety
/// Unless null, the entry's pointer leads to an array of attributes of the length that it says, with their values.
unsafe fn packed(entry: &ck::CK_ATTRIBUTE) -> Result<Vec<u8>> {
    let each = ulong(size_of::<ck::CK_ATTRIBUTE>());
    if !entry.ulValueLen.is_multiple_of(each) {
        return Err(Rv::ATTRIBUTE_VALUE_INVALID);
    }
    let first = entry.pValue.cast_const().cast::<ck::CK_ATTRIBUTE>();
    let all = positions(first, entry.ulValueLen / each);
    let entries = all
        .map_err(|_| Rv::ATTRIBUTE_VALUE_INVALID)?
        .map(|position| {
            // SAFETY: as above.
            let one = unsafe { first.add(position).read_unaligned() };
            // SAFETY: as above.
            let value = unsafe { value(&one) }?;
            Ok(Entry {
                kind: one.type_,
                value,
            })
        });
    nested::packed(&entries.collect::<Result<Vec<_>>>()?)
}

/// Answers a template of questions, every entry of it (PKCS #11 3.1 §5.7.5).
///
/// # Safety
/// Unless null, the pointer leads to `count` attributes, whose values may be written during the call; the values of
/// templates in it are such arrays, too.
pub(crate) unsafe fn answer_template<'v>(
    pointer: *mut ck::CK_ATTRIBUTE,
    count: Ulong,
    mut value_of: impl FnMut(Ulong) -> Result<Cow<'v, [u8]>>,
) -> Result<()> {
    let mut result = Ok(());
    for position in positions(pointer, count)? {
        // SAFETY: the caller vouches for the entries.
        let place = unsafe { pointer.add(position) };
        // SAFETY: as above.
        let mut entry = unsafe { place.read_unaligned() };
        let answer = value_of(entry.type_).and_then(|value| {
            if form(entry.type_) == Form::Template {
                // SAFETY: the caller vouches for the entries of each template in it.
                return unsafe { give_template(&mut entry, &value) };
            }
            // SAFETY: the caller vouches for `ulValueLen` writable bytes.
            unsafe { give(&entry, &value) }
        });
        match answer {
            Ok(length) => entry.ulValueLen = ulong(length),
            Err(rv) => {
                // The entries of a template say themselves which of them has no room.
                if form(entry.type_) != Form::Template || rv != Rv::BUFFER_TOO_SMALL {
                    entry.ulValueLen = UNAVAILABLE;
                }
                let of_the_entry = [
                    Rv::ATTRIBUTE_SENSITIVE,
                    Rv::ATTRIBUTE_TYPE_INVALID,
                    Rv::BUFFER_TOO_SMALL,
                ];
                // The first entry that failed names the result, but for a failure of the whole call.
                if result.is_ok() || !of_the_entry.contains(&rv) {
                    result = Err(rv);
                }
            }
        }
        // SAFETY: as where it was read, and a template of questions may be written.
        unsafe { place.write_unaligned(entry) };
    }
    result
}

/// Writes a value where there is room for it, and tells its length.
///
/// # Safety
/// Unless null, the entry's pointer leads to as many writable bytes as it says.
unsafe fn give(entry: &ck::CK_ATTRIBUTE, value: &[u8]) -> Result<usize> {
    if entry.pValue.is_null() {
        return Ok(value.len());
    }
    if size(entry.ulValueLen) < value.len() {
        return Err(Rv::BUFFER_TOO_SMALL);
    }
    // SAFETY: the caller vouches for `ulValueLen` writable bytes, which are enough.
    unsafe { std::ptr::copy_nonoverlapping(value.as_ptr(), entry.pValue.cast(), value.len()) };
    Ok(value.len())
}

/// Writes a template where there is room for it: its types, and those values that there is room for.
///
/// # Safety
/// Unless null, the entry's pointer leads to an array of attributes of the length that it says, each with a pointer that
/// is null or leads to as many writable bytes as it says.
unsafe fn give_template(entry: &mut ck::CK_ATTRIBUTE, packed: &[u8]) -> Result<usize> {
    let inner = nested::unpacked(packed).ok_or(Rv::DEVICE_ERROR)?;
    let length = inner.len() * size_of::<ck::CK_ATTRIBUTE>();
    if entry.pValue.is_null() || length == 0 {
        return Ok(length);
    }
    if size(entry.ulValueLen) < length {
        entry.ulValueLen = UNAVAILABLE;
        return Err(Rv::BUFFER_TOO_SMALL);
    }
    entry.ulValueLen = ulong(length);
    let mut result = Ok(length);
    for (position, (kind, value)) in inner.into_iter().enumerate() {
        // SAFETY: the caller vouches for an array of at least this length.
        let place = unsafe { entry.pValue.cast::<ck::CK_ATTRIBUTE>().add(position) };
        // SAFETY: as above.
        let mut one = unsafe { place.read_unaligned() };
        one.type_ = kind;
        // SAFETY: the caller vouches for the value's place.
        match unsafe { give(&one, &value) } {
            Ok(length) => one.ulValueLen = ulong(length),
            Err(rv) => {
                one.ulValueLen = UNAVAILABLE;
                result = Err(rv);
            }
        }
        // SAFETY: as above.
        unsafe { place.write_unaligned(one) };
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_need_be_aligned() {
        let mut memory = [0_u64; 16];
        let place = memory
            .as_mut_ptr()
            .cast::<u8>()
            .wrapping_add(1)
            .cast::<ck::CK_ATTRIBUTE>();
        let label = *b"label";
        let entry = ck::CK_ATTRIBUTE {
            type_: ck::CKA_LABEL,
            pValue: label.as_ptr().cast_mut().cast(),
            ulValueLen: 5,
        };
        // SAFETY: the memory of this test has room for an entry, from its second byte on.
        unsafe {
            place.write_unaligned(entry);
            assert_eq!(template(place, 1).unwrap().entries()[0].value, b"label");
            let answer = |_| Ok(Cow::Borrowed(b"new".as_slice()));
            let mut buffer = [0_u8; 8];
            place.write_unaligned(ck::CK_ATTRIBUTE {
                pValue: buffer.as_mut_ptr().cast(),
                ulValueLen: 8,
                ..entry
            });
            assert_eq!(answer_template(place, 1, answer), Ok(()));
            assert_eq!(place.read_unaligned().ulValueLen, 3);
            assert_eq!(buffer, *b"new\0\0\0\0\0");
        }
    }

    #[test]
    fn a_template_in_a_template_is_told_in_two_steps() {
        let own = [ck::CK_ATTRIBUTE {
            type_: ck::CKA_LABEL,
            pValue: b"label".as_ptr().cast_mut().cast(),
            ulValueLen: 5,
        }];
        let each = size_of::<ck::CK_ATTRIBUTE>();
        let entry = ck::CK_ATTRIBUTE {
            type_: ck::CKA_WRAP_TEMPLATE,
            pValue: own.as_ptr().cast_mut().cast(),
            ulValueLen: ulong(each),
        };
        // SAFETY: entries of our own, with values of our own.
        let given = unsafe { template(&raw const entry, 1) }.unwrap();
        let packed = given.entries()[0].value.to_vec();
        let ask = |question: &mut ck::CK_ATTRIBUTE| {
            let answer = |_| Ok(Cow::Borrowed(packed.as_slice()));
            // SAFETY: as above.
            unsafe { answer_template(question, 1, answer) }
        };
        let mut buffer = [0_u8; 5];
        let mut inner = ck::CK_ATTRIBUTE {
            type_: 0,
            pValue: std::ptr::null_mut(),
            ulValueLen: 0,
        };
        let mut question = ck::CK_ATTRIBUTE {
            pValue: std::ptr::null_mut(),
            ulValueLen: 0,
            ..entry
        };
        assert_eq!(ask(&mut question), Ok(()));
        assert_eq!(question.ulValueLen, ulong(each));
        question.pValue = (&raw mut inner).cast();
        assert_eq!(ask(&mut question), Ok(()));
        assert_eq!((inner.type_, inner.ulValueLen), (ck::CKA_LABEL, 5));
        inner.pValue = buffer.as_mut_ptr().cast();
        inner.ulValueLen = 4;
        assert_eq!(ask(&mut question), Err(Rv::BUFFER_TOO_SMALL));
        assert_eq!(inner.ulValueLen, UNAVAILABLE);
        inner.ulValueLen = 5;
        assert_eq!(ask(&mut question), Ok(()));
        assert_eq!((&buffer, inner.ulValueLen), (b"label", 5));
        question.ulValueLen = ulong(each - 1);
        assert_eq!(ask(&mut question), Err(Rv::BUFFER_TOO_SMALL));
        assert_eq!(question.ulValueLen, UNAVAILABLE);
    }

    #[test]
    fn a_value_that_claims_too_much_is_not_read() {
        for length in [VALUE_BYTES_MAX + 1, 0xFFFF_FFFF, Ulong::MAX] {
            let byte = 1_u8;
            let entry = ck::CK_ATTRIBUTE {
                type_: ck::CKA_PRIME_1,
                pValue: (&raw const byte).cast_mut().cast(),
                ulValueLen: length,
            };
            // SAFETY: an entry of our own; its length is what is tested, and its value is never read.
            let read = unsafe { template(&raw const entry, 1) }.map(drop);
            assert_eq!(read, Err(Rv::ATTRIBUTE_VALUE_INVALID));
        }
    }
}
