//! The calls that a sequence is made of, and how likely each is.
//!
//! What handles keys is likelier than the rest, and the pieces of known attacks are among the likely values: pure usages,
//! keys that may leave, the same value twice.

use proptest::{prelude::*, sample::Index};

use crate::kind::{Odd, Pair, Secret, Traits, Uses, Wrapping};

/// Which object a call means.
#[derive(Clone, Copy, Debug)]
pub struct Pick {
    pub index: Index,
    /// Whether it may be one that is not fit for the call.
    pub is_any: bool,
}

/// A derivation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derivation {
    /// HKDF, with one of two purposes.
    Hkdf(bool),
    /// HKDF's second half alone.
    Expanded,
    /// SP 800-108 in counter mode, with HMAC or with CMAC.
    Counter { by_cmac: bool },
    /// The secret agreed on with the attacker's own key, bare or hashed.
    Agreed { is_hashed: bool },
}

/// A cipher of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    Ecb,
    Cbc,
    CbcPad,
    Counter,
    Gcm,
}

/// What is encrypted, decrypted or signed.
#[derive(Clone, Copy, Debug)]
pub enum Data {
    /// Two blocks.
    Blocks,
    /// A wrapped key.
    Blob(Index),
    /// What SP 800-108 puts into its first block.
    FirstBlock,
    /// What HKDF's second half puts into its first.
    FirstOfHkdf,
}

/// A change by `C_SetAttributeValue` or `C_CopyObject`.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    pub sensitive: Option<bool>,
    pub extractable: Option<bool>,
    pub wrap_with_trusted: Option<bool>,
    pub is_token: Option<bool>,
    /// A use, by its place, that the key is to have.
    pub use_at: Option<(usize, bool)>,
}

/// A call, or a few that make one step of an attack.
#[derive(Clone, Debug)]
pub enum Call {
    Generate(Secret, Traits),
    GeneratePair(Pair, Traits),
    /// Brings a value that nobody has seen before; whether the caller remembers it.
    Create(Secret, Traits),
    Copy(Pick, Change),
    Set(Pick, Change),
    Wrap {
        how: Wrapping,
        by: Pick,
        of: Pick,
    },
    /// Unwraps as it was wrapped, or otherwise.
    Unwrap {
        blob: Index,
        other: Option<(Wrapping, Pick)>,
        as_kind: Option<Secret>,
        as_private: bool,
        says_length: bool,
        traits: Traits,
    },
    /// Wraps and unwraps at once, so that there are two keys of one value.
    Twin {
        by: Pick,
        of: Pick,
        as_kind: Option<Secret>,
        traits: Traits,
    },
    Derive {
        how: Derivation,
        base: Pick,
        kind: Secret,
        traits: Traits,
    },
    Encapsulate {
        by: Pick,
        traits: Traits,
    },
    Decapsulate {
        by: Pick,
        ciphertext: Index,
        traits: Traits,
    },
    Encrypt(Cipher, Pick, Data),
    Decrypt(Cipher, Pick, Data),
    /// Undoes a wrapping block by block, with a key that works on data or wraps.
    OpenByHand(Index, Pick),
    /// Computes the first block that is derived by CMAC, with a key that does something else.
    DeriveByHand(Pick),
    Sign {
        by_cmac: bool,
        key: Pick,
        data: Data,
    },
    DigestKey(Pick),
    Read(Pick),
    Relogin,
    OtherSession {
        closes_first: bool,
    },
    InitToken,
    Destroy(Pick),
}

fn pick() -> impl Strategy<Value = Pick> {
    (any::<Index>(), prop::bool::weighted(0.15)).prop_map(|(index, is_any)| Pick { index, is_any })
}

fn secret() -> impl Strategy<Value = Secret> {
    prop_oneof![
        8 => Just(Secret::Aes(32)),
        2 => Just(Secret::Aes(16)),
        1 => Just(Secret::Aes(24)),
        3 => Just(Secret::Generic(32)),
        1 => Just(Secret::Generic(16)),
        1 => Just(Secret::Generic(1)),
        2 => Just(Secret::Hmac(32)),
        1 => Just(Secret::TripleDes),
        1 => Just(Secret::ChaCha20),
    ]
}

fn pair() -> impl Strategy<Value = Pair> {
    prop_oneof![
        6 => Just(Pair::P256),
        1 => Just(Pair::Ed25519),
        2 => Just(Pair::X25519),
        1 => Just(Pair::Rsa),
        2 => Just(Pair::MlKem),
    ]
}

fn uses() -> impl Strategy<Value = Uses> {
    prop_oneof![
        6 => Just(Uses::WRAP.and(Uses::UNWRAP)),
        4 => Just(Uses::ENCRYPT.and(Uses::DECRYPT)),
        3 => Just(Uses::SIGN.and(Uses::VERIFY)),
        3 => Just(Uses::DERIVE),
        1 => Just(Uses::DERIVE.and(Uses::DECAPSULATE)),
        2 => Just(Uses::DECRYPT),
        // What another use of a key computes may undo what it does to keys.
        3 => conflicting(),
        5 => (0..512_u16).prop_map(Uses),
    ]
}

fn conflicting() -> impl Strategy<Value = Uses> {
    let handles = prop::sample::select(vec![Uses::WRAP, Uses::DERIVE]);
    let computes = prop::sample::select(vec![Uses::SIGN, Uses::ENCRYPT, Uses::DECRYPT]);
    (handles, computes).prop_map(|(handles, computes)| handles.and(computes))
}

fn odd() -> impl Strategy<Value = Odd> {
    prop::sample::select(vec![
        Odd::Local,
        Odd::AlwaysSensitive,
        Odd::NeverExtractable,
        Odd::Trusted,
        Odd::Unknown,
        Odd::Class,
        Odd::TwoLabels,
        Odd::NoFlag,
    ])
}

fn traits() -> impl Strategy<Value = Traits> {
    let sensitive = prop_oneof![4 => Just(None), 3 => Just(Some(true)), 2 => Just(Some(false))];
    let extractable = prop_oneof![3 => Just(None), 5 => Just(Some(true)), 1 => Just(Some(false))];
    let odd = prop::option::weighted(0.06, odd());
    let wants_trusted = prop::bool::weighted(0.06);
    (
        uses(),
        sensitive,
        extractable,
        wants_trusted,
        prop::bool::weighted(0.2),
        odd,
    )
        .prop_map(
            |(uses, sensitive, extractable, wrap_with_trusted, is_token, odd)| Traits {
                uses,
                sensitive,
                extractable,
                wrap_with_trusted,
                is_token,
                odd,
            },
        )
}

fn change() -> impl Strategy<Value = Change> {
    let some = || prop::option::weighted(0.4, any::<bool>());
    (
        some(),
        some(),
        prop::option::weighted(0.1, any::<bool>()),
        prop::option::weighted(0.5, Just(false)),
        prop::option::weighted(0.2, (0..9_usize, any::<bool>())),
    )
        .prop_map(
            |(sensitive, extractable, wrap_with_trusted, is_token, use_at)| Change {
                sensitive,
                extractable,
                wrap_with_trusted,
                is_token,
                use_at,
            },
        )
}

fn wrapping() -> impl Strategy<Value = Wrapping> {
    prop_oneof![
        5 => Just(Wrapping::KeyWrap),
        3 => Just(Wrapping::Padded),
        2 => Just(Wrapping::Gcm),
        3 => Just(Wrapping::GcmMade),
        2 => Just(Wrapping::Cbc),
        1 => Just(Wrapping::Oaep),
        1 => Just(Wrapping::Pkcs1),
        1 => Just(Wrapping::RsaAes),
    ]
}

fn derivation() -> impl Strategy<Value = Derivation> {
    prop_oneof![
        2 => any::<bool>().prop_map(Derivation::Hkdf),
        2 => Just(Derivation::Expanded),
        3 => prop::bool::weighted(0.3).prop_map(|by_cmac| Derivation::Counter { by_cmac }),
        2 => any::<bool>().prop_map(|is_hashed| Derivation::Agreed { is_hashed }),
    ]
}

fn cipher() -> impl Strategy<Value = Cipher> {
    prop::sample::select(vec![
        Cipher::Ecb,
        Cipher::Cbc,
        Cipher::CbcPad,
        Cipher::Counter,
        Cipher::Gcm,
    ])
}

fn data() -> impl Strategy<Value = Data> {
    prop_oneof![
        1 => Just(Data::Blocks),
        2 => any::<Index>().prop_map(Data::Blob),
        2 => Just(Data::FirstBlock),
        2 => Just(Data::FirstOfHkdf),
    ]
}

fn making() -> BoxedStrategy<Call> {
    prop_oneof![
        10 => (secret(), traits()).prop_map(|(kind, traits)| Call::Generate(kind, traits)),
        3 => (pair(), traits()).prop_map(|(kind, traits)| Call::GeneratePair(kind, traits)),
        3 => (secret(), traits()).prop_map(|(kind, traits)| Call::Create(kind, traits)),
        2 => (pick(), change()).prop_map(|(of, change)| Call::Copy(of, change)),
        2 => (pick(), change()).prop_map(|(of, change)| Call::Set(of, change)),
    ]
    .boxed()
}

fn handling() -> BoxedStrategy<Call> {
    let kind = || prop::option::weighted(0.5, secret());
    let other = prop::option::weighted(0.3, (wrapping(), pick()));
    let unwrap = (
        any::<Index>(),
        other,
        kind(),
        prop::bool::weighted(0.1),
        any::<bool>(),
        traits(),
    );
    prop_oneof![
        6 => (wrapping(), pick(), pick()).prop_map(|(how, by, of)| Call::Wrap { how, by, of }),
        4 => unwrap.prop_map(|(blob, other, as_kind, as_private, says_length, traits)| {
            Call::Unwrap { blob, other, as_kind, as_private, says_length, traits }
        }),
        6 => (pick(), pick(), kind(), traits())
            .prop_map(|(by, of, as_kind, traits)| Call::Twin { by, of, as_kind, traits }),
        6 => (derivation(), pick(), secret(), traits())
            .prop_map(|(how, base, kind, traits)| Call::Derive { how, base, kind, traits }),
        1 => (pick(), traits()).prop_map(|(by, traits)| Call::Encapsulate { by, traits }),
        1 => (pick(), any::<Index>(), traits())
            .prop_map(|(by, ciphertext, traits)| Call::Decapsulate { by, ciphertext, traits }),
    ]
    .boxed()
}

fn using() -> BoxedStrategy<Call> {
    prop_oneof![
        2 => (cipher(), pick(), data()).prop_map(|(how, key, data)| Call::Encrypt(how, key, data)),
        3 => (cipher(), pick(), data()).prop_map(|(how, key, data)| Call::Decrypt(how, key, data)),
        5 => (any::<Index>(), pick()).prop_map(|(blob, key)| Call::OpenByHand(blob, key)),
        3 => (prop::bool::weighted(0.3), pick(), data())
            .prop_map(|(by_cmac, key, data)| Call::Sign { by_cmac, key, data }),
        2 => pick().prop_map(Call::DeriveByHand),
        1 => pick().prop_map(Call::DigestKey),
        3 => pick().prop_map(Call::Read),
    ]
    .boxed()
}

/// Any call.
pub fn any_call() -> impl Strategy<Value = Call> {
    prop_oneof![
        10 => making(),
        12 => handling(),
        9 => using(),
        1 => prop_oneof![
            2 => Just(Call::Relogin),
            2 => any::<bool>().prop_map(|closes_first| Call::OtherSession { closes_first }),
            1 => Just(Call::InitToken),
            3 => pick().prop_map(Call::Destroy),
        ],
    ]
}
