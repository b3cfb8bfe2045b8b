//! The least that reading and answering a message can cost: a cursor written by hand for three messages of KMIP 2.1.
//!
//! It checks what any correct one must (lengths, types, tags, UTF-8, what is missing and what stands twice), says what
//! is wrong, and owns what it read, a message to sign as a secret. It knows one version and no more fields than these
//! requests are likely to have, it answers without a batch, and what it writes it leaves in memory.

use kmip::Secret;

/// What is wrong with a message.
pub(crate) enum Wrong {
    Truncated,
    Type,
    Length,
    Value,
    Tag,
    Twice,
    Missing,
    Count,
}

type Result<T> = std::result::Result<T, Wrong>;

/// A request with one item.
#[derive(PartialEq)]
pub(crate) struct Asked<P> {
    pub(crate) header: Header,
    pub(crate) operation: u32,
    pub(crate) batch_item_id: Option<Vec<u8>>,
    pub(crate) payload: P,
}

#[derive(PartialEq)]
pub(crate) struct Header {
    pub(crate) version: (i32, i32),
    pub(crate) response_bytes_max: Option<i32>,
    pub(crate) client_correlation: Option<String>,
    pub(crate) continuation: Option<u32>,
    pub(crate) in_order: Option<bool>,
    pub(crate) time: Option<i64>,
}

#[derive(PartialEq)]
pub(crate) struct Sign {
    pub(crate) id: Option<String>,
    pub(crate) parameters: Option<Parameters>,
    pub(crate) data: Option<Secret>,
    pub(crate) digest: Option<Vec<u8>>,
}

#[derive(Default, PartialEq)]
pub(crate) struct Parameters {
    pub(crate) padding: Option<u32>,
    pub(crate) hash: Option<u32>,
    pub(crate) signature: Option<u32>,
    pub(crate) algorithm: Option<u32>,
    pub(crate) salt_length: Option<i32>,
}

#[derive(PartialEq)]
pub(crate) struct Locate {
    pub(crate) items_max: Option<i32>,
    pub(crate) attributes: Vec<Attribute>,
}

#[derive(PartialEq)]
pub(crate) struct Create {
    pub(crate) object_type: u32,
    pub(crate) attributes: Vec<Attribute>,
}

/// An attribute by its tag.
#[derive(PartialEq)]
pub(crate) struct Attribute(pub(crate) u32, pub(crate) Value);

#[derive(PartialEq)]
pub(crate) enum Value {
    Number(u32),
    Text(String),
}

struct Item<'a> {
    tag: u32,
    kind: u8,
    body: &'a [u8],
}

fn next<'a>(rest: &mut &'a [u8]) -> Result<Option<Item<'a>>> {
    if rest.is_empty() {
        return Ok(None);
    }
    let (head, tail) = rest.split_first_chunk::<8>().ok_or(Wrong::Truncated)?;
    let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
    let padded = length.next_multiple_of(8);
    if padded > tail.len() {
        return Err(Wrong::Truncated);
    }
    *rest = &tail[padded..];
    Ok(Some(Item {
        tag: u32::from_be_bytes([0, head[0], head[1], head[2]]),
        kind: head[3],
        body: &tail[..length],
    }))
}

impl<'a> Item<'a> {
    fn of(&self, kind: u8) -> Result<&'a [u8]> {
        if self.kind == kind {
            Ok(self.body)
        } else {
            Err(Wrong::Type)
        }
    }

    fn structure(&self) -> Result<&'a [u8]> {
        self.of(1)
    }

    fn four(&self, kind: u8) -> Result<u32> {
        let body = self.of(kind)?.try_into().map_err(|_| Wrong::Length)?;
        Ok(u32::from_be_bytes(body))
    }

    fn integer(&self) -> Result<i32> {
        self.four(2).map(|number| number as i32)
    }

    fn enumeration(&self) -> Result<u32> {
        self.four(5)
    }

    fn eight(&self, kind: u8) -> Result<u64> {
        let body = self.of(kind)?.try_into().map_err(|_| Wrong::Length)?;
        Ok(u64::from_be_bytes(body))
    }

    fn boolean(&self) -> Result<bool> {
        match self.eight(6)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Wrong::Value),
        }
    }

    fn text(&self) -> Result<String> {
        let text = std::str::from_utf8(self.of(7)?).map_err(|_| Wrong::Value)?;
        Ok(text.to_owned())
    }

    fn bytes(&self) -> Result<Vec<u8>> {
        self.of(8).map(<[u8]>::to_vec)
    }
}

fn once<T>(slot: &mut Option<T>, value: Result<T>) -> Result<()> {
    if slot.is_some() {
        return Err(Wrong::Twice);
    }
    *slot = Some(value?);
    Ok(())
}

/// Reads a request; `payload` reads what the operation asks.
pub(crate) fn read<P>(mut bytes: &[u8], payload: fn(&[u8]) -> Result<P>) -> Result<Asked<P>> {
    let whole = next(&mut bytes)?.ok_or(Wrong::Truncated)?;
    if whole.tag != 0x42_0078 || !bytes.is_empty() {
        return Err(Wrong::Tag);
    }
    let mut rest = whole.structure()?;
    let (mut head, mut asked) = (None, None);
    while let Some(part) = next(&mut rest)? {
        match part.tag {
            0x42_0077 => once(&mut head, header(part.structure()?))?,
            0x42_000F => once(&mut asked, item(part.structure()?, payload))?,
            tag => vendor(tag)?,
        }
    }
    let (operation, batch_item_id, payload) = asked.ok_or(Wrong::Missing)?;
    Ok(Asked {
        header: head.ok_or(Wrong::Missing)?,
        operation,
        batch_item_id,
        payload,
    })
}

fn header(mut rest: &[u8]) -> Result<Header> {
    let (mut version, mut count, mut response_bytes_max, mut client_correlation) =
        (None, None, None, None);
    let (mut continuation, mut in_order, mut time) = (None, None, None);
    while let Some(field) = next(&mut rest)? {
        match field.tag {
            0x42_0069 => once(&mut version, protocol_version(field.structure()?))?,
            0x42_0050 => once(&mut response_bytes_max, field.integer())?,
            0x42_0105 => once(&mut client_correlation, field.text())?,
            0x42_000E => once(&mut continuation, field.enumeration())?,
            0x42_0010 => once(&mut in_order, field.boolean())?,
            0x42_0092 => once(&mut time, field.eight(9).map(|time| time as i64))?,
            0x42_000D => once(&mut count, field.integer())?,
            tag => vendor(tag)?,
        }
    }
    let version = version.ok_or(Wrong::Missing)?;
    if version != (2, 1) {
        return Err(Wrong::Value);
    }
    if count.ok_or(Wrong::Missing)? != 1 {
        return Err(Wrong::Count);
    }
    Ok(Header {
        version,
        response_bytes_max,
        client_correlation,
        continuation,
        in_order,
        time,
    })
}

fn protocol_version(mut rest: &[u8]) -> Result<(i32, i32)> {
    let (mut major, mut minor) = (None, None);
    while let Some(field) = next(&mut rest)? {
        match field.tag {
            0x42_006A => once(&mut major, field.integer())?,
            0x42_006B => once(&mut minor, field.integer())?,
            tag => vendor(tag)?,
        }
    }
    Ok((major.ok_or(Wrong::Missing)?, minor.ok_or(Wrong::Missing)?))
}

fn item<P>(mut rest: &[u8], read: fn(&[u8]) -> Result<P>) -> Result<(u32, Option<Vec<u8>>, P)> {
    let (mut operation, mut id, mut payload) = (None, None, None);
    while let Some(field) = next(&mut rest)? {
        match field.tag {
            0x42_005C => once(&mut operation, field.enumeration())?,
            0x42_0093 => once(&mut id, field.bytes())?,
            0x42_0079 => once(&mut payload, field.structure().and_then(read))?,
            tag => vendor(tag)?,
        }
    }
    Ok((
        operation.ok_or(Wrong::Missing)?,
        id,
        payload.ok_or(Wrong::Missing)?,
    ))
}

fn vendor(tag: u32) -> Result<()> {
    if tag >> 16 == 0x54 {
        Ok(())
    } else {
        Err(Wrong::Tag)
    }
}

/// What a Sign asks.
pub(crate) fn sign(mut rest: &[u8]) -> Result<Sign> {
    let (mut id, mut own, mut data, mut digest) = (None, None, None, None);
    while let Some(field) = next(&mut rest)? {
        match field.tag {
            0x42_0094 => once(&mut id, field.text())?,
            0x42_002B => once(&mut own, parameters(field.structure()?))?,
            0x42_00C2 => once(&mut data, field.bytes().map(Secret::new))?,
            0x42_0107 => once(&mut digest, field.bytes())?,
            tag => vendor(tag)?,
        }
    }
    Ok(Sign {
        id,
        parameters: own,
        data,
        digest,
    })
}

fn parameters(mut rest: &[u8]) -> Result<Parameters> {
    let mut own = Parameters::default();
    while let Some(field) = next(&mut rest)? {
        match field.tag {
            0x42_005F => once(&mut own.padding, field.enumeration())?,
            0x42_0038 => once(&mut own.hash, field.enumeration())?,
            0x42_00AE => once(&mut own.signature, field.enumeration())?,
            0x42_0028 => once(&mut own.algorithm, field.enumeration())?,
            0x42_0100 => once(&mut own.salt_length, field.integer())?,
            tag => vendor(tag)?,
        }
    }
    Ok(own)
}

/// What a Locate asks.
pub(crate) fn locate(mut rest: &[u8]) -> Result<Locate> {
    let (mut items_max, mut own) = (None, None);
    while let Some(field) = next(&mut rest)? {
        match field.tag {
            0x42_004F => once(&mut items_max, field.integer())?,
            0x42_0125 => once(&mut own, attributes(field.structure()?))?,
            tag => vendor(tag)?,
        }
    }
    Ok(Locate {
        items_max,
        attributes: own.unwrap_or_default(),
    })
}

/// What a Create asks.
pub(crate) fn create(mut rest: &[u8]) -> Result<Create> {
    let (mut object_type, mut own) = (None, None);
    while let Some(field) = next(&mut rest)? {
        match field.tag {
            0x42_0057 => once(&mut object_type, field.enumeration())?,
            0x42_0125 => once(&mut own, attributes(field.structure()?))?,
            tag => vendor(tag)?,
        }
    }
    Ok(Create {
        object_type: object_type.ok_or(Wrong::Missing)?,
        attributes: own.unwrap_or_default(),
    })
}

fn attributes(mut rest: &[u8]) -> Result<Vec<Attribute>> {
    let mut own = Vec::new();
    while let Some(field) = next(&mut rest)? {
        let value = match field.tag {
            0x42_0053 => name(field.structure()?).map(Value::Text),
            0x42_0028 | 0x42_0057 => field.enumeration().map(Value::Number),
            0x42_002A | 0x42_002C => field.four(2).map(Value::Number),
            tag => {
                vendor(tag)?;
                continue;
            }
        };
        own.push(Attribute(field.tag, value?));
    }
    Ok(own)
}

fn name(mut rest: &[u8]) -> Result<String> {
    let (mut value, mut kind) = (None, None);
    while let Some(field) = next(&mut rest)? {
        match field.tag {
            0x42_0055 => once(&mut value, field.text())?,
            0x42_0054 => once(&mut kind, field.enumeration())?,
            tag => vendor(tag)?,
        }
    }
    kind.ok_or(Wrong::Missing)?;
    value.ok_or(Wrong::Missing)
}
