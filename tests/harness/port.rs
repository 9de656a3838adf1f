//! Ports for servers that are started by their number.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

/// Below those that the kernel assigns on request, so no other test gets the port between our check and the server's start.
const FIRST: u32 = 15_000;
const COUNT: u32 = 17_000;

/// A port on which nobody listens.
///
/// # Panics
/// If there is none.
pub fn free() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id().wrapping_mul(31);
    let candidates = (0..COUNT).map(|_| start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT + FIRST);
    let mut ports = candidates.filter_map(|port| u16::try_from(port).ok());
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a port is free")
}
