//! Bytes of a stream into whole messages; knows the size limit and nothing else.

/// What the bytes read so far amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// One whole message of this many bytes stands at the front.
    Whole(usize),
    /// More bytes are needed, this many in all as far as is known.
    Partial(usize),
    /// The announced message is larger than the limit.
    TooLarge(u64),
    /// The bytes cannot begin a message.
    Foreign,
}

/// Looks at the front of a stream's bytes. A message is one structure of at most `bytes_max` bytes, header included.
#[must_use]
pub fn frame(bytes: &[u8], bytes_max: usize) -> Frame {
    // Request Message and Response Message are 0x420078 and 0x42007B; anything else is another protocol.
    let known = [0x42, 0x00];
    if bytes
        .iter()
        .zip(known)
        .any(|(found, wanted)| *found != wanted)
        || bytes
            .get(2)
            .is_some_and(|byte| *byte != 0x78 && *byte != 0x7B)
        || bytes.get(3).is_some_and(|byte| *byte != 0x01)
    {
        return Frame::Foreign;
    }
    let Some(length) = bytes.get(4..8).and_then(|length| length.first_chunk()) else {
        return Frame::Partial(8);
    };
    let whole = u64::from(u32::from_be_bytes(*length)) + 8;
    match usize::try_from(whole) {
        Ok(whole) if whole <= bytes_max => {
            if bytes.len() >= whole {
                Frame::Whole(whole)
            } else {
                Frame::Partial(whole)
            }
        }
        _ => Frame::TooLarge(whole),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_cut_into_messages() {
        let message = [
            0x42, 0x00, 0x78, 0x01, 0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0x42,
        ];
        assert_eq!(frame(&[], 100), Frame::Partial(8));
        assert_eq!(frame(&message[..7], 100), Frame::Partial(8));
        assert_eq!(frame(&message[..15], 100), Frame::Partial(16));
        assert_eq!(frame(&message, 100), Frame::Whole(16));
        assert_eq!(frame(&message, 15), Frame::TooLarge(16));
        assert_eq!(
            frame(&[0x42, 0x00, 0x78, 0x01, 0xFF, 0xFF, 0xFF, 0xFF], 1 << 20),
            Frame::TooLarge((1 << 32) + 7)
        );
        assert_eq!(frame(b"GET / HTTP/1.1", 100), Frame::Foreign);
        assert_eq!(frame(&[0x42, 0x00, 0x78, 0x02], 100), Frame::Foreign);
    }
}
