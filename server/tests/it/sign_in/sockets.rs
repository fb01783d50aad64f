//! Clients that hold sockets and do nothing with them, on a real port. Needs no database.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use axum::{Router, body::Body, routing::get};
use futures::stream;
use server::http::{
    connections::ConnectionLimits,
    serve::{listen, serve},
    state::HttpSettings,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// An empty SETTINGS frame.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
/// A request for `/endless` whose response the client never reads.
const ENDLESS: &[u8] = b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// What a client sends before it stops, by name.
fn kinds() -> [(&'static str, Vec<u8>); 6] {
    [
        ("nothing", Vec::new()),
        ("a prefix of the preface", PREFACE[..10].to_vec()),
        ("a preface", PREFACE.to_vec()),
        ("a preface and settings", [PREFACE, SETTINGS].concat()),
        ("half of a header", b"GET / HTTP/1.1\r\nHost: loc".to_vec()),
        ("a request whose response is not read", ENDLESS.to_vec()),
    ]
}

struct Listening {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Listening {
    fn with(limits: ConnectionLimits) -> Self {
        let mut settings = HttpSettings::new("http://localhost:3000".parse().unwrap());
        settings.limits.connections = limits;
        let endless = || async {
            let piece = || Ok::<_, Infallible>("x".repeat(64 * 1_024));
            Body::from_stream(stream::repeat_with(piece))
        };
        let router = Router::new()
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/endless", get(endless));
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            let stop = async { drop(stopped.await) };
            serve(listener, router, &settings, stop).await;
        });
        Self {
            address,
            stop,
            serving,
        }
    }

    /// Opens a socket from an address of this machine, and sends bytes.
    async fn socket(&self, from: [u8; 4], bytes: &[u8]) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((from, 0))).unwrap();
        let mut stream = socket.connect(self.address).await.unwrap();
        // A server that has closed the socket already is what some of these tests are about.
        let _ = stream.write_all(bytes).await;
        stream
    }

    /// Requests `/healthz` on a new connection from an address of this machine.
    async fn is_healthy_for(&self, from: [u8; 4]) -> bool {
        let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let answered = async {
            let mut answer = String::new();
            let mut stream = self.socket(from, request).await;
            stream.read_to_string(&mut answer).await.is_ok() && answer.starts_with("HTTP/1.1 200")
        };
        timeout(Duration::from_secs(2), answered)
            .await
            .unwrap_or(false)
    }

    async fn close(self) {
        self.stop.send(()).unwrap();
        self.serving.await.unwrap();
    }
}

/// Returns whether the server closes a socket within a time. Reads nothing from it.
async fn is_closed(stream: &mut TcpStream, within: Duration) -> bool {
    let closed = async {
        // Writing is how a client learns that the server is gone, without reading the response.
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(within, closed).await.is_ok()
}

#[tokio::test]
async fn a_socket_whose_client_stops_is_closed_whatever_it_sent() {
    let short = Duration::from_millis(300);
    let server = Listening::with(ConnectionLimits {
        first_request: short,
        idle: short,
        unread: short,
        ..ConnectionLimits::default()
    });
    for (kind, bytes) in kinds() {
        let mut stream = server.socket([127, 0, 0, 1], &bytes).await;
        if bytes == ENDLESS {
            assert!(
                is_closed(&mut stream, Duration::from_secs(20)).await,
                "{kind}"
            );
        } else {
            let mut rest = Vec::new();
            let read = timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
            assert!(read.is_ok(), "{kind}: the socket is still open");
        }
    }
    server.close().await;
}

#[tokio::test]
async fn a_connection_that_is_used_stays_open() {
    let server = Listening::with(ConnectionLimits {
        first_request: Duration::from_millis(300),
        ..ConnectionLimits::default()
    });
    let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut stream = server.socket([127, 0, 0, 1], b"").await;
    for _ in 0..3 {
        stream.write_all(request).await.unwrap();
        let mut answer = [0; 1_024];
        let read = stream.read(&mut answer).await.unwrap();
        assert!(String::from_utf8_lossy(&answer[..read]).starts_with("HTTP/1.1 200"));
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    server.close().await;
}

/// Every address of 127.0.0.0/8 belongs to this machine on Linux only.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_idle_sockets_of_one_address_keep_nobody_out() {
    let flood = flood_size();
    for (kind, bytes) in kinds() {
        let server = Listening::with(ConnectionLimits::default());
        let mut held = Vec::new();
        for _ in 0..flood {
            held.push(server.socket([127, 0, 0, 2], &bytes).await);
        }
        for of in [[127, 0, 0, 1], [127, 0, 0, 2]] {
            let mut healthy = 0;
            for _ in 0..100 {
                healthy += usize::from(server.is_healthy_for(of).await);
            }
            assert_eq!(
                healthy, 100,
                "{flood} sockets that sent {kind}, asked from {of:?}"
            );
        }
        drop(held);
        server.close().await;
    }
}

/// Returns the number of sockets of the attack, or what the limit of open files allows: each has two ends here.
#[cfg(target_os = "linux")]
fn flood_size() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let files = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let soft = files.and_then(|line| line.split_whitespace().nth(3)?.parse::<usize>().ok());
    soft.map_or(2_100, |soft| (soft.saturating_sub(400) / 2).min(2_100))
}
