//! Values as bytes between the daemon and an HSM's process: big-endian numbers, lengths in front, a number for each variant.
//!
//! Both ends are one program, so that nothing here is negotiated; still the reader trusts no length and no number.

use kmip::{Buffer, Secret};

/// A value that can be sent.
pub(super) trait Put {
    /// Appends it.
    fn put(&self, out: &mut Buffer);
}

/// A value that can be received; `'a` are the bytes it came in.
pub(super) trait Take<'a>: Sized {
    /// Takes it from the front.
    fn take(from: &mut Reader<'a>) -> Result<Self, Broken>;
}

/// The bytes are not what the other end of this program writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// Bytes being read.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next so many bytes.
    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Broken> {
        let (head, tail) = self.0.split_at_checked(count).ok_or(Broken)?;
        self.0 = tail;
        Ok(head)
    }

    /// The next value.
    pub(super) fn take<T: Take<'a>>(&mut self) -> Result<T, Broken> {
        T::take(self)
    }

    /// The last value: nothing may be left behind it.
    pub(super) fn rest<T: Take<'a>>(mut self) -> Result<T, Broken> {
        let value = self.take()?;
        self.end()?;
        Ok(value)
    }

    const fn end(&self) -> Result<(), Broken> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Broken)
        }
    }
}

/// One whole value, with nothing behind it.
pub(super) fn whole<'a, T: Take<'a>>(bytes: &'a [u8]) -> Result<T, Broken> {
    Reader::new(bytes).rest()
}

impl<T: Put + ?Sized> Put for &T {
    fn put(&self, out: &mut Buffer) {
        (**self).put(out);
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Put for $number {
            fn put(&self, out: &mut Buffer) {
                out.push(&self.to_be_bytes());
            }
        }

        impl Take<'_> for $number {
            fn take(from: &mut Reader<'_>) -> Result<Self, Broken> {
                let bytes = from.bytes(size_of::<Self>())?;
                Ok(Self::from_be_bytes(bytes.try_into().map_err(|_| Broken)?))
            }
        }
    )*};
}
numbers!(u8, u16, u32, u64, i32);

/// As 64 bits.
impl Put for usize {
    fn put(&self, out: &mut Buffer) {
        u64::try_from(*self).unwrap_or(u64::MAX).put(out);
    }
}

impl Take<'_> for usize {
    fn take(from: &mut Reader<'_>) -> Result<Self, Broken> {
        Self::try_from(from.take::<u64>()?).map_err(|_| Broken)
    }
}

impl Put for bool {
    fn put(&self, out: &mut Buffer) {
        u8::from(*self).put(out);
    }
}

impl Take<'_> for bool {
    fn take(from: &mut Reader<'_>) -> Result<Self, Broken> {
        match from.take::<u8>()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Broken),
        }
    }
}

impl Put for () {
    fn put(&self, _: &mut Buffer) {}
}

impl Take<'_> for () {
    fn take(_: &mut Reader<'_>) -> Result<Self, Broken> {
        Ok(())
    }
}

/// The length, and the bytes.
impl Put for [u8] {
    fn put(&self, out: &mut Buffer) {
        self.len().put(out);
        out.push(self);
    }
}

impl<'a> Take<'a> for &'a [u8] {
    fn take(from: &mut Reader<'a>) -> Result<Self, Broken> {
        let count = from.take()?;
        from.bytes(count)
    }
}

impl Put for str {
    fn put(&self, out: &mut Buffer) {
        self.as_bytes().put(out);
    }
}

impl Put for String {
    fn put(&self, out: &mut Buffer) {
        self.as_str().put(out);
    }
}

impl Take<'_> for String {
    fn take(from: &mut Reader<'_>) -> Result<Self, Broken> {
        let bytes: Vec<u8> = from.take()?;
        Self::from_utf8(bytes).map_err(|_| Broken)
    }
}

impl Put for Secret {
    fn put(&self, out: &mut Buffer) {
        self.expose().put(out);
    }
}

impl<'a> Take<'a> for Secret {
    fn take(from: &mut Reader<'a>) -> Result<Self, Broken> {
        from.take::<&'a [u8]>().map(Self::from)
    }
}

impl<T: Put> Put for Option<T> {
    fn put(&self, out: &mut Buffer) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }
}

impl<'a, T: Take<'a>> Take<'a> for Option<T> {
    fn take(from: &mut Reader<'a>) -> Result<Self, Broken> {
        from.take::<bool>()?.then(|| from.take()).transpose()
    }
}

impl Put for Vec<u8> {
    fn put(&self, out: &mut Buffer) {
        self.as_slice().put(out);
    }
}

impl<'a> Take<'a> for Vec<u8> {
    fn take(from: &mut Reader<'a>) -> Result<Self, Broken> {
        from.take::<&'a [u8]>().map(<[u8]>::to_vec)
    }
}

/// Lists: the count, and each in turn.
macro_rules! lists {
    ($($value:ty),* $(,)?) => {$(
        impl Put for Vec<$value> {
            fn put(&self, out: &mut Buffer) {
                self.len().put(out);
                for value in self {
                    value.put(out);
                }
            }
        }

        impl<'a> Take<'a> for Vec<$value> {
            fn take(from: &mut Reader<'a>) -> Result<Self, Broken> {
                let count: usize = from.take()?;
                (0..count).map(|_| from.take()).collect()
            }
        }
    )*};
}
pub(super) use lists;

macro_rules! tuples {
    ($(($($part:ident),+);)*) => {$(
        #[expect(non_snake_case, reason = "each part is named as its type")]
        impl<$($part: Put),+> Put for ($($part,)+) {
            fn put(&self, out: &mut Buffer) {
                let ($($part,)+) = self;
                $($part.put(out);)+
            }
        }

        impl<'a, $($part: Take<'a>),+> Take<'a> for ($($part,)+) {
            fn take(from: &mut Reader<'a>) -> Result<Self, Broken> {
                Ok(($(from.take::<$part>()?,)+))
            }
        }
    )*};
}
tuples! {
    (A, B);
    (A, B, C);
    (A, B, C, D);
    (A, B, C, D, E);
}

/// Types by their parts: a structure has its fields in this order, a variant of an enumeration its number and then its
/// fields; what borrows names the lifetime first.
macro_rules! wire {
    () => {};
    (struct $name:ident { $($field:ident),* $(,)? } $($rest:tt)*) => {
        wire!(@put $name { $($field),* });
        impl<'a> Take<'a> for $name {
            fn take(from: &mut Reader<'a>) -> Result<Self, Broken> {
                Ok(Self { $($field: from.take()?),* })
            }
        }
        wire!($($rest)*);
    };
    (struct $name:ident<$life:lifetime> { $($field:ident),* $(,)? } $($rest:tt)*) => {
        wire!(@put $name<'_> { $($field),* });
        impl<$life> Take<$life> for $name<$life> {
            fn take(from: &mut Reader<$life>) -> Result<Self, Broken> {
                Ok(Self { $($field: from.take()?),* })
            }
        }
        wire!($($rest)*);
    };
    (@put $name:ty { $($field:ident),* }) => {
        impl Put for $name {
            fn put(&self, out: &mut Buffer) {
                $(self.$field.put(out);)*
            }
        }
    };
    (enum $name:ident { $($variants:tt)* } $($rest:tt)*) => {
        wire!(@variants $name, $name, 'a, { $($variants)* });
        wire!($($rest)*);
    };
    (enum $name:ident<$life:lifetime> { $($variants:tt)* } $($rest:tt)*) => {
        wire!(@variants $name, $name<$life>, $life, { $($variants)* });
        wire!($($rest)*);
    };
    (@variants $name:ident, $type:ty, $life:lifetime, {
        $($number:literal = $variant:ident $(($($part:ident),*))? $({ $($field:ident),* })?,)*
    }) => {
        #[expect(clippy::allow_attributes, reason = "some types borrow nothing")]
        #[allow(single_use_lifetimes, clippy::needless_lifetimes, reason = "some types borrow nothing")]
        impl<$life> Put for $type {
            fn put(&self, out: &mut Buffer) {
                match self {
                    $($name::$variant $(($($part),*))? $({ $($field),* })? => {
                        out.push(&[$number]);
                        $($($part.put(out);)*)?
                        $($($field.put(out);)*)?
                    })*
                }
            }
        }

        impl<$life> Take<$life> for $type {
            fn take(from: &mut Reader<$life>) -> Result<Self, Broken> {
                Ok(match from.take::<u8>()? {
                    $($number => {
                        $($(let $part = from.take()?;)*)?
                        $name::$variant $(($($part),*))? $({ $($field: from.take()?),* })?
                    })*
                    _ => return Err(Broken),
                })
            }
        }
    };
}
pub(super) use wire;
