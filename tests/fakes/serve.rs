//! The listener of a fake, which can close a connection without an answer, and a request's way through the faults.

use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use std::{io, iter};

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::control;
use super::faults::Fault;
use super::front::Front;
use super::http::{Reply, Request};

/// A vendor: what it answers, and what a person may do to it.
pub trait Vendor: Send + Sync + Sized + 'static {
    /// One behind this front, and the task that sends its webhooks, if it has any.
    fn open(front: Front) -> (Arc<Self>, Option<JoinHandle<()>>);

    fn front(&self) -> &Front;

    /// What isn't kept with requests.
    fn secrets(&self) -> &[&str];

    fn answer(&self, request: &Request) -> impl Future<Output = Reply> + Send;

    /// Answers a route under `/_fake/` that the other fake doesn't have.
    fn control(&self, request: &Request) -> Option<Reply>;
}

/// A running fake of a vendor; it ends when this is dropped.
pub struct Fake<V: Vendor> {
    pub(super) vendor: Arc<V>,
    tasks: Vec<JoinHandle<()>>,
}

impl<V: Vendor> Fake<V> {
    /// Starts one on a free port.
    pub async fn start() -> Self {
        Self::start_at("127.0.0.1:0").await.expect("a port is free")
    }

    /// Starts one at this address.
    pub async fn start_at(address: &str) -> io::Result<Self> {
        let (listener, front) = Front::listen(address).await?;
        let (vendor, sends) = V::open(front);
        let tasks = iter::once(serve(listener, Arc::clone(&vendor))).chain(sends).collect();
        Ok(Self { vendor, tasks })
    }
}

impl<V: Vendor> Deref for Fake<V> {
    type Target = Front;

    fn deref(&self) -> &Front {
        self.vendor.front()
    }
}

impl<V: Vendor> Drop for Fake<V> {
    fn drop(&mut self) {
        self.vendor.front().close();
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Serves `vendor` until the task is aborted.
fn serve<V: Vendor>(listener: TcpListener, vendor: Arc<V>) -> JoinHandle<()> {
    let router = Router::new().fallback(handle::<V>).with_state(vendor);
    let service = router.into_make_service_with_connect_info::<Line>();
    tokio::spawn(async move { axum::serve(Lines(listener), service).await.expect("it serves for ever") })
}

async fn handle<V: Vendor>(
    State(vendor): State<Arc<V>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: axum::extract::Request,
) -> Response {
    if vendor.front().is_closed() {
        line.cut();
        return Response::default();
    }
    let request = match Request::read(request).await {
        Ok(request) => request,
        Err(reply) => return reply.into_response(),
    };
    if request.path.starts_with("/_fake/") {
        let answer = vendor.control(&request).or_else(|| control::answer(vendor.front(), &request));
        return answer.unwrap_or_else(|| Reply::text(404, "there is no such control")).into_response();
    }
    let received = request.record(vendor.secrets());
    let (number, fault) = vendor.front().receive(received.clone());
    let work = async {
        let reply = vendor.answer(&request).await;
        if reply.is_success() {
            vendor.front().check(&received);
        }
        reply
    };
    let done = match fault {
        Some(fault) if !fault.does_the_work() => None,
        _ => Some(work.await),
    };
    if let Some(latency) = vendor.front().latency() {
        tokio::time::sleep(latency).await;
    }
    let Some(reply) = outcome(fault, done).await else {
        line.cut();
        return Response::default();
    };
    vendor.front().answered(number, reply.status);
    reply.into_response()
}

/// The answer, or nothing if the connection is to be cut.
async fn outcome(fault: Option<Fault>, done: Option<Reply>) -> Option<Reply> {
    match fault {
        None => done,
        Some(Fault::TooMany { retry_after }) => Some(Reply::text(429, "too many requests").header("retry-after", retry_after)),
        Some(Fault::ServerError) => Some(Reply::text(500, "Internal Server Error")),
        Some(Fault::Unavailable) => Some(Reply::text(503, "Service Unavailable")),
        Some(Fault::Cut | Fault::DoneThenCut) => None,
        Some(Fault::Garbage | Fault::DoneThenGarbage) => Some(Reply::text(200, "<html><body>We'll be back soon")),
        // The framework drops this when the client goes away.
        Some(Fault::DoneThenSilent) => std::future::pending().await,
        Some(Fault::Slow(delay)) => {
            tokio::time::sleep(delay).await;
            done
        }
        Some(Fault::Huge(bytes)) => Some(Reply { body: vec![b' '; bytes].into(), ..Reply::json(200, &serde_json::Value::Null) }),
    }
}

/// A listener whose connections can be cut.
struct Lines(TcpListener);

/// One connection, as the handler of its requests knows it.
#[derive(Clone, Debug, Default)]
struct Line(Arc<AtomicBool>);

impl Line {
    /// From now on nothing goes in or out; the server closes it at the next try.
    fn cut(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn alive(&self) -> io::Result<()> {
        if self.0.load(Ordering::SeqCst) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl Connected<IncomingStream<'_, Lines>> for Line {
    fn connect_info(stream: IncomingStream<'_, Lines>) -> Self {
        stream.remote_addr().clone()
    }
}

impl Listener for Lines {
    type Io = Wire;
    type Addr = Line;

    async fn accept(&mut self) -> (Wire, Line) {
        loop {
            if let Ok((stream, _)) = self.0.accept().await {
                let line = Line::default();
                return (Wire { stream, line: line.clone() }, line);
            }
            // Out of file descriptors, most likely.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn local_addr(&self) -> io::Result<Line> {
        Ok(Line::default())
    }
}

struct Wire {
    stream: TcpStream,
    line: Line,
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.line.alive()?;
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.line.alive()?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.line.alive()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
