//! A client that listens, which the server under test connects to and asks: for cases in which the server begins.

use std::{
    fs,
    io::Write,
    net::TcpListener,
    sync::Arc,
    thread::sleep,
    time::{Duration, Instant},
};

use keyhold_tests::{Appliance, pki};
use rustix::process::Signal;
use rustls::{ServerConnection, StreamOwned};

use super::{
    link,
    node::{Node, Value},
};

/// How long the server may take to connect, and to say something.
const PATIENCE: Duration = Duration::from_secs(10);

/// The connection that the server has made.
pub(crate) struct Called {
    stream: StreamOwned<ServerConnection, std::net::TcpStream>,
}

impl Called {
    /// Has the server connect to its own client `dev`.
    pub(crate) fn by(appliance: &Appliance, version: &str) -> Result<Self, String> {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let path = appliance.file("keyhold.toml");
        let text = fs::read_to_string(&path).unwrap();
        let entry = format!(
            "\n[[notify]]\nclient = \"dev\"\nvault = \"dev\"\naddress = \"{address}\"\n\
             authorities = [\"ca.pem\"]\nversion = \"{version}\"\nnew_objects = true\n"
        );
        // Of a case before it, the server has connected to its client elsewhere.
        let plain = text.split("\n[[notify]]").next().unwrap().to_owned();
        fs::write(&path, plain + &entry).unwrap();
        let own = pki::server(
            &appliance.file("ca.pem"),
            &appliance.file("ca.key"),
            "127.0.0.1",
        );
        let config = pki::server_config(&appliance.file("ca.pem"), &own);
        appliance.signal(Signal::HUP);
        let tcp = accepted(&socket)?;
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        let connection =
            ServerConnection::new(Arc::clone(&config)).map_err(|error| error.to_string())?;
        Ok(Self {
            stream: StreamOwned::new(connection, tcp),
        })
    }

    /// What the server asks.
    pub(crate) fn read(&mut self) -> Result<Node, String> {
        Node::from_ttlv(&link::message(&mut self.stream)?)
    }

    pub(crate) fn answer(&mut self, message: &Node) -> Result<(), String> {
        let sent = self.stream.write_all(&message.to_ttlv());
        sent.and_then(|()| self.stream.flush())
            .map_err(|error| format!("the answer cannot be sent: {error}"))
    }
}

fn accepted(socket: &TcpListener) -> Result<std::net::TcpStream, String> {
    socket.set_nonblocking(true).unwrap();
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Ok((stream, _)) = socket.accept() {
            stream.set_nonblocking(false).unwrap();
            return Ok(stream);
        }
        sleep(Duration::from_millis(5));
    }
    Err("the server does not connect to its client".to_owned())
}

/// Whether a message only asks what the client is, as a server may before it has anything to tell.
pub(crate) fn is_question(message: &Node) -> bool {
    let operation = message
        .child("BatchItem")
        .and_then(|own| own.child("Operation"));
    operation.is_some_and(|own| QUESTIONS.contains(&own.value))
}

/// A plain success in answer to a question: the client says nothing of itself, and is taken to serve what it is told.
pub(crate) fn plainly(question: &Node) -> Node {
    let same = |parent: &str, name: &str| {
        let parent = question.child(parent).unwrap();
        parent.child(name).unwrap().clone()
    };
    let structure = |tag, children| Node {
        tag,
        value: Value::Structure(children),
    };
    let leaf = |tag, value| Node { tag, value };
    structure(
        0x42_007B,
        vec![
            structure(
                0x42_007A,
                vec![
                    same("RequestHeader", "ProtocolVersion"),
                    leaf(0x42_0092, Value::DateTime(0)),
                    leaf(0x42_000D, Value::Integer(1)),
                ],
            ),
            structure(
                0x42_000F,
                vec![
                    same("BatchItem", "Operation"),
                    leaf(0x42_007F, Value::Enumeration(0)),
                    structure(0x42_007C, Vec::new()),
                ],
            ),
        ],
    )
}

/// Discover Versions and Query.
const QUESTIONS: &[Value] = &[Value::Enumeration(0x1E), Value::Enumeration(0x18)];
