//! Where raw pointers end: what a caller passed, unchecked until it is looked at. Nothing here asks that they be aligned:
//! hosts pack structures, and the standard's own on Windows are packed.

use std::marker::PhantomData;

use cryptoki_sys as ck;
use pkcs11::{Result, Rv, Ulong, size, ulong};

/// The longest input or output of one call. A length beyond is somebody's mistake, and memory is not read by it.
const BYTES_MAX: usize = (1 << 31) - 1;

/// The length of memory that a caller passed, if there can be such.
fn length_of<T>(pointer: *const T, length: Ulong) -> Result<usize> {
    let length = size(length);
    if pointer.is_null() || length > BYTES_MAX {
        return Err(Rv::ARGUMENTS_BAD);
    }
    Ok(length)
}

/// The structure that a pointer leads to, or `None` for a null pointer.
///
/// # Safety
/// Unless null, the pointer leads to a `T`.
pub(crate) unsafe fn pointed<T: Copy>(pointer: *const T) -> Option<T> {
    // SAFETY: not null, and the caller vouches for any other pointer.
    (!pointer.is_null()).then(|| unsafe { pointer.read_unaligned() })
}

/// Bytes from the caller. A bad pointer is an error of the operation that looks, which may end it.
#[derive(Clone, Copy)]
pub(crate) struct In<'a> {
    pointer: *const u8,
    length: Ulong,
    caller: PhantomData<&'a [u8]>,
}

impl<'a> In<'a> {
    /// # Safety
    /// Unless null, the pointer leads to `length` bytes that stay as they are during the call.
    pub(crate) const unsafe fn new(pointer: *const u8, length: Ulong) -> Self {
        Self {
            pointer,
            length,
            caller: PhantomData,
        }
    }

    /// The bytes; a null pointer is right only for none.
    pub(crate) fn bytes(&self) -> Result<&'a [u8]> {
        if self.length == 0 {
            return Ok(&[]);
        }
        let length = length_of(self.pointer, self.length)?;
        // SAFETY: `new`'s caller vouches for the pointer, which is not null, and the length is one a slice may have.
        Ok(unsafe { std::slice::from_raw_parts(self.pointer, length) })
    }

    /// Whether no pointer was passed.
    pub(crate) const fn is_null(&self) -> bool {
        self.pointer.is_null()
    }

    /// The bytes of a caller who must pass a pointer, even to none: there is no other way to be asked for a PIN here.
    pub(crate) fn given(&self) -> Result<&'a [u8]> {
        if self.pointer.is_null() {
            return Err(Rv::ARGUMENTS_BAD);
        }
        self.bytes()
    }
}

/// The caller's buffer for an answer (PKCS #11 3.1 §5.2): absent to ask for the length, or short.
pub(crate) struct Out<'a> {
    buffer: *mut u8,
    length: *mut Ulong,
    room: Option<Ulong>,
    caller: PhantomData<&'a mut [u8]>,
}

/// What an offer of an answer came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// Only the length was wanted.
    SizeOnly,
    /// There is room.
    Go,
}

impl Out<'_> {
    /// # Safety
    /// Unless null, `length` leads to a number, and `buffer` to as many writable bytes as that says.
    pub(crate) const unsafe fn new(buffer: *mut u8, length: *mut Ulong) -> Self {
        Self {
            buffer,
            length,
            room: None,
            caller: PhantomData,
        }
    }

    /// How many bytes fit, or `None` when only the length is wanted.
    pub(crate) fn room(&mut self) -> Result<Option<usize>> {
        if self.length.is_null() {
            return Err(Rv::ARGUMENTS_BAD);
        }
        if self.buffer.is_null() {
            return Ok(None);
        }
        let room = *self.room.get_or_insert_with(|| {
            // SAFETY: `new`'s caller vouches for the pointer, which is not null.
            unsafe { self.length.read_unaligned() }
        });
        Ok(Some(size(room)))
    }

    /// Whether an answer of this length would not be written.
    pub(crate) fn lacks(&mut self, length: usize) -> Result<bool> {
        Ok(self.room()?.is_none_or(|room| room < length))
    }

    /// Tells the caller the length, and whether the answer may be written. Too short a buffer is an error that ends no
    /// operation.
    pub(crate) fn offer(&mut self, length: usize) -> Result<Offer> {
        let room = self.room()?;
        // SAFETY: `room` has refused a null pointer, and `new`'s caller vouches for any other.
        unsafe { self.length.write_unaligned(ulong(length)) };
        match room {
            None => Ok(Offer::SizeOnly),
            Some(room) if room < length => Err(Rv::BUFFER_TOO_SMALL),
            Some(_) => Ok(Offer::Go),
        }
    }

    /// Offers an answer and writes it when there is room.
    pub(crate) fn give(&mut self, answer: &[u8]) -> Result<Offer> {
        let offer = self.offer(answer.len())?;
        if offer == Offer::Go {
            // SAFETY: `offer` has found room for the whole answer in the buffer that `new`'s caller vouches for, and the
            // answer is memory of this library's own.
            unsafe { std::ptr::copy_nonoverlapping(answer.as_ptr(), self.buffer, answer.len()) };
        }
        Ok(offer)
    }
}

/// A place of the caller's for one value, checked before the work begins.
pub(crate) struct Place<T>(*mut T);

impl<T> Place<T> {
    /// # Safety
    /// Unless null, the pointer leads to memory for a `T` that may be written during the call.
    pub(crate) unsafe fn new(pointer: *mut T) -> Result<Self> {
        if pointer.is_null() {
            return Err(Rv::ARGUMENTS_BAD);
        }
        Ok(Self(pointer))
    }

    /// Writes the value.
    pub(crate) fn set(self, value: T) {
        // SAFETY: `new` has refused null, and its caller vouches for any other pointer.
        unsafe { self.0.write_unaligned(value) };
    }
}

/// The caller's memory for bytes.
///
/// # Safety
/// Unless null, the pointer leads to `length` bytes that may be written during the call.
pub(crate) unsafe fn bytes_mut<'a>(pointer: *mut u8, length: Ulong) -> Result<&'a mut [u8]> {
    if length == 0 {
        return Ok(&mut []);
    }
    let length = length_of(pointer, length)?;
    // SAFETY: not null, of a length that a slice may have, and the caller vouches for the rest.
    Ok(unsafe { std::slice::from_raw_parts_mut(pointer, length) })
}

/// A mechanism with its parameter still unread.
pub(crate) struct MechanismArgument<'a> {
    pub(crate) kind: Ulong,
    pub(crate) parameter: In<'a>,
}

/// The mechanism passed, or `None` for a null pointer.
///
/// # Safety
/// Unless null, the pointer leads to a mechanism, whose parameter stays as it is during the call.
pub(crate) unsafe fn mechanism<'a>(
    pointer: *const ck::CK_MECHANISM,
) -> Option<MechanismArgument<'a>> {
    // SAFETY: the caller vouches for the pointer unless it is null.
    let mechanism = unsafe { pointed(pointer) }?;
    // SAFETY: the caller vouches for the parameter.
    let parameter = unsafe {
        In::new(
            mechanism.pParameter.cast_const().cast(),
            mechanism.ulParameterLen,
        )
    };
    Some(MechanismArgument {
        kind: mechanism.mechanism,
        parameter,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_follows_the_two_call_rule() {
        let mut length: Ulong = 7;
        // SAFETY: a null buffer and a number of our own.
        let mut query = unsafe { Out::new(std::ptr::null_mut(), &raw mut length) };
        assert_eq!(query.give(b"abc"), Ok(Offer::SizeOnly));
        assert_eq!(length, 3);
        let mut buffer = [0_u8; 4];
        length = 2;
        // SAFETY: a buffer and a number of our own.
        let mut short = unsafe { Out::new(buffer.as_mut_ptr(), &raw mut length) };
        assert_eq!(short.give(b"abc"), Err(Rv::BUFFER_TOO_SMALL));
        assert_eq!(length, 3);
        assert_eq!(buffer, [0; 4]);
        length = 4;
        // SAFETY: as above.
        let mut enough = unsafe { Out::new(buffer.as_mut_ptr(), &raw mut length) };
        assert_eq!(enough.give(b"abc"), Ok(Offer::Go));
        assert_eq!((length, &buffer), (3, b"abc\0"));
        // SAFETY: null pointers are what is tested.
        let mut nowhere = unsafe { Out::new(buffer.as_mut_ptr(), std::ptr::null_mut()) };
        assert_eq!(nowhere.give(b"abc"), Err(Rv::ARGUMENTS_BAD));
    }

    #[test]
    fn nothing_need_be_aligned() {
        let mut memory = [0_u64; 16];
        let odd = memory.as_mut_ptr().cast::<u8>().wrapping_add(1);
        // SAFETY: the memory of this test has room for each of these, from its second byte on.
        unsafe {
            let mut buffer = [0_u8; 8];
            let number = odd.cast::<Ulong>();
            number.write_unaligned(2);
            assert_eq!(
                Out::new(buffer.as_mut_ptr(), number).give(b"ab"),
                Ok(Offer::Go)
            );
            Place::new(number).unwrap().set(9);
            assert_eq!(pointed(number), Some(9));
        }
    }

    #[test]
    fn input_is_looked_at_before_it_is_read() {
        // SAFETY: null pointers are what is tested.
        let (none, some) = unsafe { (In::new(std::ptr::null(), 0), In::new(std::ptr::null(), 1)) };
        assert_eq!(none.bytes(), Ok(&[][..]));
        assert_eq!(some.bytes(), Err(Rv::ARGUMENTS_BAD));
        let byte = 7_u8;
        for endless in [ulong(BYTES_MAX) + 1, 1 << 32, 1 << 63, Ulong::MAX] {
            // SAFETY: the length is what is tested, and never read.
            let input = unsafe { In::new(&raw const byte, endless) };
            assert_eq!(input.bytes(), Err(Rv::ARGUMENTS_BAD));
        }
    }
}
