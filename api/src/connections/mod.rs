//! Connections: how many there are at once, and how long somebody whom nobody knows may hold one.
//!
//! An HTTP server leaves much open for as long as its clients like. Bounded here: the head of a request, idle connections, readers that do
//! not read, and the number of connections. Bodies are bounded where they are read.
//!
//! Guarantee: however many connections of strangers there are, silent, slow or half open, whoever comes gets a place and whoever has shown
//! a valid secret keeps it. The end comes within seconds, whatever strangers do.

mod places;
mod proxies;

use std::io::ErrorKind;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use places::Place;
use places::Places;
pub use proxies::{CallerAddress, Proxies};

/// Bytes of a request's line and headers, and of what is kept of a body that its handler has not asked for.
const HEAD_BYTES: usize = 64 * 1024;
/// How long running requests of strangers may take after the shutdown. Those of people whom we know run to their end.
const FAREWELL: Duration = Duration::from_secs(2);
/// How long to wait when the system can't give another connection.
const BREATH: Duration = Duration::from_millis(500);

/// Bounds of connections; [`Default`] suits one organisation's server.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// Connections at once.
    pub most: usize,
    /// Time for a request's head to arrive, from the moment the connection is open or the answer before it is read. Longer than
    /// proxies keep idle connections (nginx: 60 s): whoever closes first must be the one that sends requests.
    pub head_timeout: Duration,
    /// Time without progress while a reader has something to read.
    pub write_timeout: Duration,
    /// Who is believed when they say for whom they ask.
    pub proxies: Proxies,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { most: 4096, head_timeout: Duration::from_secs(75), write_timeout: Duration::from_secs(30), proxies: Proxies::default() }
    }
}

/// Serves `router` on `listener` until `shutdown`; then lets running requests finish.
pub async fn serve(listener: TcpListener, router: Router, limits: &ConnectionLimits, shutdown: &CancellationToken) {
    let (places, connections) = (Places::new(limits.most), TaskTracker::new());
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head_timeout).max_buf_size(HEAD_BYTES);
    let (write_timeout, proxies) = (limits.write_timeout, limits.proxies.clone());
    let server = Arc::new(Server { http, router, write_timeout, proxies, shutdown: shutdown.clone() });
    while let Some(accepted) = shutdown.run_until_cancelled(listener.accept()).await {
        match accepted.map(|(stream, peer)| (stream, peer.ip(), places.take())) {
            Ok((stream, peer, Some(place))) => drop(connections.spawn(server.clone().connection(stream, peer, place))),
            Ok((_, _, None)) => metrics::counter!("muster_connections_refused_total").increment(1),
            // It went away before we looked.
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {}
            Err(error) => {
                tracing::warn!(%error, "can't take another connection: is the limit of open files too low? Trying again");
                shutdown.run_until_cancelled(sleep(BREATH)).await;
            }
        }
    }
    drop(listener);
    connections.close();
    if timeout(FAREWELL, connections.wait()).await.is_err() {
        places.dismiss_strangers();
        connections.wait().await;
    }
}

/// What all connections share.
struct Server {
    http: http1::Builder,
    router: Router,
    write_timeout: Duration,
    proxies: Proxies,
    shutdown: CancellationToken,
}

impl Server {
    async fn connection(self: Arc<Self>, stream: TcpStream, peer: IpAddr, place: Place) {
        // Answers are written whole: to wait for more would only delay them. Without it they still arrive.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.write_timeout));
        let router = TowerToHyperService::new(self.router.clone());
        let service = service_fn(|mut request: Request<Incoming>| {
            let caller = self.proxies.caller(peer, request.headers());
            request.extensions_mut().insert(place.clone());
            request.extensions_mut().insert(caller);
            router.call(request)
        });
        let mut connection = pin!(self.http.serve_connection(TokioIo::new(Box::pin(stream)), service).with_upgrades());
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = place.dismissed() => return tracing::debug!("a stranger's connection made room for another"),
            () = self.shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                tokio::select! { ended = connection => ended, () = place.dismissed() => return }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection broke off");
        }
    }
}
