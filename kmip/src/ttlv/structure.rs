//! `structure!`: a structure declared as the standard's table, one row a field.

/// Declares a structure: `field: Type = Tag;`, where the type says how often the field may stand.
///
/// `= Tag | OldTag` names the field's tag of 2.x and that of 1.x; `since V1_3` and `until V2_0` bound the versions that
/// the field is *written* to. Reading takes fields in any order and of any version, because clients mix them
/// (libkmip sends Offset Items in 1.0); unknown tags of vendors are passed over, other foreign tags are errors.
///
/// `struct Name text field` is a structure until 3.0 and from then on the text of this field alone.
macro_rules! structure {
    ($(#[$meta:meta])* $vis:vis struct $name:ident $(text $text:ident)? {
        $($(#[$field_meta:meta])* $field:ident: $type:ty = $tag:ident $(| $old:ident)? $(since $since:ident)? $(until $until:ident)?;)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq)]
        $vis struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
        }

        impl $crate::ttlv::Structure for $name {
            #[allow(unused_imports, unused_mut, unused_variables, reason = "a structure may have no fields")]
            fn read_fields(mut reader: $crate::ttlv::Reader<'_>) -> $crate::Result<Self> {
                use $crate::ttlv::Field;
                $(let mut $field = <$type as Field>::Slot::default();)*
                while let Some(item) = reader.next_item()? {
                    $(if <$type as Field>::takes($crate::Tag::$tag, structure!(@old $($old)?), item.tag) {
                        <$type as Field>::accept(&mut $field, item).map_err(|error| error.within(reader.tag()))?;
                        continue;
                    })*
                    $crate::ttlv::structure_passes_over(item).map_err(|error| error.within(reader.tag()))?;
                }
                Ok(Self {
                    $($field: $crate::ttlv::finish::<$type>($field, $crate::Tag::$tag, structure!(@gone reader $($until)?))
                        .map_err(|error| error.within(reader.tag()))?,)*
                })
            }

            #[allow(unused_variables, reason = "a structure may have no fields")]
            fn write_fields(&self, writer: &mut $crate::ttlv::Writer) {
                $(if true $(&& writer.version() >= $crate::$since)? $(&& writer.version() < $crate::$until)? {
                    $crate::ttlv::Field::write_field(&self.$field, $crate::Tag::$tag, structure!(@old $($old)?), writer);
                })*
            }
        }

        structure!(@value $name $($text)?);
    };
    (@value $name:ident) => {
        impl $crate::ttlv::Value for $name {
            #[inline]
            fn read(item: $crate::ttlv::Item<'_>) -> $crate::Result<Self> {
                $crate::ttlv::Structure::read_fields(item.structure()?)
            }

            #[inline]
            fn write(&self, tag: $crate::Tag, writer: &mut $crate::ttlv::Writer) {
                writer.structure(tag, |writer| $crate::ttlv::Structure::write_fields(self, writer));
            }
        }
    };
    (@value $name:ident $text:ident) => {
        impl $crate::ttlv::Value for $name {
            fn read(item: $crate::ttlv::Item<'_>) -> $crate::Result<Self> {
                match item.item_type {
                    $crate::ttlv::ItemType::TextString => item.text().map(Self::text),
                    _ => $crate::ttlv::Structure::read_fields(item.structure()?),
                }
            }

            fn write(&self, tag: $crate::Tag, writer: &mut $crate::ttlv::Writer) {
                if writer.version().is_3() {
                    writer.text(tag, &self.$text);
                } else {
                    writer.structure(tag, |writer| $crate::ttlv::Structure::write_fields(self, writer));
                }
            }
        }
    };
    (@gone $reader:ident) => { false };
    (@gone $reader:ident $until:ident) => { $reader.version() >= $crate::$until };
    (@old) => { None };
    (@old $old:ident) => { Some($crate::Tag::$old) };
}

pub(crate) use structure;
