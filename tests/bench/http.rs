//! As little HTTP/1.1 as the load needs: the generator shares the machine with what it measures.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection that is kept for many requests.
pub struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    received: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, request: Vec::new(), received: Vec::new() })
    }

    /// The status of `GET path`.
    pub async fn status(&mut self, path: &str) -> Result<u16> {
        self.request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes();
        self.received.clear();
        self.stream.write_all(&self.request).await?;
        Ok(self.head().await?.status)
    }

    /// The body of the answer to a GraphQL request, which must have status 200.
    pub async fn post(&mut self, token: &str, body: &str) -> Result<&str> {
        self.send("/graphql", "application/json", token, body).await?;
        let head = self.head().await?;
        let length = head.content_length.context("an answer without Content-Length")?;
        let end = head.length + length;
        while self.received.len() < end {
            self.fill(end - self.received.len()).await?;
        }
        let body = std::str::from_utf8(&self.received[head.length..end])?;
        ensure!(head.status == 200, "status {}: {body}", head.status);
        Ok(body)
    }

    /// Begins a stream of server-sent events.
    pub async fn stream(mut self, token: &str, body: &str) -> Result<EventStream> {
        self.send("/graphql/stream", "text/event-stream", token, body).await?;
        let head = self.head().await?;
        ensure!(head.status == 200 && head.chunked, "no stream: status {}", head.status);
        self.received.drain(..head.length);
        Ok(EventStream { connection: self, text: Vec::new() })
    }

    async fn send(&mut self, path: &str, accept: &str, token: &str, body: &str) -> Result<()> {
        self.request.clear();
        self.received.clear();
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nAccept: {accept}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        );
        self.request.extend_from_slice(head.as_bytes());
        self.request.extend_from_slice(body.as_bytes());
        Ok(self.stream.write_all(&self.request).await?)
    }

    async fn fill(&mut self, room: usize) -> Result<()> {
        self.received.reserve(room.max(16 * 1024));
        ensure!(self.stream.read_buf(&mut self.received).await? > 0, "the server closed the connection");
        Ok(())
    }

    async fn head(&mut self) -> Result<Head> {
        loop {
            if let Some(end) = find(&self.received, b"\r\n\r\n") {
                return Head::parse(std::str::from_utf8(&self.received[..end])?, end + 4);
            }
            self.fill(0).await?;
        }
    }
}

struct Head {
    status: u16,
    /// Bytes before the body.
    length: usize,
    content_length: Option<usize>,
    chunked: bool,
}

impl Head {
    fn parse(text: &str, length: usize) -> Result<Self> {
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("no status line")?.parse()?;
        let mut head = Self { status, length, content_length: None, chunked: false };
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            match name.to_ascii_lowercase().as_str() {
                "content-length" => head.content_length = Some(value.trim().parse()?),
                "transfer-encoding" => head.chunked = value.trim() == "chunked",
                _ => {}
            }
        }
        Ok(head)
    }
}

/// Server-sent events, as they come.
pub struct EventStream {
    connection: Connection,
    /// What came and was not yet given out, without the framing of chunks.
    text: Vec<u8>,
}

impl EventStream {
    /// The next event, with the lines of its fields; comments that keep the connection alive are skipped.
    pub async fn next(&mut self) -> Result<String> {
        loop {
            while let Some(end) = find(&self.text, b"\n\n") {
                let event: Vec<u8> = self.text.drain(..end + 2).collect();
                let event = String::from_utf8(event)?;
                if !event.starts_with(':') {
                    return Ok(event);
                }
            }
            self.chunk().await?;
        }
    }

    async fn chunk(&mut self) -> Result<()> {
        loop {
            if let Some(line) = find(&self.connection.received, b"\r\n") {
                let size = std::str::from_utf8(&self.connection.received[..line])?;
                let size = usize::from_str_radix(size, 16).with_context(|| format!("{size:?} is no size of a chunk"))?;
                if size == 0 {
                    bail!("the server ended the stream");
                }
                let (start, end) = (line + 2, line + 2 + size);
                while self.connection.received.len() < end + 2 {
                    self.connection.fill(0).await?;
                }
                self.text.extend_from_slice(&self.connection.received[start..end]);
                self.connection.received.drain(..end + 2);
                return Ok(());
            }
            self.connection.fill(0).await?;
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
