//! Limits on requests and connections: sizes, times, concurrency and rates.
//!
//! The limited address is the right-most hop that is not trusted (`client_ip`), never one that the client wrote. A
//! refusal is cheap: it happens before any database access.

use std::{net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use governor::Quota;
use http::{HeaderMap, Method};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    client_ip::{address_block, client_ip},
    concurrency::{Concurrency, ConcurrencyPermit},
    connections::ConnectionLimits,
    cookie,
    error::HttpError,
    rate::{Buckets, TooMany},
    secret::digest,
    state::HttpState,
};
use crate::clock::Clock;

/// Sizes, times and rates.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// The maximum number of bytes of a request body.
    pub body: usize,
    /// The time for a handler to start its response.
    pub handler: Duration,
    /// The time for the whole body of a request to arrive.
    pub body_time: Duration,
    /// The maximum number of concurrent requests. More are refused, not queued.
    pub at_once: usize,
    /// Numbers and times of connections.
    pub connections: ConnectionLimits,
    /// The maximum number of event streams per session. Each polls the database.
    pub streams_per_session: usize,
    /// The maximum number of event streams of all sessions.
    pub streams: usize,
    /// Requests per address, of any kind.
    pub per_address: Quota,
    /// Requests to start or finish a sign-in, per address.
    pub sign_ins: Quota,
    /// Requests per session.
    pub per_session: Quota,
    /// Changes (POST) per session.
    pub changes: Quota,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 256 * 1024,
            handler: Duration::from_secs(20),
            body_time: Duration::from_secs(20),
            at_once: 256,
            connections: ConnectionLimits::default(),
            streams_per_session: 8,
            streams: 256,
            per_address: quota(600, 50),
            sign_ins: quota(60, 1),
            per_session: quota(300, 20),
            changes: quota(60, 1),
        }
    }
}

/// Returns a quota of `burst` requests at once, refilled at `per_second`.
fn quota(burst: u32, per_second: u32) -> Quota {
    let not_zero = |number| NonZeroU32::new(number).expect("a limit is at least 1");
    Quota::per_second(not_zero(per_second)).allow_burst(not_zero(burst))
}

/// The divisor of the total that gives the concurrent requests per address.
const SHARE_PER_ADDRESS: usize = 4;

/// The rate limits, the concurrent requests per address, and the event streams.
#[derive(Debug)]
pub struct Limiter {
    addresses: Buckets<IpAddr>,
    sign_ins: Buckets<IpAddr>,
    sessions: Buckets<String>,
    changes: Buckets<String>,
    concurrency: Concurrency<IpAddr>,
    streams_of: Concurrency<String>,
    streams: Arc<Semaphore>,
}

/// The place of an event stream. Released on drop.
#[derive(Debug)]
pub(super) struct StreamPermit {
    _of_session: ConcurrencyPermit<String>,
    _of_all: OwnedSemaphorePermit,
}

impl Limiter {
    pub(super) fn new(limits: &Limits, clock: &Clock) -> Self {
        Self {
            addresses: Buckets::new(limits.per_address, clock),
            sign_ins: Buckets::new(limits.sign_ins, clock),
            sessions: Buckets::new(limits.per_session, clock),
            changes: Buckets::new(limits.changes, clock),
            concurrency: Concurrency::new(limits.at_once / SHARE_PER_ADDRESS),
            streams_of: Concurrency::new(limits.streams_per_session),
            streams: Arc::new(Semaphore::new(limits.streams)),
        }
    }

    /// Takes the place of an event stream of a session.
    pub(super) fn stream(&self, session: &str) -> Result<StreamPermit, HttpError> {
        let of_session = self.streams_of.take(session.to_owned());
        let of_all = self.streams.clone().try_acquire_owned();
        Ok(StreamPermit {
            _of_session: of_session.ok_or(HttpError::TooMany { retry_after: 60 })?,
            _of_all: of_all.map_err(|_| HttpError::Busy)?,
        })
    }

    fn check(&self, ip: IpAddr, request: &Request) -> Result<(), TooMany> {
        self.addresses.take(&ip)?;
        if request.uri().path().starts_with("/sign-in") {
            self.sign_ins.take(&ip)?;
        }
        // An invented cookie creates its own bucket, but the address has already used a token.
        if let Some(session) = session_key(request.headers()) {
            if request.method() == Method::POST {
                self.changes.take(&session)?;
            }
            self.sessions.take(&session)?;
        }
        Ok(())
    }
}

fn session_key(headers: &HeaderMap) -> Option<String> {
    cookie::read(headers, cookie::SESSION).map(digest)
}

/// The address of the client, for handlers.
#[derive(Debug, Clone, Copy)]
pub struct ClientIp(pub IpAddr);

/// Refuses requests above a rate limit.
pub async fn rates(State(state): State<HttpState>, mut request: Request, next: Next) -> Response {
    let ip = client_ip(
        request.headers(),
        request.extensions(),
        &state.settings.trusted_proxies,
    );
    request.extensions_mut().insert(ClientIp(ip));
    if WATCHED.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let who = address_block(ip);
    let Some(_permit) = state.limiter.concurrency.take(who) else {
        return HttpError::Busy.into_response();
    };
    match state.limiter.check(who, &request) {
        Ok(()) => next.run(request).await,
        Err(TooMany { retry_after }) => HttpError::TooMany { retry_after }.into_response(),
    }
}

/// The health checks. They are never refused, because a supervisor restarts the process if they fail.
const WATCHED: [&str; 2] = ["/healthz", "/readyz"];

/// Refuses requests above the concurrency limit. A stream counts until its response starts.
pub async fn at_once(State(state): State<HttpState>, request: Request, next: Next) -> Response {
    if WATCHED.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    match state.room.clone().try_acquire_owned() {
        Ok(_place) => next.run(request).await,
        Err(_) => HttpError::Busy.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_a_limited_number_of_event_streams_and_so_have_all_together() {
        let limits = Limits {
            streams_per_session: 2,
            streams: 3,
            ..Limits::default()
        };
        let limiter = Limiter::new(&limits, &Clock::System);
        let first = limiter.stream("one").unwrap();
        let _second = limiter.stream("one").unwrap();
        let third = limiter.stream("one").unwrap_err();
        assert!(matches!(third, HttpError::TooMany { .. }));
        let _other = limiter.stream("other").unwrap();
        assert_eq!(limiter.stream("another").unwrap_err(), HttpError::Busy);
        drop(first);
        assert!(limiter.stream("one").is_ok());
    }
}
