//! The least that writing a response can cost: items appended by hand to bytes that stay in memory.

/// Writes the response of an operation that succeeded; `payload` writes what it answers.
pub(crate) fn write(operation: u32, time: i64, payload: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    structure(&mut out, 0x42_007B, |out| {
        structure(out, 0x42_007A, |out| {
            structure(out, 0x42_0069, |out| {
                four(out, 0x42_006A, 2, 2);
                four(out, 0x42_006B, 2, 1);
            });
            fixed(out, 0x42_0092, 9, 8, time as u64);
            four(out, 0x42_000D, 2, 1);
        });
        structure(out, 0x42_000F, |out| {
            enumeration(out, 0x42_005C, operation);
            enumeration(out, 0x42_007F, 0);
            structure(out, 0x42_007C, payload);
        });
    });
    out
}

fn structure(out: &mut Vec<u8>, tag: u32, fill: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(&head(tag, 1, 0).to_be_bytes());
    let start = out.len();
    fill(out);
    let length = (out.len() - start) as u32;
    out[start - 4..start].copy_from_slice(&length.to_be_bytes());
}

pub(crate) fn enumeration(out: &mut Vec<u8>, tag: u32, value: u32) {
    four(out, tag, 5, value);
}

fn four(out: &mut Vec<u8>, tag: u32, kind: u8, value: u32) {
    fixed(out, tag, kind, 4, u64::from(value) << 32);
}

fn fixed(out: &mut Vec<u8>, tag: u32, kind: u8, length: u32, padded: u64) {
    let item = (u128::from(head(tag, kind, length)) << 64) | u128::from(padded);
    out.extend_from_slice(&item.to_be_bytes());
}

/// Writes a Text String (7) or a Byte String (8).
pub(crate) fn string(out: &mut Vec<u8>, tag: u32, kind: u8, value: &[u8]) {
    out.extend_from_slice(&head(tag, kind, value.len() as u32).to_be_bytes());
    out.extend_from_slice(value);
    out.resize(out.len().next_multiple_of(8), 0);
}

fn head(tag: u32, kind: u8, length: u32) -> u64 {
    (u64::from(tag) << 40) | (u64::from(kind) << 32) | u64::from(length)
}
