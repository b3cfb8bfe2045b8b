//! A connection of one client: binary messages, or HTTPS.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use keyhold_tests::{
    Appliance,
    pki::{self, Identity},
};
use rustls::{ClientConnection, StreamOwned, pki_types::ServerName};

/// A connection of one client.
pub(crate) struct Link {
    stream: StreamOwned<ClientConnection, TcpStream>,
}

impl Link {
    pub(crate) fn open(appliance: &Appliance, client: &str) -> Result<Self, String> {
        let file = |ending: &str| appliance.file(&format!("clients/{client}.{ending}"));
        let identity = Identity::read(&file("pem"), &file("key"));
        let config = pki::client_config(&appliance.file("ca.pem"), Some(&identity));
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(config, name).map_err(|error| error.to_string())?;
        let tcp = appliance.tcp();
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        Ok(Self {
            stream: StreamOwned::new(connection, tcp),
        })
    }

    pub(crate) fn exchange(&mut self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        self.write(bytes)?;
        self.read()
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.stream
            .write_all(bytes)
            .and_then(|()| self.stream.flush())
            .map_err(|error| format!("the request cannot be sent: {error}"))
    }

    pub(crate) fn read(&mut self) -> Result<Vec<u8>, String> {
        message(&mut self.stream)
    }

    fn fill(&mut self, out: &mut [u8]) -> Result<(), String> {
        self.stream
            .read_exact(out)
            .map_err(|error| format!("no answer: {error}"))
    }

    /// Sends a message over HTTPS, and takes the answer with the headers that the profile wants.
    pub(crate) fn post(&mut self, content_type: &str, body: &[u8]) -> Result<Vec<u8>, String> {
        let head = format!(
            "POST /kmip HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n\
             Content-Length: {}\r\nCache-Control: no-cache\r\n\r\n",
            body.len()
        );
        self.write(&[head.as_bytes(), body].concat())?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.fill(&mut byte)?;
            head.push(byte[0]);
            if head.len() > 64 << 10 {
                return Err("a head without end".to_owned());
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let header = |name: &str| {
            head.lines().skip(1).find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.eq_ignore_ascii_case(name)
                    .then(|| value.trim().to_owned())
            })
        };
        if !head.starts_with("HTTP/1.1 200") {
            return Err(format!(
                "the server answers {}",
                head.lines().next().unwrap_or_default()
            ));
        }
        let said = header("content-type").unwrap_or_default();
        if !said.starts_with(content_type) {
            return Err(format!("the answer is {said}, not {content_type}"));
        }
        let length = header("content-length").and_then(|own| own.parse().ok());
        let mut body = vec![0; length.ok_or("the answer has no Content-Length")?];
        self.fill(&mut body)?;
        Ok(body)
    }
}

/// One whole message.
pub(crate) fn message(stream: &mut impl Read) -> Result<Vec<u8>, String> {
    let broken = |error: std::io::Error| format!("no answer: {error}");
    let mut message = vec![0; 8];
    stream.read_exact(&mut message).map_err(broken)?;
    let length = u32::from_be_bytes(message[4..8].try_into().unwrap()) as usize;
    if message[0] != 0x42 || length > 64 << 20 {
        return Err("the answer is no KMIP message".to_owned());
    }
    message.resize(8 + length, 0);
    stream.read_exact(&mut message[8..]).map_err(broken)?;
    Ok(message)
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
