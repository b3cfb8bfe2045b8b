//! Unique Identifiers as the `CKA_ID` of objects that have none of their own.

/// The bytes of a UUID, or the first sixteen of any other identifier.
pub fn id_bytes(id: &str) -> Vec<u8> {
    let digits: String = id.chars().filter(|letter| *letter != '-').collect();
    let byte = |pair: &[u8]| {
        std::str::from_utf8(pair)
            .ok()
            .and_then(|pair| u8::from_str_radix(pair, 16).ok())
    };
    if digits.len() == 32 && id.len() == 36 {
        let bytes: Option<Vec<u8>> = digits.as_bytes().chunks_exact(2).map(byte).collect();
        if let Some(bytes) = bytes {
            return bytes;
        }
    }
    id.bytes().take(16).collect()
}

/// The UUID whose bytes these are.
pub fn id_of_bytes(bytes: &[u8]) -> Option<String> {
    let bytes: &[u8; 16] = bytes.first_chunk().filter(|_| bytes.len() == 16)?;
    let mut text = String::with_capacity(36);
    for (position, byte) in bytes.iter().enumerate() {
        if [4, 6, 8, 10].contains(&position) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    Some(text)
}
