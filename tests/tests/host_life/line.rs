//! A network between the module and the daemon, which is cut, goes silent, and is mended.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
};

/// What becomes of bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// They arrive.
    Whole,
    /// There is no way.
    Cut,
    /// They wait, and nobody is told.
    Silent,
}

struct Shared {
    state: Mutex<(State, SocketAddr)>,
    changed: Condvar,
    streams: Mutex<Vec<TcpStream>>,
}

/// The way to a daemon.
pub struct Line {
    shared: Arc<Shared>,
    address: SocketAddr,
}

impl Line {
    pub fn to(daemon: SocketAddr) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = port.local_addr().unwrap();
        let shared = Arc::new(Shared {
            state: Mutex::new((State::Whole, daemon)),
            changed: Condvar::new(),
            streams: Mutex::default(),
        });
        let own = Arc::clone(&shared);
        thread::spawn(move || {
            for near in port.incoming() {
                own.carry(near.unwrap());
            }
        });
        Self { shared, address }
    }

    /// Where it begins.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Leads to a daemon that has another port now.
    pub fn lead_to(&self, daemon: SocketAddr) {
        self.shared.state.lock().unwrap().1 = daemon;
    }

    pub fn cut(&self) {
        self.become_state(State::Cut);
        for stream in self.shared.streams.lock().unwrap().drain(..) {
            // It may be gone already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub fn silence(&self) {
        self.become_state(State::Silent);
    }

    pub fn mend(&self) {
        self.become_state(State::Whole);
    }

    fn become_state(&self, state: State) {
        self.shared.state.lock().unwrap().0 = state;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    /// Waits while there is silence: where the daemon is, unless there is no way.
    fn way(&self) -> Option<SocketAddr> {
        let state = self.state.lock().unwrap();
        let waited = self
            .changed
            .wait_while(state, |(state, _)| *state == State::Silent);
        let (state, daemon) = *waited.unwrap();
        (state == State::Whole).then_some(daemon)
    }

    /// Carries bytes both ways.
    fn carry(self: &Arc<Self>, near: TcpStream) {
        let own = Arc::clone(self);
        thread::spawn(move || {
            let far = own.way().and_then(|daemon| TcpStream::connect(daemon).ok());
            let Some(far) = far else {
                return;
            };
            let mut streams = own.streams.lock().unwrap();
            for (from, to) in [(&near, &far), (&far, &near)] {
                from.set_nodelay(true).unwrap();
                streams.push(from.try_clone().unwrap());
                own.carry_one_way(from.try_clone().unwrap(), to.try_clone().unwrap());
            }
        });
    }

    fn carry_one_way(self: &Arc<Self>, mut from: TcpStream, mut to: TcpStream) {
        let own = Arc::clone(self);
        thread::spawn(move || {
            let mut bytes = vec![0; 64 * 1024];
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                if own.way().is_none() || to.write_all(&bytes[..count]).is_err() {
                    break;
                }
            }
            for stream in [from, to] {
                // It may be gone already.
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
    }
}
