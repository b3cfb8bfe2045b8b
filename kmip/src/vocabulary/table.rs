//! The macros that turn a table of the standard into an open type with its names.

/// An enumeration as the standard's table: constant, number, XML name, full name, first version.
///
/// The type is a newtype over the number, so that unknown values survive decoding.
macro_rules! open_enum {
    ($(#[$meta:meta])* $type:ident {
        $($name:ident = $number:literal, $xml:literal, $full:literal, $since:ident;)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(pub u32);

        #[allow(non_upper_case_globals, reason = "the standard's own spelling")]
        impl $type {
            $(#[doc = concat!($full, ".")] pub const $name: Self = Self($number);)*

            /// Every value of the table, in its order.
            pub const ALL: &'static [Self] = &[$(Self($number)),*];

            /// The full name, as the standard's tables print it.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 { $($number => Some($full),)* _ => None }
            }

            /// The name as XML and JSON messages spell it.
            #[must_use]
            pub const fn xml_name(self) -> Option<&'static str> {
                match self.0 { $($number => Some($xml),)* _ => None }
            }

            /// The first version that knows this value.
            #[must_use]
            pub const fn since(self) -> Option<Version> {
                match self.0 { $($number => Some(super::version::$since),)* _ => None }
            }

            /// The value of a full or XML name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| {
                    value.name() == Some(name) || value.xml_name() == Some(name)
                })
            }
        }

        impl super::words::Vocabulary for $type {
            const WORDS: super::words::Words = super::words::Words {
                is_mask: false,
                name_of: |number| Self(number).xml_name(),
                number_of: |text| {
                    let is_named = |name: Option<&str>| {
                        name.is_some_and(|name| super::words::is_same(name, text))
                    };
                    let mut all = Self::ALL.iter();
                    let found = all.find(|value| is_named(value.xml_name()) || is_named(value.name()));
                    found.map(|value| value.0)
                },
            };
        }

        impl crate::ttlv::Value for $type {
            #[inline]
            fn read(item: crate::ttlv::Item<'_>) -> crate::Result<Self> {
                item.enumeration().map(Self)
            }

            #[inline]
            fn write(&self, tag: crate::Tag, writer: &mut crate::ttlv::Writer) {
                writer.enumeration(tag, self.0);
            }
        }

        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.xml_name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, "0x{:08X}", self.0),
                }
            }
        }
    };
}

/// A bit mask as the standard's table: constant, bit, XML name, full name, first version.
macro_rules! mask {
    ($(#[$meta:meta])* $type:ident {
        $($name:ident = $bit:literal, $xml:literal, $full:literal, $since:ident;)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $type(pub u32);

        #[allow(non_upper_case_globals, reason = "the standard's own spelling")]
        impl $type {
            $(#[doc = concat!($full, ".")] pub const $name: Self = Self($bit);)*

            /// Every bit of the table with its XML name, full name and first version.
            pub const ALL: &'static [(Self, &'static str, &'static str, Version)] =
                &[$((Self($bit), $xml, $full, super::version::$since)),*];

            /// Whether every bit of `other` is set here.
            #[must_use]
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// Whether any bit of `other` is set here.
            #[must_use]
            pub const fn intersects(self, other: Self) -> bool {
                self.0 & other.0 != 0
            }
        }

        impl super::words::Vocabulary for $type {
            const WORDS: super::words::Words = super::words::Words {
                is_mask: true,
                name_of: |number| match number { $($bit => Some($xml),)* _ => None },
                number_of: |text| {
                    let is_named = |name| super::words::is_same(name, text);
                    let mut all = Self::ALL.iter();
                    let found = all.find(|(_, xml, full, _)| is_named(xml) || is_named(full));
                    found.map(|(value, ..)| value.0)
                },
            };
        }

        impl std::ops::BitOr for $type {
            type Output = Self;
            fn bitor(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }

        impl crate::ttlv::Value for $type {
            #[inline]
            fn read(item: crate::ttlv::Item<'_>) -> crate::Result<Self> {
                item.integer().map(|bits| Self(bits.cast_unsigned()))
            }

            #[inline]
            fn write(&self, tag: crate::Tag, writer: &mut crate::ttlv::Writer) {
                writer.integer(tag, self.0.cast_signed());
            }
        }

        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let names: Vec<_> = Self::ALL
                    .iter()
                    .filter(|(bit, ..)| self.contains(*bit))
                    .map(|(_, xml, ..)| *xml)
                    .collect();
                write!(f, "{:#x}({})", self.0, names.join(" "))
            }
        }
    };
}

pub(super) use {mask, open_enum};
