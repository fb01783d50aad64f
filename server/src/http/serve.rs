//! Accepts connections. `axum::serve` sets no timer in hyper and has no time limit for headers, so slow clients could
//! occupy every connection. Here, headers have a deadline and connections are limited.

use std::{future::Future, net::SocketAddr, pin::pin, sync::Arc};

use axum::{Router, extract::ConnectInfo};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{Duration, timeout},
};
use tower::ServiceExt as _;

use super::limits::Limits;

/// The time for running requests to complete after the stop signal.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// More headers than any browser sends.
const MOST_HEADERS: usize = 100;

/// Serves on `listener` until `stop` resolves, then gives running requests 10 seconds to complete.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: &Limits,
    stop: impl Future<Output = ()>,
) {
    let connections = Arc::new(Semaphore::new(limits.connections));
    let (closing, closed) = watch::channel(());
    let mut running = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        // Acquire a permit first. Without one, clients wait in the queue of the kernel.
        let Ok(place) = connections.clone().acquire_owned().await else {
            break;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
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
        let (router, closed, header_time) = (router.clone(), closed.clone(), limits.header_time);
        running.spawn(async move {
            connection(stream, peer, router, header_time, closed).await;
            drop(place);
        });
        while running.try_join_next().is_some() {}
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
    header_time: Duration,
    mut closed: watch::Receiver<()>,
) {
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(header_time)
        .max_headers(MOST_HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(16 * 1024)
        .max_concurrent_streams(100);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        _ = closed.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection ended");
    }
}
