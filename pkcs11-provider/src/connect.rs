//! The way to the daemon: a Unix socket or TLS, every wait bounded.

use std::{
    fs,
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    os::fd::OwnedFd,
    path::Path,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, recv,
    send, socket_with,
    sockopt::{Timeout, set_socket_timeout},
};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};

use crate::{config::Route, descriptors};

/// One token's way to its daemon.
pub(crate) struct Endpoint {
    route: Route,
    timeout: Duration,
    /// Certificates and keys are read at the first connection, so that loading the module touches no secret.
    tls: OnceLock<Arc<ClientConfig>>,
}

/// A connected stream.
pub(crate) enum Channel {
    /// A Unix socket.
    Plain(Wire),
    /// TLS over TCP.
    Tls(Box<StreamOwned<ClientConnection, Wire>>),
}

impl Endpoint {
    pub(crate) const fn new(route: Route, timeout: Duration) -> Self {
        Self {
            route,
            timeout,
            tls: OnceLock::new(),
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

    /// Connects, within the time limit; the TLS handshake happens with the first request.
    pub(crate) fn connect(&self) -> io::Result<Channel> {
        match &self.route {
            Route::Socket(path) => self.connect_unix(path).map(Channel::Plain),
            Route::Tls {
                address,
                server_name,
                ..
            } => {
                let config = self.tls_config()?;
                let name = ServerName::try_from(server_name.clone()).map_err(io::Error::other)?;
                let tls = ClientConnection::new(config, name).map_err(io::Error::other)?;
                let stream = StreamOwned::new(tls, self.connect_tcp(address)?);
                Ok(Channel::Tls(Box::new(stream)))
            }
        }
    }

    fn connect_unix(&self, path: &Path) -> io::Result<Wire> {
        let socket = socket_with(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::CLOEXEC,
            None,
        )?;
        // The send timeout also bounds the wait for a place in the listener's queue.
        set_socket_timeout(&socket, Timeout::Send, Some(self.timeout))?;
        connect(&socket, &SocketAddrUnix::new(path)?)?;
        Wire::new(socket, self.timeout)
    }

    fn connect_tcp(&self, address: &str) -> io::Result<Wire> {
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in address.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, self.timeout) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    rustix::net::sockopt::set_socket_keepalive(&stream, true)?;
                    return Wire::new(stream.into(), self.timeout);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn tls_config(&self) -> io::Result<Arc<ClientConfig>> {
        if let Some(config) = self.tls.get() {
            return Ok(Arc::clone(config));
        }
        let Route::Tls {
            ca,
            certificate,
            key,
            ..
        } = &self.route
        else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        let named = |path: &Path, error: &dyn std::fmt::Display| {
            io::Error::other(format!("{}: {error}", path.display()))
        };
        let chain = |path: &Path| -> io::Result<Vec<CertificateDer<'static>>> {
            let pem = fs::read(path).map_err(|error| named(path, &error))?;
            CertificateDer::pem_slice_iter(&pem)
                .collect::<Result<_, _>>()
                .map_err(|error| named(path, &error))
        };
        let mut roots = RootCertStore::empty();
        for root in chain(ca)? {
            roots.add(root).map_err(|error| named(ca, &error))?;
        }
        let pem = zeroize::Zeroizing::new(fs::read(key).map_err(|error| named(key, &error))?);
        let private = PrivateKeyDer::from_pem_slice(&pem).map_err(|error| named(key, &error))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain(certificate)?, private)
            .map_err(|error| named(certificate, &error))?;
        Ok(Arc::clone(self.tls.get_or_init(|| Arc::new(config))))
    }
}

impl Channel {
    /// Starts the time of one call.
    pub(crate) fn begin(&mut self) {
        self.wire().begin();
    }

    /// Whether the peer has not closed the connection while it lay idle. What TLS has to say meanwhile, new tickets or a
    /// farewell, is read here, where nothing is lost by it.
    pub(crate) fn is_open(&mut self) -> bool {
        self.begin();
        loop {
            let mut byte = [0_u8; 1];
            let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
            match recv(&self.wire().socket, &mut byte[..], flags) {
                Err(error) => return error == rustix::io::Errno::AGAIN,
                Ok((_, 0)) => return false,
                Ok(_) => {}
            }
            // A daemon on a plain socket has nothing to say unasked.
            let Self::Tls(stream) = self else {
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
            Self::Tls(stream) => stream.get_mut(),
        }
    }
}

impl Read for Channel {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(wire) => wire.read(into),
            Self::Tls(stream) => stream.read(into),
        }
    }
}

impl Write for Channel {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(wire) => wire.write(from),
            Self::Tls(stream) => stream.write(from),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(wire) => wire.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

/// A socket whose every wait ends, and whose broken pipe is an error and no signal to the host.
pub(crate) struct Wire {
    socket: OwnedFd,
    timeout: Duration,
    deadline: Option<Instant>,
}

impl Wire {
    fn new(socket: OwnedFd, timeout: Duration) -> io::Result<Self> {
        set_socket_timeout(&socket, Timeout::Send, Some(timeout))?;
        set_socket_timeout(&socket, Timeout::Recv, Some(timeout))?;
        descriptors::remember(&socket);
        Ok(Self {
            socket,
            timeout,
            deadline: None,
        })
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the provider has no Context to ask"
    )]
    fn begin(&mut self) {
        self.deadline = Instant::now().checked_add(self.timeout);
    }

    /// The socket's own limit bounds each wait; this bounds a peer that answers byte by byte.
    #[expect(
        clippy::disallowed_methods,
        reason = "the provider has no Context to ask"
    )]
    fn in_time(&self) -> io::Result<()> {
        match self.deadline {
            Some(deadline) if Instant::now() > deadline => Err(io::ErrorKind::TimedOut.into()),
            _ => Ok(()),
        }
    }
}

impl Read for Wire {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.in_time()?;
        let (_, count) = recv(&self.socket, into, RecvFlags::empty())?;
        Ok(count)
    }
}

impl Write for Wire {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.in_time()?;
        Ok(send(&self.socket, from, SendFlags::NOSIGNAL)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        descriptors::forget(&self.socket);
    }
}
