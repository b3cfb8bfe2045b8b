//! Encrypt and Decrypt in parts.

use hsm::Task;
use kmip::{
    CryptographicUsageMask, ObjectType, Secret, V1_4,
    payload::encrypt::{DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse},
    ttlv::Bytes,
};

use super::{begun, spend};
use crate::{
    context::Context,
    error::{Error, Result},
    ops::encrypt::{self, associated, decryption, secret_use},
    streams::{Step, Stream},
    uses::Counted,
};

/// Encrypt, one part.
pub(in crate::ops) fn encrypt(
    context: &mut Context<'_>,
    step: Step,
    mut request: EncryptRequest,
) -> Result<EncryptResponse> {
    let additional = request.authenticated_encryption_additional_data.as_ref();
    refuse_later(&step, additional)?;
    let data = request.data.take().unwrap_or_default();
    let named = request.unique_identifier.clone();
    let mut part = context.part(step, |context| begin_encryption(context, request))?;
    let key = context.part_key(&part, named)?;
    context.permitted(&key, CryptographicUsageMask::Encrypt)?;
    part.advance(data.expose())?;
    let mut response = if part.is_last && part.stream.is_held() {
        let (said, output) = part.end::<EncryptRequest>()?;
        encrypt::whole(context, &key, said, output.data.expose())?
    } else {
        if !part.stream.is_held() {
            spend(context, &key, &part, data.len())?;
        }
        if part.is_last {
            context.used(&key, Counted::Encrypt);
        }
        let output = part.output()?;
        let (mut data, mut tag) = (output.data.expose().to_vec(), output.tag.clone());
        if context.version < V1_4 {
            data.extend(tag.take().unwrap_or_default());
        }
        let made_iv = part.stream.iv.clone().filter(|_| part.is_first);
        EncryptResponse {
            unique_identifier: key.identifier(),
            data: (!data.is_empty()).then_some(Bytes(data)),
            iv_counter_nonce: made_iv.map(Bytes),
            correlation_value: None,
            authenticated_encryption_tag: tag.map(Bytes),
        }
    };
    response.correlation_value = part.correlation();
    context.keep(part);
    Ok(response)
}

fn begin_encryption(context: &mut Context<'_>, request: EncryptRequest) -> Result<Stream> {
    let key = context.object(request.unique_identifier.clone())?;
    if key.record().object_type == ObjectType::PublicKey {
        context.permitted(&key, CryptographicUsageMask::Encrypt)?;
        return Ok(begun(context, &key, request, None));
    }
    let with = secret_use(context, &key, &request)?;
    let task = Task::Encrypt {
        cipher: &with.cipher,
        iv: with.start.iv.as_deref(),
        associated: associated(request.authenticated_encryption_additional_data.as_ref()),
    };
    let stream = context.backend(&with.backend)?.begin(&with.key, task)?;
    Ok(begun(context, &key, request, stream).at_most(with.start.bytes_max))
}

/// Decrypt, one part. The tag may come with any of them.
pub(in crate::ops) fn decrypt(
    context: &mut Context<'_>,
    step: Step,
    mut request: DecryptRequest,
) -> Result<DecryptResponse> {
    let additional = request.authenticated_encryption_additional_data.as_ref();
    refuse_later(&step, additional)?;
    let data = request.data.take().map_or_else(Vec::new, |data| data.0);
    let (named, tag) = (
        request.unique_identifier.clone(),
        request.authenticated_encryption_tag.clone(),
    );
    let mut part = context.part(step, |context| begin_decryption(context, request))?;
    let key = context.part_key(&part, named)?;
    context.permitted(&key, CryptographicUsageMask::Decrypt)?;
    if tag.is_some() {
        part.said::<DecryptRequest>()?.authenticated_encryption_tag = tag;
    }
    part.advance(&data)?;
    let plain = if part.is_last && part.stream.is_held() {
        let (said, output) = part.end::<DecryptRequest>()?;
        encrypt::whole_decrypted(context, &key, said, output.data.expose())?
    } else {
        part.output()?.data.clone()
    };
    if part.is_last {
        context.used(&key, Counted::Decrypt);
    }
    let response = DecryptResponse {
        unique_identifier: key.identifier(),
        data: shown(plain),
        correlation_value: part.correlation(),
    };
    context.keep(part);
    Ok(response)
}

fn begin_decryption(context: &mut Context<'_>, request: DecryptRequest) -> Result<Stream> {
    let key = context.object(request.unique_identifier.clone())?;
    let with = decryption(context, &key, &request)?;
    let task = Task::Decrypt {
        cipher: &with.cipher,
        iv: with.start.iv.as_deref(),
    };
    // A tag or associated data of a mode without any is refused at the end, as when all comes at once.
    let extras = request.authenticated_encryption_tag.is_some()
        || request.authenticated_encryption_additional_data.is_some();
    let stream = if extras {
        None
    } else {
        context.backend(&with.backend)?.begin(&with.key, task)?
    };
    Ok(begun(context, &key, request, stream).at_most(with.start.bytes_max))
}

/// KMIP 2.1 §6.1.18: additional data comes with the first part, because it is authenticated before the rest.
fn refuse_later(step: &Step, additional: Option<&Bytes>) -> Result<()> {
    if matches!(step, Step::Next { .. }) && additional.is_some() {
        return Err(Error::invalid_field(
            "additional data comes with the first part",
        ));
    }
    Ok(())
}

fn shown(data: Secret) -> Option<Secret> {
    (!data.is_empty()).then_some(data)
}
