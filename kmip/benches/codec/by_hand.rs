//! The least that reading and answering a message can cost: a cursor written for that message alone.

/// What a Create, a Locate or a Sign asks, as far as a server must know it.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) version: (i32, i32),
    pub(crate) operation: u32,
    pub(crate) id: Option<String>,
    pub(crate) data: Option<Vec<u8>>,
    pub(crate) parameters: Vec<(u32, u32)>,
    pub(crate) attributes: Vec<(u32, Value)>,
}

/// An attribute's value.
pub(crate) enum Value {
    Number(u32),
    Text(String),
}

impl Value {
    /// What says that the value was read.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Number(number) => *number as usize,
            Self::Text(text) => text.len(),
        }
    }
}

fn item<'a>(rest: &mut &'a [u8]) -> Option<(u32, &'a [u8])> {
    let (head, tail) = rest.split_first_chunk::<8>()?;
    let tag = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
    let body = tail.get(..length)?;
    *rest = tail.get(length.next_multiple_of(8)..)?;
    Some((tag, body))
}

fn number(body: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(body.try_into().ok()?))
}

fn text(body: &[u8]) -> Option<String> {
    std::str::from_utf8(body).ok().map(str::to_owned)
}

/// Reads a request of KMIP 2.1 with one item.
pub(crate) fn read(mut bytes: &[u8]) -> Option<Asked> {
    let mut asked = Asked::default();
    let (0x42_0078, mut message) = item(&mut bytes)? else {
        return None;
    };
    while let Some((tag, mut body)) = item(&mut message) {
        match tag {
            0x42_0077 => {
                while let Some((tag, mut body)) = item(&mut body) {
                    if tag == 0x42_0069 {
                        let (_, major) = item(&mut body)?;
                        let (_, minor) = item(&mut body)?;
                        asked.version = (number(major)? as i32, number(minor)? as i32);
                    }
                }
            }
            0x42_000F => {
                while let Some((tag, body)) = item(&mut body) {
                    match tag {
                        0x42_005C => asked.operation = number(body)?,
                        0x42_0079 => payload(body, &mut asked)?,
                        _ => return None,
                    }
                }
            }
            _ => return None,
        }
    }
    Some(asked)
}

fn payload(mut rest: &[u8], asked: &mut Asked) -> Option<()> {
    while let Some((tag, mut body)) = item(&mut rest) {
        match tag {
            0x42_0094 => asked.id = Some(text(body)?),
            0x42_00C2 => asked.data = Some(body.to_vec()),
            0x42_0057 => asked.attributes.push((tag, Value::Number(number(body)?))),
            0x42_002B => {
                while let Some((tag, body)) = item(&mut body) {
                    asked.parameters.push((tag, number(body)?));
                }
            }
            0x42_0125 => {
                while let Some((tag, mut body)) = item(&mut body) {
                    let value = if tag == 0x42_0053 {
                        let (_, name) = item(&mut body)?;
                        item(&mut body)?;
                        Value::Text(text(name)?)
                    } else {
                        Value::Number(number(body)?)
                    };
                    asked.attributes.push((tag, value));
                }
            }
            _ => return None,
        }
    }
    Some(())
}

/// Writes a response of KMIP 2.1 that holds an identifier, and data if there is any.
pub(crate) fn write(operation: u32, id: &str, data: Option<&[u8]>) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    structure(&mut out, 0x42_007B, |out| {
        structure(out, 0x42_007A, |out| {
            structure(out, 0x42_0069, |out| {
                put(out, 0x42_006A, 2, &2_u32.to_be_bytes());
                put(out, 0x42_006B, 2, &1_u32.to_be_bytes());
            });
            put(out, 0x42_0092, 9, &1_700_000_000_u64.to_be_bytes());
            put(out, 0x42_000D, 2, &1_u32.to_be_bytes());
        });
        structure(out, 0x42_000F, |out| {
            put(out, 0x42_005C, 5, &operation.to_be_bytes());
            put(out, 0x42_007F, 5, &0_u32.to_be_bytes());
            structure(out, 0x42_007C, |out| {
                if operation == 1 {
                    put(out, 0x42_0057, 5, &2_u32.to_be_bytes());
                }
                put(out, 0x42_0094, 7, id.as_bytes());
                if let Some(data) = data {
                    put(out, 0x42_00C3, 8, data);
                }
            });
        });
    });
    out
}

fn structure(out: &mut Vec<u8>, tag: u32, fill: impl FnOnce(&mut Vec<u8>)) {
    put(out, tag, 1, &[]);
    let start = out.len();
    fill(out);
    let length = (out.len() - start) as u32;
    out[start - 4..start].copy_from_slice(&length.to_be_bytes());
}

fn put(out: &mut Vec<u8>, tag: u32, kind: u8, body: &[u8]) {
    out.extend_from_slice(&((tag << 8) | u32::from(kind)).to_be_bytes());
    out.extend_from_slice(&(body.len() as u32).to_be_bytes());
    out.extend_from_slice(body);
    out.resize(out.len().next_multiple_of(8), 0);
}
