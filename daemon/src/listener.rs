//! Sockets, our own or systemd's, and what comes in through them.

use std::{
    fmt, fs, io,
    net::SocketAddr,
    os::unix::{
        fs::{FileTypeExt, PermissionsExt},
        net::UnixStream as StdUnixStream,
    },
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use listenfd::ListenFd;
use tokio::{
    net::{TcpListener, TcpSocket, UnixListener},
    sync::Semaphore,
};

use crate::{
    config::Server,
    connection::{self, Shared},
    tls::Tls,
};

/// Sockets that systemd opened for us.
#[derive(Default)]
pub(crate) struct Passed {
    network: Vec<std::net::TcpListener>,
    local: Vec<std::os::unix::net::UnixListener>,
    metrics: Vec<std::net::TcpListener>,
}

impl Passed {
    /// Takes what `$LISTEN_FDS` announces. A socket named `metrics` is for metrics and health; of the others, those of
    /// the network are for KMIP and a Unix socket is the local one.
    pub(crate) fn take() -> Result<Self, ListenError> {
        let broken = |error: io::Error| ListenError::new("sockets of systemd", &error);
        let names: Vec<String> = sd_notify::listen_fds_with_names()
            .map_err(broken)?
            .map(|(_, name)| name)
            .collect();
        let mut own = Self::default();
        if names.is_empty() {
            return Ok(own);
        }
        let mut passed = ListenFd::from_env();
        for (at, name) in names.iter().enumerate() {
            if let Ok(Some(socket)) = passed.take_unix_listener(at) {
                own.local.push(socket);
                continue;
            }
            match passed.take_tcp_listener(at).map_err(broken)? {
                Some(socket) if name == "metrics" => own.metrics.push(socket),
                Some(socket) => own.network.push(socket),
                None => {}
            }
        }
        Ok(own)
    }
}

/// The sockets that are listened on.
pub(crate) struct Listeners {
    pub(crate) network: Vec<TcpListener>,
    pub(crate) local: Vec<UnixListener>,
    pub(crate) metrics: Vec<TcpListener>,
    /// The file of the local socket, when it is ours.
    pub(crate) file: Option<SocketFile>,
}

impl Listeners {
    /// Opens what the configuration names and systemd has not opened already.
    pub(crate) fn open(config: &Server, passed: Passed) -> Result<Self, ListenError> {
        let adopt = |sockets: Vec<std::net::TcpListener>| {
            sockets
                .into_iter()
                .map(|socket| {
                    socket.set_nonblocking(true)?;
                    TcpListener::from_std(socket)
                })
                .collect::<io::Result<Vec<_>>>()
                .map_err(|error| ListenError::new("sockets of systemd", &error))
        };
        let mut network = adopt(passed.network)?;
        if network.is_empty() {
            for address in &config.kmip {
                network.push(tcp(*address)?);
            }
        }
        let mut metrics = adopt(passed.metrics)?;
        if let (true, Some(address)) = (metrics.is_empty(), config.metrics) {
            metrics.push(tcp(address)?);
        }
        let mut local = Vec::new();
        for socket in passed.local {
            let adopted = socket
                .set_nonblocking(true)
                .and_then(|()| UnixListener::from_std(socket));
            local.push(adopted.map_err(|error| ListenError::new("sockets of systemd", &error))?);
        }
        let mut file = None;
        if local.is_empty() {
            let (socket, own) = unix(&config.socket)?;
            local.push(socket);
            file = Some(own);
        }
        Ok(Self {
            network,
            local,
            metrics,
            file,
        })
    }

    /// Where clients of the network connect to.
    pub(crate) fn network_addresses(&self) -> Vec<SocketAddr> {
        addresses(&self.network)
    }

    /// Where metrics and health are asked for.
    pub(crate) fn metrics_addresses(&self) -> Vec<SocketAddr> {
        addresses(&self.metrics)
    }
}

fn addresses(sockets: &[TcpListener]) -> Vec<SocketAddr> {
    sockets
        .iter()
        .filter_map(|socket| socket.local_addr().ok())
        .collect()
}

fn tcp(address: SocketAddr) -> Result<TcpListener, ListenError> {
    let open = || {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    open().map_err(|error| ListenError::new(&address.to_string(), &error))
}

/// Opens the local socket. Everybody may connect, because what one may do is decided by who one is, as the kernel tells
/// it; a directory closed to others is the way to keep them out altogether.
fn unix(path: &Path) -> Result<(UnixListener, SocketFile), ListenError> {
    let broken = |error: &io::Error| ListenError::new(&path.display().to_string(), error);
    if let Ok(found) = fs::symlink_metadata(path) {
        if !found.file_type().is_socket() {
            let error = io::Error::other("is there and is not a socket; move it away");
            return Err(broken(&error));
        }
        if StdUnixStream::connect(path).is_ok() {
            let error = io::Error::other("another process listens there; stop it first");
            return Err(broken(&error));
        }
        fs::remove_file(path).map_err(|error| broken(&error))?;
    }
    let socket = UnixListener::bind(path).map_err(|error| broken(&error))?;
    let file = SocketFile(path.to_owned());
    fs::set_permissions(path, fs::Permissions::from_mode(0o666)).map_err(|error| broken(&error))?;
    Ok((socket, file))
}

/// The local socket's file, which goes with the daemon.
pub(crate) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::debug!(path = %self.0.display(), %error, "the socket's file stays");
        }
    }
}

/// Takes clients of the network in, as many as there are permits for.
pub(crate) async fn accept_network(
    socket: TcpListener,
    tls: Arc<Tls>,
    shared: Arc<Shared>,
    permits: Arc<Semaphore>,
) {
    while let Ok(permit) = permits.clone().acquire_owned().await {
        let (stream, from) = match socket.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                drop(permit);
                rest(&error).await;
                continue;
            }
        };
        // A reply is one write, and waiting to fill a segment costs 40 ms. It is no less correct without.
        let _ = stream.set_nodelay(true);
        // A client whose machine is gone is noticed, for what lives as long as its connection.
        let _ = rustix::net::sockopt::set_socket_keepalive(&stream, true)
            .and_then(|()| rustix::net::sockopt::set_tcp_keepidle(&stream, KEEP_ALIVE));
        let shared = shared.clone();
        let tls = tls.clone();
        tokio::spawn(async move {
            let _open = shared.meters.network.open();
            connection::serve_network(stream, from, tls, &shared).await;
            drop(permit);
        });
    }
}

/// Takes local clients in: whether there is room for one says who it is.
pub(crate) async fn accept_local(socket: UnixListener, shared: Arc<Shared>) {
    loop {
        let (stream, _) = match socket.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                rest(&error).await;
                continue;
            }
        };
        let shared = shared.clone();
        tokio::spawn(async move {
            let _open = shared.meters.local.open();
            connection::serve_local(stream, &shared).await;
        });
    }
}

/// The system could not accept, because it lacks descriptors or memory: it is given a moment.
pub(crate) async fn rest(error: &io::Error) {
    tracing::warn!(%error, "no connection can be accepted now");
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// Why a socket cannot be listened on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenError(String);

impl ListenError {
    fn new(what: &str, error: &io::Error) -> Self {
        let way_out = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "; another process listens there: stop it, or choose another"
            }
            io::ErrorKind::PermissionDenied => "; choose a place that this user may use",
            io::ErrorKind::NotFound => "; create its directory first",
            _ => "",
        };
        Self(format!("{what}: cannot listen: {error}{way_out}"))
    }
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ListenError {}

const BACKLOG: u32 = 4096;
/// How long a connection lies idle before the system asks whether the other side is there.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
