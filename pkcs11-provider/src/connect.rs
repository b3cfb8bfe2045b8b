//! The way to the daemon: a Unix socket or TLS.

use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    os::fd::OwnedFd,
    path::Path,
    sync::Arc,
    time::Duration,
};

use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with,
    sockopt::{
        Timeout, set_socket_keepalive, set_socket_timeout, set_tcp_keepcnt, set_tcp_keepidle,
        set_tcp_keepintvl,
    },
};
use rustls::{ClientConfig, ClientConnection, StreamOwned, pki_types::ServerName};

use crate::{
    config::Route,
    deadline::Deadline,
    log::Log,
    tls,
    watch::Places,
    wire::{Wire, unless_interrupted},
};

/// One token's way to its daemon.
pub(crate) struct Endpoint {
    route: Route,
    timeout: Duration,
    tls: tls::Identity,
    places: Arc<Places>,
}

/// A connected stream.
pub(crate) enum Channel {
    /// A Unix socket.
    Plain(Wire),
    /// TLS over TCP, and what it was begun with.
    Tls(Box<StreamOwned<ClientConnection, Wire>>, Arc<ClientConfig>),
}

impl Endpoint {
    pub(crate) fn new(route: Route, timeout: Duration) -> Self {
        Self {
            route,
            timeout,
            tls: tls::Identity::default(),
            places: Arc::new(Places::new()),
        }
    }

    /// The same way, for another process.
    pub(crate) fn forked(&self) -> Self {
        Self {
            route: self.route.clone(),
            timeout: self.timeout,
            tls: self.tls.forked(),
            places: Arc::new(self.places.forked()),
        }
    }

    /// Where it leads, for the log and the serial number.
    pub(crate) fn name(&self) -> String {
        match &self.route {
            Route::Socket(path) => path.display().to_string(),
            Route::Tls { address, .. } => address.clone(),
        }
    }

    /// Whether the peer is known by its uid, so that the vault must be named in the credential.
    pub(crate) const fn is_local(&self) -> bool {
        matches!(self.route, Route::Socket(_))
    }

    /// When a call that begins now must have ended.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after(self.timeout)
    }

    /// Connects; the TLS handshake happens with the first request.
    pub(crate) fn connect(&self, deadline: Deadline, log: &Log) -> io::Result<Channel> {
        match &self.route {
            Route::Socket(path) => connect_unix(path, deadline)
                .and_then(|socket| self.wire(socket, deadline))
                .map(Channel::Plain),
            Route::Tls {
                address,
                server_name,
                files,
            } => {
                let config = self.tls.current(files, log)?;
                let name = ServerName::try_from(server_name.clone()).map_err(io::Error::other)?;
                let tls = ClientConnection::new(Arc::clone(&config), name);
                let tls = tls.map_err(io::Error::other)?;
                let wire = self.wire(connect_tcp(address, deadline)?.into(), deadline)?;
                let stream = StreamOwned::new(tls, wire);
                Ok(Channel::Tls(Box::new(stream), config))
            }
        }
    }

    /// Whether a channel was begun with what the files say now, and not with a certificate that was renewed since.
    pub(crate) fn is_current(&self, channel: &Channel, log: &Log) -> bool {
        match (&self.route, channel) {
            (Route::Tls { files, .. }, Channel::Tls(_, begun_with)) => {
                let now = self.tls.current(files, log);
                now.is_ok_and(|now| Arc::ptr_eq(&now, begun_with))
            }
            _ => true,
        }
    }

    fn wire(&self, socket: OwnedFd, deadline: Deadline) -> io::Result<Wire> {
        Wire::new(socket, deadline, Arc::clone(&self.places))
    }
}

fn connect_unix(path: &Path, deadline: Deadline) -> io::Result<OwnedFd> {
    let socket = socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    let address = SocketAddrUnix::new(path)?;
    unless_interrupted(|| {
        // The send timeout also bounds the wait for a place in the listener's queue.
        set_socket_timeout(&socket, Timeout::Send, Some(deadline.rest()?))?;
        Ok(connect(&socket, &address)?)
    })?;
    Ok(socket)
}

fn connect_tcp(address: &str, deadline: Deadline) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, deadline.rest()?) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                // A peer that vanished while a connection lay idle is noticed within two minutes, not two hours.
                set_socket_keepalive(&stream, true)?;
                set_tcp_keepidle(&stream, Duration::from_secs(60))?;
                set_tcp_keepintvl(&stream, Duration::from_secs(15))?;
                set_tcp_keepcnt(&stream, 4)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl Channel {
    /// Starts a call, which must have ended by then.
    pub(crate) fn begin(&mut self, deadline: Deadline) {
        self.wire().begin(deadline);
    }

    /// Whether the peer has not closed the connection while it lay idle. What TLS has to say meanwhile, new tickets or a
    /// farewell, is read here, where nothing is lost by it.
    pub(crate) fn is_open(&mut self) -> bool {
        loop {
            match self.wire().peek() {
                Ok(None) => return true,
                Ok(Some(count)) if count > 0 => {}
                _ => return false,
            }
            // A daemon on a plain socket has nothing to say unasked.
            let Self::Tls(stream, _) = self else {
                return false;
            };
            let StreamOwned { conn, sock } = stream.as_mut();
            let has_read = conn.read_tls(sock).is_ok_and(|count| count > 0);
            let goes_on = conn
                .process_new_packets()
                .is_ok_and(|state| !state.peer_has_closed());
            if !has_read || !goes_on {
                return false;
            }
        }
    }

    fn wire(&mut self) -> &mut Wire {
        match self {
            Self::Plain(wire) => wire,
            Self::Tls(stream, _) => stream.get_mut(),
        }
    }
}

impl Read for Channel {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(wire) => wire.read(into),
            Self::Tls(stream, _) => stream.read(into),
        }
    }
}

impl Write for Channel {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(wire) => wire.write(from),
            Self::Tls(stream, _) => stream.write(from),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(wire) => wire.flush(),
            Self::Tls(stream, _) => stream.flush(),
        }
    }
}
