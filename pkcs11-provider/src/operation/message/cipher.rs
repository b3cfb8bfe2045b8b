//! Messages encrypted and decrypted, each with a nonce and a tag that its own parameter carries. A message in parts is
//! collected: nothing of it is given out before its end, and nothing decrypted before its tag was seen.

use cryptoki_sys as ck;
use kmip::mechanism::Cipher;
use pkcs11::{
    Result, Rv, Ulong,
    mechanism::{CipherUse, Meaning, Shape, cipher},
    size,
};
use zeroize::Zeroizing;

use super::{finish, nonce::Nonces};
use crate::{
    abi::{
        parameter::{MessageArgument, MessageParameter, check_first},
        pointer::{In, MechanismArgument, Offer, Out},
    },
    operation::{
        COLLECTED_BYTES_MAX, begin, cipher::Direction, last_step, permitted_key, step, trip::Trip,
    },
    remote::Remote,
    session::Session,
};

/// A message-based encryption or decryption.
#[derive(Clone)]
pub(crate) struct MessageCipher {
    key: String,
    meaning: Meaning,
    shape: Shape,
    direction: Direction,
    nonces: Nonces,
    /// The message that came in part.
    begun: Option<Begun>,
}

#[derive(Clone)]
struct Begun {
    used: CipherUse,
    gathered: Zeroizing<Vec<u8>>,
}

impl MessageCipher {
    /// The nonce of a message, made and told where that is wanted, and the cipher with it.
    fn used(&mut self, parameter: &MessageParameter<'_>, additional: &[u8]) -> Result<CipherUse> {
        let mut nonce = parameter.nonce()?;
        if self.direction == Direction::Encrypt {
            let (generator, fixed) = (parameter.generator, parameter.fixed_bits);
            nonce = self.nonces.next(generator, fixed, nonce)?;
        }
        let own = parameter.with_nonce(nonce, additional.to_vec());
        let used = cipher(self.meaning, own)?;
        if self.direction == Direction::Encrypt {
            parameter.set_nonce(&used.iv);
        }
        Ok(used)
    }

    /// The cipher of a whole message: without a nonce where the daemon is to make it, which is every bit of one as it
    /// makes them. A message in parts has to have its own from the start.
    fn used_whole(
        &mut self,
        parameter: &MessageParameter<'_>,
        additional: &[u8],
    ) -> Result<CipherUse> {
        if self.direction == Direction::Decrypt || !parameter.leaves_nonce() {
            return self.used(parameter, additional);
        }
        let own = parameter.with_nonce(parameter.nonce()?, additional.to_vec());
        let mut used = cipher(self.meaning, own)?;
        if used.cipher.iv_bytes() != Some(used.iv.len()) {
            return self.used(parameter, additional);
        }
        used.iv.clear();
        Ok(used)
    }

    /// The error for a message of the wrong length.
    const fn wrong_length(&self) -> Rv {
        match self.direction {
            Direction::Encrypt => Rv::DATA_LEN_RANGE,
            Direction::Decrypt => Rv::ENCRYPTED_DATA_LEN_RANGE,
        }
    }

    fn check_length(&self, bytes: usize, said: Option<Ulong>) -> Result<()> {
        if bytes > COLLECTED_BYTES_MAX || said.is_some_and(|said| size(said) != bytes) {
            return Err(self.wrong_length());
        }
        Ok(())
    }

    /// Has the daemon work on a whole message, and gives the answer out.
    fn run(
        &self,
        remote: &Remote,
        used: &CipherUse,
        parameter: &MessageParameter<'_>,
        input: &[u8],
        out: &mut Out<'_>,
    ) -> Result<Offer> {
        let trip = Trip {
            remote,
            key: &self.key,
            cipher: &used.cipher,
            iv: &used.iv,
            additional: &used.additional,
        };
        match self.direction {
            Direction::Encrypt => {
                let (nonce, output, tag) = if used.iv.is_empty() {
                    let (nonce, output, tag) = trip.encrypt_inside(input)?;
                    (Some(nonce), output, tag)
                } else {
                    let (output, tag) = trip.encrypt(input)?;
                    (None, output, tag.ok_or(Rv::DEVICE_ERROR)?)
                };
                let is_whole = nonce
                    .as_ref()
                    .is_none_or(|own| used.cipher.iv_bytes() == Some(own.len()));
                if !is_whole || output.len() != input.len() || tag.len() != tag_bytes(&used.cipher)
                {
                    return Err(Rv::DEVICE_ERROR);
                }
                if let Some(nonce) = nonce {
                    parameter.set_nonce(&nonce);
                }
                parameter.set_tag(&tag);
                out.give(&output)
            }
            Direction::Decrypt => {
                let tag = parameter.tag()?;
                let output = trip.decrypt(input, Some(&tag)).map_err(|rv| match rv {
                    Rv::ENCRYPTED_DATA_INVALID => Rv::AEAD_DECRYPT_FAILED,
                    other => other,
                })?;
                if output.len() != input.len() {
                    return Err(Rv::DEVICE_ERROR);
                }
                out.give(&output)
            }
        }
    }

    /// `C_EncryptMessage` and its counterpart.
    fn whole(
        &mut self,
        remote: &Remote,
        argument: MessageArgument<'_>,
        additional: In<'_>,
        data: In<'_>,
        mut out: Out<'_>,
    ) -> Result<()> {
        if self.begun.is_some() {
            return Err(Rv::OPERATION_ACTIVE);
        }
        let parameter = argument.read(self.shape)?;
        let (additional, data) = (additional.bytes()?, data.bytes()?);
        self.check_length(data.len(), parameter.data_bytes)?;
        if out.offer(data.len())? == Offer::SizeOnly {
            return Ok(());
        }
        let used = self.used_whole(&parameter, additional)?;
        self.run(remote, &used, &parameter, data, &mut out)
            .map(drop)
    }

    /// `C_EncryptMessageBegin` and its counterpart.
    fn begin(&mut self, argument: MessageArgument<'_>, additional: In<'_>) -> Result<()> {
        if self.begun.is_some() {
            return Err(Rv::OPERATION_ACTIVE);
        }
        let parameter = argument.read(self.shape)?;
        let used = self.used(&parameter, additional.bytes()?)?;
        self.begun = Some(Begun {
            used,
            gathered: Zeroizing::default(),
        });
        Ok(())
    }

    /// `C_EncryptMessageNext` and its counterpart.
    fn next(
        &mut self,
        remote: &Remote,
        argument: MessageArgument<'_>,
        part: In<'_>,
        mut out: Out<'_>,
        flags: Ulong,
    ) -> Result<()> {
        let is_last = flags == ck::CKF_END_OF_MESSAGE;
        let mut begun = self.begun.take();
        let own = &*self;
        if is_last {
            let outcome = last_step(&mut begun, |begun| {
                own.last(remote, begun, argument, part, &mut out)
            });
            self.begun = begun;
            return outcome;
        }
        let outcome = step(&mut begun, |begun| {
            if flags != 0 {
                return Err(Rv::ARGUMENTS_BAD);
            }
            let part = part.bytes()?;
            own.check_length(begun.gathered.len() + part.len(), None)?;
            if out.give(&[])? == Offer::Go {
                begun.gathered.extend_from_slice(part);
            }
            Ok(())
        });
        self.begun = begun;
        outcome
    }

    fn last(
        &self,
        remote: &Remote,
        begun: &mut Begun,
        argument: MessageArgument<'_>,
        part: In<'_>,
        out: &mut Out<'_>,
    ) -> Result<Offer> {
        let parameter = argument.read(self.shape)?;
        let part = part.bytes()?;
        let bytes = begun.gathered.len() + part.len();
        self.check_length(bytes, parameter.data_bytes)?;
        // The tag is as long as it was to be when the message began.
        let again = parameter.with_nonce(begun.used.iv.clone(), Vec::new());
        if cipher(self.meaning, again)?.cipher != begun.used.cipher {
            return Err(Rv::MECHANISM_PARAM_INVALID);
        }
        if out.offer(bytes)? == Offer::SizeOnly {
            return Ok(Offer::SizeOnly);
        }
        begun.gathered.extend_from_slice(part);
        self.run(remote, &begun.used, &parameter, &begun.gathered, out)
    }
}

fn tag_bytes(cipher: &Cipher) -> usize {
    cipher.tag_bytes().map_or(0, usize::from)
}

impl Session {
    /// `C_MessageEncryptInit` and `C_MessageDecryptInit`.
    pub(crate) fn message_init(
        &self,
        direction: Direction,
        mechanism: Option<MechanismArgument<'_>>,
        key: Ulong,
    ) -> Result<()> {
        let (function, usage) = match direction {
            Direction::Encrypt => (ck::CKF_MESSAGE_ENCRYPT, ck::CKA_ENCRYPT),
            Direction::Decrypt => (ck::CKF_MESSAGE_DECRYPT, ck::CKA_DECRYPT),
        };
        begin(self.active().messages(direction), mechanism, |mechanism| {
            let key = permitted_key(self, mechanism, key, function, usage)?;
            check_first(key.row.shape, mechanism.parameter)?;
            Ok(MessageCipher {
                key: key.facts.id.clone(),
                meaning: key.row.meaning,
                shape: key.row.shape,
                direction,
                nonces: Nonces::default(),
                begun: None,
            })
        })
    }

    fn on_messages(
        &self,
        direction: Direction,
        work: impl FnOnce(&mut MessageCipher) -> Result<()>,
    ) -> Result<()> {
        let mut active = self.active();
        // A message that fails ends alone: the others are no worse for it.
        let operation = active.messages(direction).as_mut();
        work(operation.ok_or(Rv::OPERATION_NOT_INITIALIZED)?)
    }

    /// `C_EncryptMessage` and `C_DecryptMessage`.
    pub(crate) fn message(
        &self,
        direction: Direction,
        argument: MessageArgument<'_>,
        additional: In<'_>,
        data: In<'_>,
        out: Out<'_>,
    ) -> Result<()> {
        self.on_messages(direction, |own| {
            own.whole(&self.slot.remote, argument, additional, data, out)
        })
    }

    /// `C_EncryptMessageBegin` and `C_DecryptMessageBegin`.
    pub(crate) fn message_begin(
        &self,
        direction: Direction,
        argument: MessageArgument<'_>,
        additional: In<'_>,
    ) -> Result<()> {
        self.on_messages(direction, |own| own.begin(argument, additional))
    }

    /// `C_EncryptMessageNext` and `C_DecryptMessageNext`.
    pub(crate) fn message_next(
        &self,
        direction: Direction,
        argument: MessageArgument<'_>,
        part: In<'_>,
        out: Out<'_>,
        flags: Ulong,
    ) -> Result<()> {
        self.on_messages(direction, |own| {
            own.next(&self.slot.remote, argument, part, out, flags)
        })
    }

    /// `C_MessageEncryptFinal` and `C_MessageDecryptFinal`.
    pub(crate) fn message_final(&self, direction: Direction) -> Result<()> {
        finish(self.active().messages(direction), |own| own.begun.is_some())
    }
}
