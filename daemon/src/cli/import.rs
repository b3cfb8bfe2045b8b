//! `keyhold key transport` and `keyhold key import`: keys that are brought into a vault's HSM, wrapped for it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use serde::Deserialize;

use super::{Failure, Output, daemon::Daemon, key};
use crate::{
    admin::protocol::{KeyImport, KeyTransport, TransportFacts},
    files::{self, Audience},
};

#[derive(Args)]
pub(super) struct TransportKey {
    /// Its name; the public half gets the ending `.public`
    name: String,
    /// The vault
    #[arg(long, value_name = "NAME")]
    vault: String,
    /// Its kind: rsa-2048, rsa-3072 or rsa-4096 [default: rsa-3072]
    #[arg(long = "type", value_name = "KIND")]
    spec: Option<String>,
    /// Write its public half to this file, in PEM [default: print it]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    daemon: Daemon,
}

#[derive(Args)]
pub(super) struct Import {
    /// Its name; the public half of a pair gets the ending `.public`
    name: String,
    /// The vault
    #[arg(long, value_name = "NAME")]
    vault: String,
    /// Its kind: aes-256, rsa-2048, ec-p256, hmac-sha256-256 and the like
    #[arg(long = "type", value_name = "KIND")]
    spec: String,
    /// The file with what was wrapped, as CKM_RSA_AES_KEY_WRAP has it: its bytes, or the `.byok` of cloud vaults
    #[arg(long, value_name = "FILE")]
    wrapped: PathBuf,
    /// The transport key that it was wrapped for: an identifier or name [default: the `kid` of the `.byok`]
    #[arg(long = "with", value_name = "KEY")]
    under: Option<String>,
    /// The hash function of RSAES-OAEP and its mask [default: sha256, and sha1 of a `.byok`]
    #[arg(long, value_name = "HASH")]
    hash: Option<String>,
    /// The file with the public half of a private key in PEM, where the HSM does not tell it
    #[arg(long, value_name = "FILE")]
    public: Option<PathBuf>,
    /// What it is for: sign, decrypt, encrypt, wrap-key, … [default: what is usual for its kind]
    #[arg(long, value_name = "USAGE", value_delimiter = ',')]
    usage: Vec<String>,
    /// It may be used at once
    #[arg(long)]
    active: bool,
    #[command(flatten)]
    daemon: Daemon,
}

impl TransportKey {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        if let Some(path) = self.out.as_ref().filter(|path| path.exists()) {
            return Err(Failure::failed(format!(
                "{} is there already; name another file",
                path.display()
            )));
        }
        let made = self.daemon.call(KeyTransport {
            vault: self.vault,
            name: self.name,
            spec: self.spec,
        })?;
        if let Some(path) = &self.out
            && let Err(error) = files::create(path, made.public.as_bytes(), Audience::Everybody)
        {
            // The key is there, and of no use to anybody without this.
            output.line(&made.public)?;
            return Err(Failure::failed(error));
        }
        output.say(&made, |made| told(made, self.out.as_deref()))
    }
}

fn told(made: &TransportFacts, out: Option<&Path>) -> String {
    let TransportFacts { key, hashes, .. } = made;
    let place = match out {
        Some(path) => format!("its public half is in {}", path.display()),
        None => made.public.trim_end().to_owned(),
    };
    format!(
        "{} unwraps what was wrapped for it with {}\n{place}",
        key.id,
        hashes.join(" or ")
    )
}

impl Import {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let parcel = Parcel::read(&self.wrapped)?;
        let under = self.under.or(parcel.under).ok_or_else(|| {
            Failure::failed("say by --with which transport key the key was wrapped for")
        })?;
        let public = self.public.as_deref().map(read).transpose()?;
        let public = public
            .map(String::from_utf8)
            .transpose()
            .map_err(|_| Failure::failed("the public half is not a public key in PEM"))?;
        let keys = self.daemon.call(KeyImport {
            vault: self.vault,
            name: self.name,
            spec: self.spec,
            under,
            hash: self.hash.unwrap_or_else(|| parcel.hash.to_owned()),
            wrapped: hex::encode(&parcel.bytes),
            public,
            usage: self.usage,
            active: self.active,
        })?;
        key::list(output, &keys)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::failed(format!("{} cannot be read: {error}", path.display()))
    };
    let bytes = fs::metadata(path).map_err(|error| failed(&error))?.len();
    if bytes > BYTES_MAX {
        return Err(failed(&"it is longer than any wrapped key"));
    }
    fs::read(path).map_err(|error| failed(&error))
}

/// What a file holds that somebody wrapped.
struct Parcel {
    bytes: Vec<u8>,
    under: Option<String>,
    hash: &'static str,
}

/// The form of cloud vaults.
#[derive(Deserialize)]
struct Byok {
    schema_version: String,
    header: Header,
    ciphertext: String,
}

#[derive(Deserialize)]
struct Header {
    kid: String,
    alg: String,
    enc: String,
}

impl Parcel {
    fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = read(path)?;
        // What an RSA key encrypted is text by chance in no lifetime.
        if !bytes.starts_with(b"{") || std::str::from_utf8(&bytes).is_err() {
            return Ok(Self {
                bytes,
                under: None,
                hash: "sha256",
            });
        }
        Self::of_byok(&bytes).map_err(|why| Failure::failed(format!("{} {why}", path.display())))
    }

    fn of_byok(text: &[u8]) -> Result<Self, String> {
        let own: Byok = serde_json::from_slice(text)
            .map_err(|error| format!("is no .byok of a cloud vault: {error}"))?;
        for (field, said, known) in [
            ("schema_version", &own.schema_version, "1.0.0"),
            ("header.alg", &own.header.alg, "dir"),
            ("header.enc", &own.header.enc, "CKM_RSA_AES_KEY_WRAP"),
        ] {
            if said != known {
                return Err(format!("has the {field} {said:?}; {known:?} is served"));
            }
        }
        let bytes = base64url(&own.ciphertext)
            .ok_or_else(|| "has a ciphertext that is not in base64url".to_owned())?;
        let name = own.header.kid.trim_end_matches('/').rsplit('/').next();
        Ok(Self {
            bytes,
            under: name.filter(|name| !name.is_empty()).map(str::to_owned),
            hash: "sha1",
        })
    }
}

/// The bytes of base64url, with its padding or without (RFC 4648 §5).
fn base64url(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut held, mut bits) = (0_u32, 0_u32);
    for letter in text.trim_end_matches('=').bytes() {
        let value = ALPHABET.iter().position(|own| *own == letter)?;
        held = (held << 6) | u32::try_from(value).ok()?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from((held >> bits) & 0xff).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    // What is left are zeros of the last byte's padding, and never a whole letter.
    (bits < 6 && held == 0).then_some(out)
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Longer than the longest private key under the longest RSA key.
const BYTES_MAX: u64 = 65_536;

#[cfg(test)]
mod tests {
    use super::*;

    fn byok(kid: &str, enc: &str, ciphertext: &str) -> String {
        format!(
            r#"{{"schema_version":"1.0.0","header":{{"kid":"{kid}","alg":"dir","enc":"{enc}"}},
               "ciphertext":"{ciphertext}","generator":"some tool"}}"#
        )
    }

    #[test]
    fn the_form_of_cloud_vaults_is_read() {
        let text = byok("https://vault/keys/kek", "CKM_RSA_AES_KEY_WRAP", "_-8AAQ");
        let read = Parcel::of_byok(text.as_bytes()).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(read.bytes, [0xff, 0xef, 0, 1]);
        assert_eq!(read.under.as_deref(), Some("kek"));
        assert_eq!(read.hash, "sha1");
        for (text, why) in [
            (byok("kek", "RSA-OAEP", "AAAA"), "header.enc"),
            (byok("kek", "CKM_RSA_AES_KEY_WRAP", "A"), "base64url"),
            (byok("kek", "CKM_RSA_AES_KEY_WRAP", "A+AA"), "base64url"),
            ("{}".to_owned(), "schema_version"),
        ] {
            let refused = Parcel::of_byok(text.as_bytes()).err().unwrap_or_default();
            assert!(refused.contains(why), "{refused}");
        }
    }

    #[test]
    fn base64url_is_that_of_the_standard() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("Zg==", b"f"),
            ("Zm8", b"fo"),
            ("Zm9v", b"foo"),
            ("Zm9vYmFy", b"foobar"),
        ] {
            assert_eq!(base64url(text).as_deref(), Some(bytes), "{text}");
        }
        for text in ["Z", "Zh", "Zm9vY", "Zg=a", "Zm9/"] {
            assert_eq!(base64url(text), None, "{text}");
        }
    }
}
