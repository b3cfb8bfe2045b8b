//! What crosses to an HSM's process, type by type: the trait's own, and the vocabulary of mechanisms.

use std::{collections::BTreeSet, path::PathBuf, sync::Mutex, time::Duration};

use kmip::{
    Buffer, CryptographicUsageMask,
    mechanism::{
        Block, BlockPart, Cipher, Counter, Curve, Derivation, Hash, Kept, KeySpec, Mac, Padding,
        PostQuantum, Prehash, Prf, Signing,
    },
};

use super::{
    Opening, Seal,
    wire::{Broken, Put, Reader, Take, lists, wire},
};
use crate::{
    Capabilities, Claim, CustodyMode, Decryption, Departure, Derived, Encrypted, Encryption, Error,
    Finished, ForeignKey, Generated, Input, KeyRef, Material, Outcome, Parcel, Sealed, SecureHeap,
    Terms, Transport, Trial, Wrapped,
    module::{ModuleConfig, TokenName},
};

/// Words of which there is a list: their place in it.
macro_rules! listed {
    ($($name:ident),* $(,)?) => {$(
        impl Put for $name {
            fn put(&self, out: &mut Buffer) {
                let place = Self::ALL.iter().position(|own| own == self);
                place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX).put(out);
            }
        }

        impl Take<'_> for $name {
            fn take(from: &mut Reader<'_>) -> Result<Self, Broken> {
                Self::ALL.get(usize::from(from.take::<u8>()?)).copied().ok_or(Broken)
            }
        }
    )*};
}
listed!(Hash, Padding, Curve, Kept, PostQuantum);
lists!(
    Hash, KeySpec, Signing, Cipher, Mac, Derivation, BlockPart, ForeignKey, KeyRef, Trial, u64
);

wire! {
    enum KeySpec {
        1 = Aes { bits },
        2 = Hmac { hash, bits },
        3 = Rsa { bits },
        4 = Dsa { bits, order_bits },
        5 = Dh { bits },
        6 = Ec(curve),
        7 = TripleDes { bits },
        8 = ChaCha20,
        9 = ChaCha20Poly1305,
        10 = Kept { algorithm, bits },
        11 = PostQuantum(algorithm),
    }
    enum Signing {
        1 = RsaPkcs1(hash),
        2 = RsaPss { hash, mask_hash, salt_bytes },
        3 = Dsa(hash),
        4 = Ecdsa(hash),
        5 = Eddsa,
        6 = MlDsa,
        7 = SlhDsa,
        8 = InContext { prehash, deterministic },
    }
    enum Prehash {
        1 = Hash(hash),
        2 = Shake128,
        3 = Shake256,
    }
    enum Cipher {
        1 = AesEcb(padding),
        2 = AesCbc(padding),
        3 = AesCtr,
        4 = AesGcm { tag_bytes },
        5 = AesCfb,
        6 = AesOfb,
        7 = AesCcm { tag_bytes },
        8 = AesXts,
        9 = AesKeyWrap,
        10 = AesKeyWrapPadded,
        11 = TripleDesEcb(padding),
        12 = TripleDesCbc(padding),
        13 = TripleDesCfb,
        14 = TripleDesOfb,
        15 = ChaCha20,
        16 = ChaCha20Poly1305 { tag_bytes },
        17 = RsaPkcs1,
        18 = RsaOaep { hash, mask_hash, label },
    }
    enum Mac {
        1 = Hmac(hash),
        2 = AesCmac,
        3 = TripleDesCmac,
        4 = AesCbcMac,
        5 = TripleDesCbcMac,
    }
    enum Prf {
        1 = Hmac(hash),
        2 = AesCmac,
    }
    enum Derivation {
        1 = Pbkdf2 { hash, iterations },
        2 = Digest(hash),
        3 = Hmac(hash),
        4 = Encrypt(cipher),
        5 = Counter(prf),
        6 = Feedback(prf),
        7 = DoublePipeline(prf),
        8 = Hkdf(hash),
        9 = Agreement,
        10 = X963(hash),
        11 = HkdfExtract(hash),
        12 = HkdfExpand(hash),
        13 = OneStep(hash),
    }
    struct Block { counter, parts }
    struct Counter { bytes, is_little_endian }
    enum BlockPart {
        1 = Iteration,
        2 = Counter,
        3 = Data(bytes),
        4 = Key,
    }
    struct Terms { id, label, exportable, usage, custody }
    enum SecureHeap {
        1 = Secret,
        2 = Locked,
        3 = Unlocked,
        4 = Absent,
    }
    enum CustodyMode {
        1 = Resident,
        2 = Wrapped,
    }
    struct Generated { key, public, digest }
    enum Material {
        1 = Secret { spec, bytes },
        2 = Private { spec, pkcs8 },
    }
    enum Input<'a> {
        1 = Message(bytes),
        2 = Digest(bytes),
        3 = InContext { message, is_digest, context },
    }
    struct Encryption<'a> { iv, associated, plain }
    struct Encrypted { data, iv, tag }
    struct Decryption<'a> { iv, associated, tag, data }
    struct Finished { data, tag }
    enum Derived {
        1 = Key(key),
        2 = Data(sealed),
    }
    struct Capabilities {
        description, generate, import, sign, cipher, mac, derive, decapsulate, wrapped, trials
    }
    struct Trial { what, by, claim, outcome }
    struct ForeignKey {
        id, label, spec, is_generic, usage, is_locked, was_always_sensitive, was_never_extractable, public, key, trouble
    }
    struct Claim { flags, least, most }
    enum Outcome {
        1 = Works,
        2 = WrongAnswer,
        3 = Fails(words),
        4 = NotClaimed,
        5 = SwitchedOff,
        6 = EachKey,
        7 = Unused,
    }
    struct Transport { key, public, hashes }
    struct Parcel { hash, bytes, public }
    struct Wrapped<'a> { hash, bytes, spec, public }
    enum Departure {
        1 = Exported,
        2 = Wrapped,
        3 = Forbidden,
        4 = Never,
    }
    enum Error {
        1 = BadInput(what),
        2 = BadKey(what),
        3 = Corrupt,
        4 = Failed(what),
        5 = KeyNotFound,
        6 = KeyTypeMismatch,
        7 = NotExportable,
        8 = Unavailable(what),
        9 = Unsupported,
        10 = Refused(what),
        11 = Broken(what),
    }
    enum Opening {
        1 = Embedded { master, seal, cache_keys_max, keys_may_move, verify_signatures },
        2 = Module { config, pin },
    }
    enum Seal {
        1 = Nothing,
        2 = Passphrase(path),
        3 = Credential(path),
    }
    struct ModuleConfig {
        path, token, pin, sessions_max, wait, cache_keys_max, unwrapped_keys_max, keys_may_move,
        mechanisms_disabled
    }
    enum TokenName {
        1 = Label(label),
        2 = Serial(serial),
    }
}

impl Put for KeyRef {
    fn put(&self, out: &mut Buffer) {
        self.0.as_slice().put(out);
    }
}

impl<'a> Take<'a> for KeyRef {
    fn take(from: &mut Reader<'a>) -> Result<Self, Broken> {
        Ok(Self(from.take::<&'a [u8]>()?.to_vec()))
    }
}

impl Put for Sealed {
    fn put(&self, out: &mut Buffer) {
        self.0.as_slice().put(out);
    }
}

impl<'a> Take<'a> for Sealed {
    fn take(from: &mut Reader<'a>) -> Result<Self, Broken> {
        Ok(Self(from.take::<&'a [u8]>()?.to_vec()))
    }
}

impl Put for CryptographicUsageMask {
    fn put(&self, out: &mut Buffer) {
        self.0.put(out);
    }
}

impl Take<'_> for CryptographicUsageMask {
    fn take(from: &mut Reader<'_>) -> Result<Self, Broken> {
        from.take().map(Self)
    }
}

/// In milliseconds.
impl Put for Duration {
    fn put(&self, out: &mut Buffer) {
        u64::try_from(self.as_millis()).unwrap_or(u64::MAX).put(out);
    }
}

impl Take<'_> for Duration {
    fn take(from: &mut Reader<'_>) -> Result<Self, Broken> {
        from.take().map(Self::from_millis)
    }
}

impl Put for PathBuf {
    fn put(&self, out: &mut Buffer) {
        use std::os::unix::ffi::OsStrExt;
        self.as_os_str().as_bytes().put(out);
    }
}

impl<'a> Take<'a> for PathBuf {
    fn take(from: &mut Reader<'a>) -> Result<Self, Broken> {
        use std::os::unix::ffi::OsStrExt;
        let bytes = from.take::<&'a [u8]>()?;
        Ok(Self::from(std::ffi::OsStr::from_bytes(bytes)))
    }
}

/// The texts of errors that are constants of this program: each is kept once.
impl Take<'_> for &'static str {
    fn take(from: &mut Reader<'_>) -> Result<Self, Broken> {
        static KNOWN: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
        let text: String = from.take()?;
        let mut known = KNOWN
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(own) = known.get(text.as_str()) {
            return Ok(own);
        }
        // There are a few dozen; an HSM's process that sends more is not this program.
        if known.len() >= TEXTS_MAX {
            return Err(Broken);
        }
        let own: &'static str = Box::leak(text.into_boxed_str());
        known.insert(own);
        Ok(own)
    }
}

/// More texts than there are.
const TEXTS_MAX: usize = 1000;
