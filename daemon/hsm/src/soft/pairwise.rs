//! The pairwise consistency test of a key pair (FIPS 140-3 IG 10.3.A): what the private half makes, the public half undoes.

use kmip::{
    Secret,
    mechanism::{Cipher, CurveForm, Hash, KeySpec, PostQuantumUse, Signing},
};

use super::{named::NamedKey, plain::PlainKey};
use crate::{Decryption, Error, Input, Material, Result, public};

impl PlainKey {
    /// Tests a new key pair. A secret key has nothing to agree with.
    pub(super) fn agrees_with_itself(&self) -> Result<()> {
        let signing = match self.spec() {
            KeySpec::Rsa { .. } => {
                self.decrypts_what_is_encrypted()?;
                Signing::RsaPkcs1(Some(Hash::Sha256))
            }
            KeySpec::Dsa { .. } => Signing::Dsa(Some(Hash::Sha256)),
            KeySpec::Ec(curve) => match curve.form() {
                CurveForm::Weierstrass => Signing::Ecdsa(Some(Hash::Sha256)),
                CurveForm::Edwards => Signing::Eddsa,
                CurveForm::Montgomery => return self.agrees_with_another(),
            },
            KeySpec::Dh { .. } => return self.agrees_with_another(),
            KeySpec::PostQuantum(algorithm) => match algorithm.kind() {
                PostQuantumUse::MlDsa => Signing::MlDsa,
                // A signature takes up to seconds; the root of its tree is the only number that could disagree.
                PostQuantumUse::SlhDsa => return agreed(self.has_its_own_root()),
                PostQuantumUse::Kem => {
                    let (ciphertext, secret) = public::encapsulate(self.half())?;
                    return agreed(self.decapsulate(&ciphertext)? == secret);
                }
            },
            _ => return Ok(()),
        };
        let input = Input::Message(MESSAGE);
        let signature = self.sign_unseen(signing, input)?;
        agreed(public::verify(self.half(), signing, input, &signature)?)
    }

    fn decrypts_what_is_encrypted(&self) -> Result<()> {
        let data = public::encrypt(self.half(), &Cipher::RsaPkcs1, MESSAGE)?;
        let input = Decryption {
            iv: None,
            associated: &[],
            tag: None,
            data: &data,
        };
        let plain = self.decrypt(&Cipher::RsaPkcs1, input)?;
        agreed(plain.expose() == MESSAGE)
    }

    /// Agrees with a key made for this: either side must come upon the same secret.
    fn agrees_with_another(&self) -> Result<()> {
        let other = Self::from_validated(&Material::Private {
            spec: self.spec(),
            pkcs8: Secret::new(NamedKey::generate(self.spec())?),
        })?;
        if public::agreement_group(other.half())? != public::agreement_group(self.half())? {
            // A key of somebody's own group was taken over, and its halves were compared number by number.
            return Ok(());
        }
        agreed(self.agree(other.half())? == other.agree(self.half())?)
    }

    fn half(&self) -> &[u8] {
        self.public().unwrap_or_default()
    }
}

fn agreed(agreed: bool) -> Result<()> {
    if agreed {
        Ok(())
    } else {
        Err(Error::Broken(
            "a key pair does not agree with itself".to_owned(),
        ))
    }
}

const MESSAGE: &[u8] = b"pairwise consistency";
