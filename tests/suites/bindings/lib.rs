//! What the player of profile cases takes from Kryoptic: the C types and constants of PKCS #11 3.2, and the names of those
//! that the cases mention.

pub mod pkcs11 {
    //! The types and constants are those of `cryptoki-sys`.

    pub use cryptoki_sys::*;

    /// A name that no case mentions.
    #[derive(Debug)]
    pub struct Unknown;

    macro_rules! names {
        ($($(#[$attribute:meta])* $function:ident: $kind:ty, [$($name:ident)*];)*) => {
            $($(#[$attribute])*
            pub fn $function(name: &str) -> Result<$kind, Unknown> {
                match name {
                    $(stringify!($name) => Ok($name),)*
                    _ => Err(Unknown),
                }
            })*
        };
    }

    names! {
        /// An attribute by its name.
        name_to_attr: CK_ATTRIBUTE_TYPE, [CKA_CLASS CKA_TOKEN CKA_LABEL CKA_VALUE CKA_MODULUS CKA_PUBLIC_EXPONENT];
        /// A mechanism by its name.
        name_to_mech: CK_MECHANISM_TYPE, [CKM_SHA512 CKM_RSA_PKCS_KEY_PAIR_GEN CKM_RSA_PKCS CKM_SHA256_RSA_PKCS];
        /// A class of objects by its name.
        name_to_obj: CK_OBJECT_CLASS, [CKO_PUBLIC_KEY CKO_PRIVATE_KEY];
    }
}
