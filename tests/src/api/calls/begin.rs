//! What is begun with a mechanism, by the flag that says whether the mechanism is for it.

use cryptoki_sys as ck;

use super::{Api, outcome};
use crate::api::{Act, Mechanism, Result, Ulong};

impl Api {
    /// The function that begins what a `CKF_` names: of encryption, decryption, signatures and digests in whatever form.
    pub fn begin(
        &self,
        function: Ulong,
        session: Ulong,
        mechanism: &Mechanism,
        key: Ulong,
    ) -> Result<()> {
        let by_flag = |own| match function {
            ck::CKF_SIGN_RECOVER => call!(self, C_SignRecoverInit(session, own, key)),
            ck::CKF_VERIFY_RECOVER => call!(self, C_VerifyRecoverInit(session, own, key)),
            ck::CKF_MESSAGE_ENCRYPT => call!(self, C_MessageEncryptInit(session, own, key)),
            ck::CKF_MESSAGE_DECRYPT => call!(self, C_MessageDecryptInit(session, own, key)),
            ck::CKF_MESSAGE_SIGN => call!(self, C_MessageSignInit(session, own, key)),
            ck::CKF_MESSAGE_VERIFY => call!(self, C_MessageVerifyInit(session, own, key)),
            other => panic!("nothing is begun by {other:#x}"),
        };
        match function {
            ck::CKF_ENCRYPT => self.init(Act::Encrypt, session, mechanism, key),
            ck::CKF_DECRYPT => self.init(Act::Decrypt, session, mechanism, key),
            ck::CKF_SIGN => self.init(Act::Sign, session, mechanism, key),
            ck::CKF_DIGEST => self.init(Act::Digest, session, mechanism, key),
            ck::CKF_VERIFY => self.verify_init(session, mechanism, key),
            _ => mechanism.with(by_flag),
        }
    }

    /// `C_VerifySignatureInit`.
    pub fn verify_signature_init(
        &self,
        session: Ulong,
        mechanism: &Mechanism,
        key: Ulong,
        signature: &[u8],
    ) -> Result<()> {
        let (start, length) = (super::start(signature), super::ulong(signature.len()));
        mechanism.with(|own| {
            call!(
                self,
                C_VerifySignatureInit(session, own, key, start, length)
            )
        })
    }
}
