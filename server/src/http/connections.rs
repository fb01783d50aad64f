//! The open connections: how many there may be, and how long each may wait for its client.
//!
//! hyper limits the time for the headers of an HTTP/1 request only. It waits without end for the first bytes of a
//! connection, for a request after the preface of HTTP/2, and for a client that does not read its response. Here a
//! connection is closed when its client does nothing in time, whatever the protocol, and when another client needs its
//! place. A connection whose request is being handled is never closed. Never looks at the content of a request.

mod exchange;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ipnet::IpNet;
use tokio::sync::Notify;

pub use exchange::{Exchange, FollowedBody};

use super::client_ip::address_block;
use crate::clock::Clock;

/// Numbers and times of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// The maximum number of open connections.
    pub total: usize,
    /// The maximum number of open connections of one address, or of one /64 of IPv6. Trusted proxies are excepted.
    pub per_address: usize,
    /// The time from the start of a connection until the headers of its first request have arrived.
    pub first_request: Duration,
    /// The time without a request after the first one. Longer than the 60 seconds for which load balancers usually keep
    /// a connection, so that a balancer does not send a request on a connection that is being closed.
    pub idle: Duration,
    /// The time in which a client reads nothing of its response.
    pub unread: Duration,
    /// The time in which a client reads a whole response. Does not apply to trusted proxies, whose clients share
    /// connections.
    pub response: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            total: 2_048,
            per_address: 512,
            first_request: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            unread: Duration::from_mins(1),
            response: Duration::from_mins(10),
        }
    }
}

/// All open connections. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Connections {
    limits: ConnectionLimits,
    trusted: Vec<IpNet>,
    clock: Clock,
    open: Arc<Mutex<Open>>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    all: BTreeMap<u64, Arc<Connection>>,
    /// The connections of each address block. Trusted proxies are not included.
    of_address: HashMap<IpAddr, BTreeSet<u64>>,
}

/// One connection, as its task and its responses share it.
#[derive(Debug)]
struct Connection {
    /// The address block that its place counts for. `None` for a trusted proxy.
    owner: Option<IpAddr>,
    clock: Clock,
    closing: Notify,
    progress: Mutex<exchange::Progress>,
}

/// The place of a connection. Released on drop.
#[derive(Debug)]
pub struct ConnectionPermit {
    connections: Connections,
    number: u64,
    connection: Arc<Connection>,
}

impl Connections {
    pub fn new(limits: ConnectionLimits, trusted: Vec<IpNet>, clock: Clock) -> Self {
        Self {
            limits,
            trusted,
            clock,
            open: Arc::default(),
        }
    }

    /// Gives a new connection a place. If there is none, a connection that waits for its client is closed: one of the
    /// same address if that address has reached its limit, otherwise one of the address that has the most. Returns `None`
    /// if no connection is waiting for its client.
    pub fn admit(&self, peer: IpAddr) -> Option<ConnectionPermit> {
        let peer = peer.to_canonical();
        let is_trusted = self.trusted.iter().any(|network| network.contains(&peer));
        let owner = (!is_trusted).then(|| address_block(peer));
        let mut open = self.open();
        if let Some(owner) = owner
            && open.of_address.get(&owner).map_or(0, BTreeSet::len) >= self.limits.per_address
            && !open.close_one_of(owner)
        {
            return None;
        }
        if open.all.len() >= self.limits.total && !open.close_one() {
            return None;
        }
        let number = open.next;
        open.next += 1;
        let connection = Arc::new(Connection {
            owner,
            clock: self.clock.clone(),
            closing: Notify::new(),
            progress: Mutex::new(exchange::Progress::new(self.clock.elapsed())),
        });
        open.all.insert(number, connection.clone());
        if let Some(owner) = owner {
            open.of_address.entry(owner).or_default().insert(number);
        }
        drop(open);
        Some(ConnectionPermit {
            connections: self.clone(),
            number,
            connection,
        })
    }

    /// Closes the connections whose clients did nothing in time.
    pub fn close_overdue(&self) {
        let now = self.clock.elapsed();
        let mut open = self.open();
        let overdue: Vec<u64> = open
            .all
            .iter()
            .filter(|(_, one)| one.progress().is_overdue(now, &self.limits, one.owner))
            .map(|(number, _)| *number)
            .collect();
        for number in overdue {
            open.close(number);
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Closes a connection of this address: the oldest one without any request, or else the one that has waited longest
    /// for its client. The first is found at once in an attack, when every new connection closes another one.
    fn close_one_of(&mut self, owner: IpAddr) -> bool {
        let numbers = self.of_address.get(&owner).into_iter().flatten();
        let connections = || {
            numbers
                .clone()
                .filter_map(|number| Some((*number, self.all.get(number)?)))
        };
        let unused = connections().find(|(_, one)| !one.progress().has_served());
        let chosen = unused
            .map(|(number, _)| number)
            .or_else(|| longest_waiting(connections()));
        chosen.is_some_and(|number| self.close(number))
    }

    /// Closes one connection that waits for its client, of the address that has the most connections. Connections of
    /// trusted proxies come last.
    fn close_one(&mut self) -> bool {
        let mut owners: Vec<(Reverse<usize>, IpAddr)> = self
            .of_address
            .iter()
            .map(|(owner, numbers)| (Reverse(numbers.len()), *owner))
            .collect();
        owners.sort_unstable();
        if owners
            .into_iter()
            .any(|(_, owner)| self.close_one_of(owner))
        {
            return true;
        }
        let of_proxies = self.all.iter().filter(|(_, one)| one.owner.is_none());
        longest_waiting(of_proxies.map(|(number, one)| (*number, one)))
            .is_some_and(|number| self.close(number))
    }

    fn close(&mut self, number: u64) -> bool {
        let Some(connection) = self.all.remove(&number) else {
            return false;
        };
        if let Some(owner) = connection.owner
            && let Some(numbers) = self.of_address.get_mut(&owner)
        {
            numbers.remove(&number);
            if numbers.is_empty() {
                self.of_address.remove(&owner);
            }
        }
        connection.closing.notify_one();
        true
    }
}

/// Returns the connection that has waited longest for its client.
fn longest_waiting<'a>(
    connections: impl Iterator<Item = (u64, &'a Arc<Connection>)>,
) -> Option<u64> {
    connections
        .filter_map(|(number, one)| Some((one.progress().waiting_since()?, number)))
        .min()
        .map(|(_, number)| number)
}

impl Connection {
    fn progress(&self) -> MutexGuard<'_, exchange::Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionPermit {
    /// Begins a request, whose headers have arrived.
    pub fn begin(&self) -> Exchange {
        Exchange::begin(self.connection.clone())
    }

    /// Completes when the connection must be closed.
    pub async fn closing(&self) {
        self.connection.closing.notified().await;
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.connections.open().close(self.number);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    const LIMITS: ConnectionLimits = ConnectionLimits {
        total: 4,
        per_address: 2,
        first_request: Duration::from_secs(10),
        idle: Duration::from_secs(75),
        unread: Duration::from_mins(1),
        response: Duration::from_mins(10),
    };

    struct Server {
        clock: Clock,
        connections: Connections,
    }

    fn server() -> Server {
        let clock = Clock::manual(domain::time::Timestamp(0));
        let proxies = vec!["10.0.0.0/8".parse().unwrap()];
        Server {
            connections: Connections::new(LIMITS, proxies, clock.clone()),
            clock,
        }
    }

    impl Server {
        fn admit(&self, peer: &str) -> Option<ConnectionPermit> {
            self.clock.advance(domain::time::Duration(1));
            self.connections.admit(peer.parse().unwrap())
        }

        fn wait(&self, seconds: i64) {
            self.clock.advance(domain::time::Duration::seconds(seconds));
            self.connections.close_overdue();
        }
    }

    fn is_open(place: &ConnectionPermit) -> bool {
        place.closing().now_or_never().is_none()
    }

    #[test]
    fn a_connection_without_a_request_is_closed_in_time_and_one_between_two_requests_later() {
        let server = server();
        let silent = server.admit("192.0.2.1").unwrap();
        let between = server.admit("192.0.2.2").unwrap();
        drop(between.begin());
        server.wait(9);
        assert!(is_open(&silent));
        server.wait(1);
        assert!(!is_open(&silent) && is_open(&between));
        server.wait(70);
        assert!(!is_open(&between));
    }

    #[test]
    fn a_connection_whose_request_is_handled_stays_open_however_long_that_takes() {
        let server = server();
        let place = server.admit("192.0.2.1").unwrap();
        let _handled = place.begin();
        server.wait(10_000);
        assert!(is_open(&place));
    }

    #[test]
    fn an_address_that_has_reached_its_limit_loses_a_connection_without_a_request_first() {
        let server = server();
        let used = server.admit("192.0.2.1").unwrap();
        drop(used.begin());
        let unused = server.admit("192.0.2.1").unwrap();
        let _third = server.admit("192.0.2.1").unwrap();
        assert!(is_open(&used) && !is_open(&unused));
    }

    #[test]
    fn an_address_that_has_reached_its_limit_loses_the_connection_that_waited_longest() {
        let server = server();
        let first = server.admit("192.0.2.1").unwrap();
        let second = server.admit("192.0.2.1").unwrap();
        let third = server.admit("192.0.2.1").unwrap();
        assert!(!is_open(&first) && is_open(&second) && is_open(&third));
        let _handled = (second.begin(), third.begin());
        assert!(server.admit("192.0.2.1").is_none());
        assert!(server.admit("192.0.2.2").is_some());
    }

    #[test]
    fn a_64_of_ipv6_is_one_address_and_proxies_have_no_limit_of_their_own() {
        let server = server();
        let first = server.admit("2001:db8::1").unwrap();
        let _others = (server.admit("2001:db8::2"), server.admit("2001:db8::3"));
        assert!(!is_open(&first));
        let proxied: Vec<_> = (0..2).map(|_| server.admit("10.0.0.1").unwrap()).collect();
        drop(first);
        assert!(proxied.iter().all(is_open));
    }

    #[test]
    fn without_a_place_the_address_with_the_most_connections_gives_one_up() {
        let server = server();
        let few = server.admit("192.0.2.1").unwrap();
        let proxied = server.admit("10.0.0.1").unwrap();
        let many = (
            server.admit("192.0.2.2").unwrap(),
            server.admit("192.0.2.2").unwrap(),
        );
        let newest = server.admit("192.0.2.3").unwrap();
        assert!(!is_open(&many.0));
        assert!([&few, &proxied, &many.1, &newest].into_iter().all(is_open));
    }

    #[test]
    fn a_place_is_free_again_when_its_connection_ends() {
        let server = server();
        let first = server.admit("192.0.2.1").unwrap();
        let second = server.admit("192.0.2.1").unwrap();
        drop(first);
        let _third = server.admit("192.0.2.1").unwrap();
        assert!(is_open(&second));
        assert_eq!(server.connections.open().all.len(), 2);
    }
}
