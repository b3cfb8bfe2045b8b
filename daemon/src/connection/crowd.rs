//! Connections by whose they are: nobody has so many that nobody else gets in.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::{Mutex, PoisonError},
};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::Shared;
use crate::identity::Peer;

/// Those who have connections.
pub(crate) struct Crowds {
    /// Handshakes under way, by where they come from: nobody is known yet.
    pub(super) handshakes: Crowd<IpAddr>,
    /// Clients of the network, by their key.
    clients: Crowd<[u8; 32]>,
    /// Users of the local socket.
    users: Crowd<User>,
    /// Connections of administrators, whom no other user keeps out.
    administrators: Semaphore,
    /// Connections of the other users.
    others: Semaphore,
}

/// Whose a connection of the local socket is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum User {
    Administrator(u32),
    Admitted(u32),
    /// Whoever has no business here, all of them together: one may have many numbers.
    Stranger,
}

/// A place at the local socket.
pub(crate) struct Seat<'a> {
    _place: Place<'a, User>,
    _permit: SemaphorePermit<'a>,
}

impl Crowds {
    /// As many connections of a face as this.
    pub(crate) fn new(connections_max: usize) -> Self {
        let share = |of: usize| connections_max.div_ceil(of);
        Self {
            handshakes: Crowd::new(share(4)),
            clients: Crowd::new(share(2)),
            users: Crowd::new(share(2)),
            administrators: Semaphore::new(connections_max),
            others: Semaphore::new(connections_max),
        }
    }

    /// Lets a client of the network in, or tells that this one has its share.
    pub(super) fn client(&self, peer: &Peer) -> Option<Option<Place<'_, [u8; 32]>>> {
        match peer {
            Peer::Certificate(own) => self.clients.enter(own.spki_sha256).map(Some),
            _ => Some(None),
        }
    }

    /// Lets a user of the local socket in, or tells that there is no room for this one.
    pub(super) fn seat(&self, uid: u32, shared: &Shared) -> Option<Seat<'_>> {
        let (user, permits) = if shared.admin.is_administrator(uid) {
            (User::Administrator(uid), &self.administrators)
        } else if shared.service.admits_user(uid) {
            (User::Admitted(uid), &self.others)
        } else {
            (User::Stranger, &self.others)
        };
        Some(Seat {
            _place: self.users.enter(user)?,
            _permit: permits.try_acquire().ok()?,
        })
    }

    /// Waits until the local socket has no clients.
    pub(crate) async fn leave(&self, connections_max: u32) {
        for permits in [&self.others, &self.administrators] {
            // An error would mean that the semaphore is closed, which it never is.
            let _ = permits.acquire_many(connections_max).await;
        }
    }
}

/// Whom a handshake is counted to: an address, or of IPv6 the network that one customer has.
pub(super) fn source(from: SocketAddr) -> IpAddr {
    match from.ip().to_canonical() {
        IpAddr::V6(own) => Ipv6Addr::from_bits(own.to_bits() & (u128::MAX << 64)).into(),
        own @ IpAddr::V4(_) => own,
    }
}

/// How many connections each has.
pub(super) struct Crowd<K> {
    share_max: usize,
    counts: Mutex<HashMap<K, usize>>,
}

impl<K: Copy + Eq + Hash> Crowd<K> {
    fn new(share_max: usize) -> Self {
        Self {
            share_max,
            counts: Mutex::default(),
        }
    }

    /// One more connection, which ends with what is returned; none beyond the share.
    pub(super) fn enter(&self, whose: K) -> Option<Place<'_, K>> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(whose).or_default();
        if *count >= self.share_max {
            return None;
        }
        *count += 1;
        Some(Place { crowd: self, whose })
    }
}

/// One connection of somebody's.
pub(super) struct Place<'a, K: Copy + Eq + Hash> {
    crowd: &'a Crowd<K>,
    whose: K,
}

impl<K: Copy + Eq + Hash> Drop for Place<'_, K> {
    fn drop(&mut self) {
        let counts = self.crowd.counts.lock();
        let mut counts = counts.unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.whose) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.whose);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_share_and_what_ends_is_forgotten() {
        let crowd = Crowd::new(2);
        let own = [crowd.enter('a'), crowd.enter('a')];
        assert!(own.iter().all(Option::is_some) && crowd.enter('a').is_none());
        assert!(crowd.enter('b').is_some());
        drop(own);
        assert!(crowd.enter('a').is_some());
        assert!(crowd.counts.lock().unwrap().is_empty());
    }

    #[test]
    fn a_source_is_an_address_or_a_network() {
        let of = |text: &str| source(text.parse().unwrap()).to_string();
        assert_eq!(of("192.0.2.7:1"), "192.0.2.7");
        assert_eq!(of("[::ffff:192.0.2.7]:1"), "192.0.2.7");
        assert_eq!(of("[2001:db8:1:2:3:4:5:6]:1"), "2001:db8:1:2::");
    }
}
