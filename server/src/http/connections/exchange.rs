//! A request and its response on a connection: whether the server or the client has to act next.
//!
//! hyper asks the body of a response for data only when it can send more, so a body that gave data and is not asked
//! again waits for its client. This holds for HTTP/1 and for the flow control of HTTP/2.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

use super::{Connection, ConnectionLimits};

/// What has happened on a connection.
#[derive(Debug)]
pub(super) struct Progress {
    has_served: bool,
    /// The end of the last request, or the start of the connection.
    idle_since: Duration,
    next: u64,
    exchanges: BTreeMap<u64, ExchangeState>,
}

#[derive(Debug, Default)]
struct ExchangeState {
    /// The start of the response.
    responded_at: Option<Duration>,
    /// The time at which the response last gave data, if it was not asked for more.
    unread_since: Option<Duration>,
}

impl Progress {
    pub(super) fn new(now: Duration) -> Self {
        Self {
            has_served: false,
            idle_since: now,
            next: 0,
            exchanges: BTreeMap::new(),
        }
    }

    pub(super) fn has_served(&self) -> bool {
        self.has_served
    }

    /// Returns since when the connection has been waiting for its client alone. `None` while the server has something to
    /// do.
    pub(super) fn waiting_since(&self) -> Option<Duration> {
        if self.exchanges.is_empty() {
            return Some(self.idle_since);
        }
        let mut newest = Duration::ZERO;
        for exchange in self.exchanges.values() {
            newest = newest.max(exchange.unread_since?);
        }
        Some(newest)
    }

    /// Returns whether the client exceeded a time limit. A trusted proxy, which has no owner, may open connections in
    /// advance.
    pub(super) fn is_overdue(
        &self,
        now: Duration,
        limits: &ConnectionLimits,
        owner: Option<IpAddr>,
    ) -> bool {
        let limit = match (self.exchanges.is_empty(), self.has_served, owner) {
            (true, false, Some(_)) => limits.first_request,
            (true, ..) => limits.idle,
            (false, ..) => limits.unread,
        };
        let over = |since: Duration, limit| now.saturating_sub(since) >= limit;
        let mut responses = self.exchanges.values().filter_map(|one| one.responded_at);
        self.waiting_since().is_some_and(|since| over(since, limit))
            || (owner.is_some() && responses.any(|since| over(since, limits.response)))
    }
}

/// A request in progress: from its headers until its response was passed on completely. Ends on drop.
#[derive(Debug)]
pub struct Exchange {
    connection: Arc<Connection>,
    number: u64,
}

impl Exchange {
    pub(super) fn begin(connection: Arc<Connection>) -> Self {
        let mut progress = connection.progress();
        let number = progress.next;
        progress.next += 1;
        progress.has_served = true;
        progress.exchanges.insert(number, ExchangeState::default());
        drop(progress);
        Self { connection, number }
    }

    /// Follows how the client reads a response.
    pub fn follow(self, body: Body) -> FollowedBody {
        let now = self.connection.clock.elapsed();
        self.record(|state| state.responded_at = Some(now));
        FollowedBody {
            body,
            exchange: self,
        }
    }

    fn record(&self, change: impl FnOnce(&mut ExchangeState)) {
        if let Some(state) = self.connection.progress().exchanges.get_mut(&self.number) {
            change(state);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let now = self.connection.clock.elapsed();
        let mut progress = self.connection.progress();
        progress.exchanges.remove(&self.number);
        progress.idle_since = now;
    }
}

/// The body of a response, which records whether its client reads it.
#[derive(Debug)]
pub struct FollowedBody {
    body: Body,
    exchange: Exchange,
}

impl HttpBody for FollowedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        let since = polled
            .is_ready()
            .then(|| self.exchange.connection.clock.elapsed());
        self.exchange.record(|state| state.unread_since = since);
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use domain::time;
    use futures::{FutureExt as _, StreamExt as _, stream};
    use http_body_util::BodyExt as _;

    use super::{super::*, *};
    use crate::clock::Clock;

    fn place(clock: &Clock) -> (Connections, ConnectionPermit) {
        let limits = ConnectionLimits::default();
        let connections = Connections::new(limits, Vec::new(), clock.clone());
        let place = connections.admit("192.0.2.1".parse().unwrap()).unwrap();
        (connections, place)
    }

    fn is_open(connections: &Connections, place: &ConnectionPermit) -> bool {
        connections.close_overdue();
        place.closing().now_or_never().is_none()
    }

    fn pieces(number: usize) -> Body {
        Body::from_stream(stream::iter(
            (0..number).map(|_| Ok::<_, std::io::Error>("piece")),
        ))
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_its_response_is_cut_off() {
        let clock = Clock::manual(domain::time::Timestamp(0));
        let (connections, place) = place(&clock);
        let mut body = place.begin().follow(pieces(100));
        for _ in 0..3 {
            body.frame().await.unwrap().unwrap();
            clock.advance(time::Duration::seconds(50));
            assert!(is_open(&connections, &place), "it reads, slowly");
        }
        clock.advance(time::Duration::seconds(10));
        assert!(!is_open(&connections, &place));
    }

    #[tokio::test]
    async fn a_client_that_reads_too_slowly_for_ten_minutes_is_cut_off() {
        let clock = Clock::manual(domain::time::Timestamp(0));
        let (connections, place) = place(&clock);
        let mut body = place.begin().follow(pieces(100));
        let mut read = 0;
        while is_open(&connections, &place) {
            body.frame().await.unwrap().unwrap();
            clock.advance(time::Duration::seconds(50));
            read += 1;
        }
        assert_eq!(read, 12);
    }

    #[tokio::test]
    async fn a_stream_that_waits_for_the_server_stays_open() {
        let clock = Clock::manual(domain::time::Timestamp(0));
        let (connections, place) = place(&clock);
        let endless = stream::iter([Ok::<_, std::io::Error>("event")]).chain(stream::pending());
        let mut body = place.begin().follow(Body::from_stream(endless));
        body.frame().await.unwrap().unwrap();
        assert!(body.frame().now_or_never().is_none());
        clock.advance(time::Duration::minutes(5));
        assert!(is_open(&connections, &place));
        drop(body);
        clock.advance(time::Duration::seconds(75));
        assert!(!is_open(&connections, &place));
    }
}
