//! Accepts connections. `axum::serve` sets no timer in hyper and has no limit for connections, so slow clients could
//! occupy every descriptor. Here, `connections` limits the number of connections and the time that each may take.

use std::{convert::Infallible, future::Future, net::SocketAddr, pin::pin, sync::Arc};

use axum::{Router, extract::ConnectInfo};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{Duration, MissedTickBehavior, interval, timeout},
};
use tower::ServiceExt as _;

use super::{
    connections::{ConnectionLimits, ConnectionPermit, Connections},
    descriptors,
    state::HttpSettings,
};
use crate::clock::Clock;

/// The time for running requests to complete after the stop signal.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// How often overdue connections are looked for.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// The limits of hyper for the headers of a request, beyond those of `target`: the refusals of hyper have no page.
const MOST_HEADERS: usize = 200;
const HEADER_BYTES: u16 = 32 * 1_024;
/// How often a client of HTTP/2 must prove that it is still there, and its time for that.
const PING_EVERY: Duration = Duration::from_secs(20);
const PING_TIME: Duration = Duration::from_secs(10);

/// The connections that the kernel holds until they are accepted. With the usual 1,024, a burst of a single address
/// makes the kernel drop the first packets of others, which are sent again after seconds only.
const BACKLOG: u32 = 4_096;

/// Opens the port. The kernel may use a smaller queue than requested (`net.core.somaxconn`).
pub fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A restart need not wait for connections of the previous process. On Windows, the option means something else.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves on `listener` until `stop` resolves, then gives running requests 10 seconds to complete.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: &HttpSettings,
    stop: impl Future<Output = ()>,
) {
    let limits = settings.limits.connections;
    let limits = ConnectionLimits {
        total: descriptors::connections(limits.total),
        ..limits
    };
    // Sockets follow the real time, also if the rest of the server follows a manual clock.
    let connections = Connections::new(limits, settings.trusted_proxies.clone(), Clock::System);
    let (closing, closed) = watch::channel(());
    let mut running = JoinSet::new();
    let mut look = interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = look.tick() => {
                connections.close_overdue();
                while running.try_join_next().is_some() {}
                continue;
            }
            () = &mut stop => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Usually a lack of file descriptors, where only waiting helps.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some(place) = connections.admit(peer.ip()) else {
            tracing::debug!(%peer, "a connection was refused: there are too many");
            continue;
        };
        running.spawn(connection(
            stream,
            peer,
            router.clone(),
            place,
            limits.idle,
            closed.clone(),
        ));
    }
    drop(listener);
    closing.send_replace(());
    let everyone = async { while running.join_next().await.is_some() {} };
    if timeout(LAST_WORDS, everyone).await.is_err() {
        tracing::warn!("connections were still open when the server stopped");
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    place: ConnectionPermit,
    idle: Duration,
    mut closed: watch::Receiver<()>,
) {
    let place = Arc::new(place);
    let of_requests = place.clone();
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let exchange = of_requests.begin();
        let mut request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = router.clone().oneshot(request);
        async move {
            let response = answer.await?;
            Ok::<_, Infallible>(response.map(|body| exchange.follow(body)))
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // The time limit of the first request is that of its connection; hyper would apply one limit to both.
        .header_read_timeout(idle)
        .max_buf_size(HEADER_BYTES.into())
        .max_headers(MOST_HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_TIME)
        .max_header_list_size(HEADER_BYTES.into())
        .max_concurrent_streams(100);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = place.closing() => return,
        _ = closed.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection ended");
    }
}
