//! Waiting for conditions, always with a time limit.

use std::time::{Duration, Instant};

/// How often a condition is checked.
const PAUSE: Duration = Duration::from_millis(20);

/// Checks repeatedly until `look` finds something, and returns it.
///
/// # Panics
/// If that has not happened `within` the given time.
pub async fn eventually<T>(what: &str, within: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(start.elapsed() < within, "{what}: not within {within:?}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Awaits `future`.
///
/// # Panics
/// If it is not done in time.
pub async fn within<T>(what: &str, time: Duration, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(time, future).await {
        Ok(output) => output,
        Err(_) => panic!("{what}: not within {time:?}"),
    }
}
