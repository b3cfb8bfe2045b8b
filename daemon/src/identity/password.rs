//! Passwords that their users change.

use kmip::Secret;
use store::{ObjectId, Transaction};

use super::{account::Accounts, verifier::Verifier};
use crate::{
    directory::Guess,
    error::{Error, Result},
    pin::Refused,
};

impl Accounts<'_> {
    /// Replaces a password, of which `verifier` is kept from now on, once the old one is proven. `username` is who is
    /// guessed at when that is wrong.
    pub(crate) fn change_password(
        &self,
        tx: &mut dyn Transaction,
        username: &str,
        credential: &ObjectId,
        old: &Secret,
        verifier: String,
    ) -> Result<std::result::Result<(), Refused>> {
        let record = tx.record(credential)?;
        let mut record = (*record.ok_or_else(Error::no_such_object)?).clone();
        let Verifier::Password { verifier: known } = self.opened(&record)? else {
            return Err(Error::internal("a password is kept as something else"));
        };
        let guess = Guess {
            vault: &record.vault,
            account: username,
            now: self.now,
        };
        if let Err(why) = self.directory.verify(&guess, &credential.0, &known, old) {
            return Ok(Err(why));
        }
        record.custody =
            self.sealed(&record.vault, credential, &Verifier::Password { verifier })?;
        record.attributes.last_change_date = Some(self.now);
        tx.update(record)?;
        Ok(Ok(()))
    }
}
