//! What all fakes have: an address, a clock, faults, a log of requests and the check against the vendor's contract.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::clock::{Clock, SystemClock};
use tokio::net::TcpListener;

use super::faults::{Fault, Plan};
use super::http::Received;
use super::{Contract, contract};

/// How many requests are kept; the oldest go first.
const KEPT: usize = 20_000;

/// The part of a fake that does not depend on the vendor.
pub struct Front {
    url: String,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// The machine's when there is none.
    clock: Option<Arc<dyn Clock>>,
    ahead: chrono::Duration,
    plan: Plan,
    latency: Option<Duration>,
    log: VecDeque<Received>,
    /// The number of the first one in the log.
    first: usize,
    contract: Option<Arc<Contract>>,
    violations: Vec<String>,
    closed: bool,
}

impl Front {
    /// Listens at this address; with port 0, at a free port.
    pub(super) async fn listen(address: &str) -> io::Result<(TcpListener, Self)> {
        let listener = TcpListener::bind(address).await?;
        let url = format!("http://{}", listener.local_addr()?);
        Ok((listener, Self { url, inner: Mutex::default() }))
    }

    /// Its address, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The fake's time: its clock's, plus the time it was moved ahead.
    pub fn now(&self) -> DateTime<Utc> {
        let inner = self.inner();
        inner.clock.as_ref().map_or_else(|| SystemClock.now(), |clock| clock.now()) + inner.ahead
    }

    /// From now on, it uses this clock instead of the machine's.
    pub fn follow(&self, clock: Arc<dyn Clock>) {
        self.inner().clock = Some(clock);
    }

    /// Moves its clock ahead.
    pub fn advance(&self, by: Duration) {
        self.inner().ahead += chrono::Duration::from_std(by).expect("not for ages");
    }

    /// The next `n` requests with this method (any if empty) and a path that begins like this go wrong.
    pub fn fail_next(&self, n: usize, method: &str, prefix: &str, fault: Fault) {
        self.inner().plan.script(n, method, prefix, fault);
    }

    /// From now on, this percentage of requests go wrong, in one of these ways each, evenly. The same seed and the same order of
    /// requests give the same faults.
    pub fn fail_at_random(&self, seed: u64, percent: u64, kinds: &[Fault]) {
        self.inner().plan.randomize(seed, percent, kinds);
    }

    /// From now on, nothing goes wrong.
    pub fn stop_failing(&self) {
        self.inner().plan.clear();
    }

    /// From now on, every answer takes this much longer.
    pub fn set_latency(&self, latency: Option<Duration>) {
        self.inner().latency = latency;
    }

    /// The requests so far, the newest last.
    pub fn requests(&self) -> Vec<Received> {
        self.inner().log.iter().cloned().collect()
    }

    /// The requests with this method (all when it is empty) and a path that begins like this.
    pub fn requests_to(&self, method: &str, prefix: &str) -> Vec<Received> {
        let fits = |received: &&Received| (method.is_empty() || received.method == method) && received.path.starts_with(prefix);
        self.inner().log.iter().filter(fits).cloned().collect()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        let mut inner = self.inner();
        inner.first += inner.log.len();
        inner.log.clear();
    }

    /// What accepted requests had that the vendor's contract doesn't allow. Only a checked fake finds any.
    pub fn violations(&self) -> Vec<String> {
        self.inner().violations.clone()
    }

    /// From now on, every connection is cut: connections that are open outlive the listener.
    pub(super) fn close(&self) {
        self.inner().closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.inner().closed
    }

    pub(super) fn check_by(&self, contract: Arc<Contract>) {
        self.inner().contract = Some(contract);
    }

    pub(super) fn latency(&self) -> Option<Duration> {
        self.inner().latency
    }

    /// Keeps a request, decides what goes wrong with it, and returns its number.
    pub(super) fn receive(&self, mut received: Received) -> (usize, Option<Fault>) {
        let mut inner = self.inner();
        let fault = inner.plan.take(&received.method, &received.path);
        received.fault = fault;
        inner.log.push_back(received);
        if inner.log.len() > KEPT {
            inner.log.pop_front();
            inner.first += 1;
        }
        (inner.first + inner.log.len() - 1, fault)
    }

    pub(super) fn answered(&self, number: usize, status: u16) {
        let mut inner = self.inner();
        let at = number.checked_sub(inner.first);
        if let Some(received) = at.and_then(|at| inner.log.get_mut(at)) {
            received.status = Some(status);
        }
    }

    /// Checks an accepted request against the contract.
    pub(super) fn check(&self, received: &Received) {
        let Some(contract) = self.inner().contract.clone() else { return };
        let found = contract.check(received);
        self.inner().violations.extend(found.into_iter().map(|wrong| contract::told(received, &wrong)));
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
