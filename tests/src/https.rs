//! KMIP over HTTPS as a stream of messages: what is written is posted, in any encoding, and what is read is the answer.

use std::io::{self, BufRead, BufReader, Read, Write};

use kmip::text::Encoding;

use crate::client::Duplex;

/// A connection that posts each message that is flushed.
pub struct Https<S: Duplex> {
    stream: BufReader<S>,
    encoding: Option<Encoding>,
    media: &'static str,
    written: Vec<u8>,
    answer: io::Cursor<Vec<u8>>,
}

impl<S: Duplex> Https<S> {
    /// Posts over a stream, in TTLV or in a text.
    pub fn over(stream: S, encoding: Option<Encoding>) -> Self {
        Self {
            stream: BufReader::new(stream),
            encoding,
            media: match encoding {
                None => "application/octet-stream",
                Some(Encoding::Json) => "application/json",
                Some(Encoding::Xml) => "text/xml",
            },
            written: Vec::new(),
            answer: io::Cursor::default(),
        }
    }

    fn post(&mut self, body: &[u8]) -> io::Result<()> {
        let head = format!(
            "POST /kmip HTTP/1.1\r\nHost: localhost\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n",
            self.media,
            body.len()
        );
        let stream = self.stream.get_mut();
        stream.write_all(&[head.as_bytes(), body].concat())?;
        stream.flush()
    }

    /// The body of the answer, whose head is what KMIP wants.
    fn answered(&mut self) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_owned()),
            }
        }
        assert_eq!(head[0], "HTTP/1.1 200 OK");
        let field = |name: &str| {
            let all = head.iter().filter_map(|line| line.strip_prefix(name));
            let [value] = all.collect::<Vec<_>>()[..] else {
                panic!("{name} does not stand once in {head:?}");
            };
            value.to_owned()
        };
        assert_eq!(field("Content-Type: "), self.media);
        assert_eq!(field("Cache-Control: "), "no-cache");
        let mut body = vec![0; field("Content-Length: ").parse().unwrap()];
        self.stream.read_exact(&mut body)?;
        Ok(body)
    }
}

impl<S: Duplex> Write for Https<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let message = std::mem::take(&mut self.written);
        if message.is_empty() {
            return Ok(());
        }
        let Some(encoding) = self.encoding else {
            self.post(&message)?;
            self.answer = io::Cursor::new(self.answered()?);
            return Ok(());
        };
        self.post(&encoding.write(&message).expect("a message"))?;
        let text = self.answered()?;
        let ttlv = encoding.read(&text).unwrap_or_else(|unreadable| {
            panic!("{}: {}", unreadable.error, String::from_utf8_lossy(&text))
        });
        // What the daemon writes is written in the one exact way.
        assert!(*encoding.write(&ttlv).unwrap() == text);
        self.answer = io::Cursor::new(ttlv.to_vec());
        Ok(())
    }
}

impl<S: Duplex> Read for Https<S> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.answer.read(bytes)
    }
}
