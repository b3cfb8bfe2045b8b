//! A KMIP client that can say everything a client may say, well or badly.

use std::{
    fmt,
    io::{self, Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    path::Path,
    sync::Arc,
    time::Duration,
};

use kmip::{
    BatchErrorContinuationOption, OperationCode, ResultReason, ResultStatus, Secret, Tag, Version,
    client::{incoming, outgoing},
    message::{
        Authentication, Credential, Password, RequestHeader, Response, ResponseItem,
        UsernameAndPassword,
    },
    payload::Operation,
    ttlv::{Bytes, Value, Writer},
};
use rustls::{ClientConfig, ClientConnection, StreamOwned, pki_types::ServerName};

use crate::strict;

/// What carries messages.
pub trait Duplex: Read + Write + Send {}

impl<S: Read + Write + Send> Duplex for S {}

/// TLS over a connection, once its handshake is through: the daemon does not wait for it until there is something to send.
pub fn shake_hands(
    mut tcp: TcpStream,
    config: Arc<ClientConfig>,
) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let name = ServerName::try_from("localhost").unwrap();
    let mut tls = ClientConnection::new(config, name).map_err(io::Error::other)?;
    while tls.is_handshaking() {
        tls.complete_io(&mut tcp)?;
    }
    Ok(StreamOwned::new(tls, tcp))
}

/// One connection.
pub struct Client {
    stream: Box<dyn Duplex>,
    /// The version of the messages written.
    pub version: Version,
    credential: Option<Credential>,
}

/// Why an item failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// How it went.
    pub status: ResultStatus,
    /// Why.
    pub reason: Option<ResultReason>,
    /// Why, in words.
    pub message: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}: {}", self.status, self.reason, self.message)
    }
}

impl Client {
    /// A connection over TLS, once its handshake is through.
    pub fn over_tls(
        tcp: TcpStream,
        config: Arc<ClientConfig>,
        version: Version,
    ) -> io::Result<Self> {
        Ok(Self::over(shake_hands(tcp, config)?, version))
    }

    /// A connection to the local socket.
    #[must_use]
    pub fn over_socket(path: &Path, version: Version) -> Self {
        let stream = UnixStream::connect(path).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        Self::over(stream, version)
    }

    /// A connection over anything.
    pub fn over(stream: impl Duplex + 'static, version: Version) -> Self {
        Self {
            stream: Box::new(stream),
            version,
            credential: None,
        }
    }

    /// Sends a username and a password with each message from now on.
    pub fn authenticate(&mut self, username: &str, password: &str) {
        self.credential = Some(Credential::UsernameAndPassword(UsernameAndPassword {
            username: username.to_owned(),
            password: Some(Password(Secret::from(password.as_bytes()))),
        }));
    }

    /// Calls an operation.
    pub fn try_call<O: Operation>(&mut self, request: &O::Request) -> Result<O::Response, Refused> {
        let mut batch = Batch::new(self.version);
        batch.add::<O>(request);
        let response = self.send(batch);
        assert_eq!(response.items.len(), 1, "one item is answered by one item");
        let item = &response.items[0];
        assert_eq!(item.operation, Some(O::CODE), "the operation is echoed");
        answer::<O>(item, self.version)
    }

    /// Calls an operation that must succeed.
    pub fn call<O: Operation>(&mut self, request: &O::Request) -> O::Response {
        self.try_call::<O>(request)
            .unwrap_or_else(|refused| panic!("{:?} in {}: {refused}", O::CODE, self.version))
    }

    /// Calls an operation that must be refused, and returns the reason.
    pub fn refused<O: Operation>(&mut self, request: &O::Request) -> ResultReason {
        match self.try_call::<O>(request) {
            Ok(_) => panic!(
                "{:?} in {} was served and should not have been",
                O::CODE,
                self.version
            ),
            Err(refused) => refused.reason.expect("a refusal has a reason"),
        }
    }

    /// Sends a batch.
    pub fn send(&mut self, batch: Batch) -> Response {
        let version = batch.version;
        let bytes = self.ask(batch);
        let response = Response::read(&bytes).expect("an answer that can be read");
        assert_eq!(
            response.version, version,
            "the answer is in the version of the request"
        );
        strict::check(&bytes, response.version);
        response
    }

    /// Sends a batch and returns the message that answers it, unread.
    pub fn ask(&mut self, mut batch: Batch) -> Vec<u8> {
        if batch.header.authentication.is_none() {
            batch.header.authentication =
                self.credential.clone().map(|credential| Authentication {
                    credential: vec![credential],
                });
        }
        self.exchange(&batch.encode()).expect("an answer")
    }

    /// Sends bytes and returns the message that answers them.
    pub fn exchange(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        self.write(bytes)?;
        self.read()
    }

    /// Sends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// Receives a whole message.
    pub fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut message = vec![0; 8];
        self.stream.read_exact(&mut message)?;
        let length = u32::from_be_bytes(message[4..8].try_into().unwrap()) as usize;
        assert!(length < 64 << 20, "an answer of {length} bytes");
        message.resize(8 + length, 0);
        self.stream.read_exact(&mut message[8..])?;
        Ok(message)
    }
}

/// The payload of an item, or why there is none.
pub fn answer<O: Operation>(item: &ResponseItem, version: Version) -> Result<O::Response, Refused> {
    if item.result_status != ResultStatus::Success {
        return Err(Refused {
            status: item.result_status,
            reason: item.result_reason,
            message: item.result_message.clone().unwrap_or_default(),
        });
    }
    assert_eq!(item.result_reason, None, "a success has no reason");
    Ok(incoming::<O>(item, version).expect("a payload that can be read"))
}

/// A request message being put together.
pub struct Batch {
    /// The header; the batch count is that of the items unless it is changed last.
    pub header: RequestHeader,
    version: Version,
    items: Vec<Item>,
}

struct Item {
    operation: OperationCode,
    id: Option<Vec<u8>>,
    payload: Vec<u8>,
}

impl Batch {
    /// A message without items.
    #[must_use]
    pub fn new(version: Version) -> Self {
        Self {
            header: RequestHeader::plain(version, 0),
            version,
            items: Vec::new(),
        }
    }

    /// What is to happen after an item that fails.
    #[must_use]
    pub fn on_error(mut self, option: BatchErrorContinuationOption) -> Self {
        self.header.batch_error_continuation_option = Some(option);
        self
    }

    /// Adds an item.
    pub fn add<O: Operation>(&mut self, request: &O::Request) -> &mut Self {
        self.add_raw(O::CODE, &outgoing::<O>(request, self.version).payload)
    }

    /// Adds an item whose payload is encoded already.
    pub fn add_raw(&mut self, operation: OperationCode, payload: &[u8]) -> &mut Self {
        self.items.push(Item {
            operation,
            id: None,
            payload: payload.to_vec(),
        });
        self.header.batch_count = i32::try_from(self.items.len()).unwrap();
        self
    }

    /// Gives the item added last an identifier of its own choosing.
    pub fn id(&mut self, id: &[u8]) -> &mut Self {
        self.items.last_mut().unwrap().id = Some(id.to_vec());
        self
    }

    /// The whole message. Items of a batch that were given no identifier get their number.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new(self.version);
        writer.structure(Tag::RequestMessage, |writer| {
            self.header.write(Tag::RequestHeader, writer);
            for (number, item) in self.items.iter().enumerate() {
                let numbered = (self.items.len() > 1).then(|| number.to_be_bytes().to_vec());
                writer.structure(Tag::BatchItem, |writer| {
                    item.operation.write(Tag::Operation, writer);
                    if let Some(id) = item.id.clone().or(numbered) {
                        Bytes(id).write(Tag::UniqueBatchItemID, writer);
                    }
                    writer.structure(Tag::RequestPayload, |writer| writer.encoded(&item.payload));
                });
            }
        });
        writer.bytes().to_vec()
    }
}
