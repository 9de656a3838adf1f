//! Workers of a Muster under test, and an outside system that does what a test wants.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use domain::ports::{Order, Outlet, Receipt, Refusal};
use entity::System;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use worker::{Connections, Outlets, Worker};

use crate::app::{Server, TestApp};

/// A worker; ends with [`TestWorker::stop`], and as by kill -9 when it is dropped.
pub struct TestWorker {
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl TestApp {
    /// Starts a worker in the process of the first server, with `outlet` at every system that is connected.
    pub async fn worker(&self, outlet: &Arc<Outside>) -> TestWorker {
        start(self, outlet).await
    }

    /// Starts a worker in the process of the first server, with these systems connected.
    pub async fn worker_with(&self, outlets: impl IntoIterator<Item = (System, Arc<Outside>)>) -> TestWorker {
        start_with(self, outlets.into_iter().map(|(system, outlet)| (system, outlet as Arc<dyn Outlet>)).collect::<Outlets>()).await
    }
}

/// Starts a worker in the process of `server`, with `outlet` at every system that is connected.
pub async fn start(server: &Server, outlet: &Arc<Outside>) -> TestWorker {
    let outlet: Arc<dyn Outlet> = outlet.clone();
    let outlets: Outlets = server.domain.config.systems.iter().map(|system| (*system, outlet.clone())).collect();
    start_with(server, outlets).await
}

/// Starts a worker in the process of `server` with everything that is connected.
pub async fn start_with(server: &Server, connections: impl Into<Connections>) -> TestWorker {
    let worker = Worker::new(server.domain.clone(), connections);
    let shutdown = CancellationToken::new();
    let task = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { worker.run(shutdown).await }
    });
    TestWorker { shutdown, task }
}

impl TestWorker {
    /// Ends it as SIGTERM does.
    pub async fn stop(mut self) {
        self.shutdown.cancel();
        (&mut self.task).await.expect("the worker does not panic");
    }
}

impl Drop for TestWorker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Receipts = Box<dyn Fn(&Order) -> Receipt + Send>;

/// An outside system that keeps the orders it is given, and answers as set.
#[derive(Default)]
pub struct Outside {
    orders: Mutex<Vec<Order>>,
    answers: Mutex<VecDeque<Refusal>>,
    receipts: Mutex<Option<Receipts>>,
    refuses_all: Mutex<Option<Refusal>>,
}

impl Outside {
    /// One that takes everything.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// What it was asked so far, refused or not.
    pub fn orders(&self) -> Vec<Order> {
        lock(&self.orders).clone()
    }

    /// Refuses the next order like this.
    pub fn refuse_next(&self, refusal: Refusal) {
        lock(&self.answers).push_back(refusal);
    }

    /// Answers what it accepts like this from now on.
    pub fn answer(&self, receipt: impl Fn(&Order) -> Receipt + Send + 'static) {
        *lock(&self.receipts) = Some(Box::new(receipt));
    }

    /// Refuses everything from now on like this, or nothing.
    pub fn refuse_all(&self, refusal: Option<Refusal>) {
        *lock(&self.refuses_all) = refusal;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Outlet for Outside {
    async fn carry_out(&self, order: &Order) -> Result<Receipt, Refusal> {
        lock(&self.orders).push(order.clone());
        // No system answers before its caller waits. On a loaded machine PostgreSQL may, and nothing else would interrupt a worker.
        tokio::task::yield_now().await;
        let refusal = lock(&self.answers).pop_front().or_else(|| lock(&self.refuses_all).clone());
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        let plain = || Receipt { external_id: Some(order.delivery.to_string()), ..Receipt::default() };
        Ok(lock(&self.receipts).as_ref().map_or_else(plain, |receipt| receipt(order)))
    }
}
