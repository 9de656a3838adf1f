use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::*;

/// What there is to do, and what was begun.
#[derive(Clone, Default)]
struct Pile(Arc<Mutex<(Vec<u32>, Vec<u32>)>>);

impl Pile {
    fn put(&self, pieces: impl IntoIterator<Item = u32>) {
        self.with(|(waiting, _)| waiting.extend(pieces));
    }

    fn take(&self, free: usize) -> Vec<u32> {
        self.with(|(waiting, _)| waiting.drain(..free.min(waiting.len())).collect())
    }

    fn begin(&self, piece: u32) {
        self.with(|(_, begun)| begun.push(piece));
    }

    fn begun(&self) -> Vec<u32> {
        self.with(|(_, begun)| begun.clone())
    }

    fn with<R>(&self, f: impl FnOnce(&mut (Vec<u32>, Vec<u32>)) -> R) -> R {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Work on `pile` in `slots`, of which each piece is done as `done` says.
fn work<F>(pile: &Pile, slots: usize, bell: &watch::Sender<()>, done: impl Fn(u32) -> F + Send + Sync + 'static) -> Work<u32>
where
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    let (claiming, doing) = (pile.clone(), pile.clone());
    Work {
        name: "muster-tests".to_owned(),
        slots,
        limit: Duration::from_secs(50),
        bell: bell.subscribe(),
        claim: Arc::new(move |free| {
            let claimed = claiming.take(free);
            Box::pin(async move { Ok(claimed) })
        }),
        carry_out: Arc::new(move |piece| {
            doing.begin(piece);
            Box::pin(done(piece))
        }),
        kind: |_| "test",
    }
}

/// Lets time pass until `condition` holds. The clock of these tests runs ahead whenever nothing else is to be done.
async fn until(what: &str, condition: impl Fn() -> bool) {
    let met = async {
        while !condition() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_mins(10), met).await.unwrap_or_else(|_| panic!("{what}: never"));
}

#[tokio::test(start_paused = true)]
async fn what_fails_panics_or_hangs_stops_nothing_else() {
    let (pile, bell, shutdown) = (Pile::default(), watch::Sender::new(()), CancellationToken::new());
    let work = work(&pile, 2, &bell, async |piece| match piece {
        0 => Err(Error::internal("no")),
        1 => panic!("worse"),
        2 => std::future::pending().await,
        _ => Ok(()),
    });
    let running = tokio::spawn(work.run(shutdown.clone()));
    pile.put(0..8);
    until("all have begun", || pile.begun().len() == 8).await;
    shutdown.cancel();
    running.await.unwrap();
    assert_eq!(pile.begun(), (0..8).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn no_more_is_claimed_than_can_begin_at_once() {
    let (pile, bell, shutdown) = (Pile::default(), watch::Sender::new(()), CancellationToken::new());
    let (open, gate) = watch::channel(false);
    let work = work(&pile, 3, &bell, move |_| {
        let mut gate = gate.clone();
        async move {
            let _ = gate.wait_for(|open| *open).await;
            Ok(())
        }
    });
    let running = tokio::spawn(work.run(shutdown.clone()));
    pile.put(0..10);
    until("three have begun", || pile.begun().len() == 3).await;
    sleep(Duration::from_secs(10)).await;
    assert_eq!((pile.begun().len(), pile.with(|(waiting, _)| waiting.len())), (3, 7));
    open.send_replace(true);
    until("all have begun", || pile.begun().len() == 10).await;
    shutdown.cancel();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_lets_what_runs_finish_and_begins_no_more() {
    let (pile, bell, shutdown) = (Pile::default(), watch::Sender::new(()), CancellationToken::new());
    let ended = Arc::new(Mutex::new(0));
    let work = work(&pile, 2, &bell, {
        let ended = ended.clone();
        move |_| {
            let ended = ended.clone();
            async move {
                sleep(Duration::from_secs(3)).await;
                *ended.lock().unwrap() += 1;
                Ok(())
            }
        }
    });
    let running = tokio::spawn(work.run(shutdown.clone()));
    pile.put(0..10);
    until("two have begun", || pile.begun().len() == 2).await;
    shutdown.cancel();
    running.await.unwrap();
    assert_eq!((pile.begun().len(), *ended.lock().unwrap()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_no_longer_than_it_may() {
    let (pile, bell, shutdown) = (Pile::default(), watch::Sender::new(()), CancellationToken::new());
    let running = tokio::spawn(work(&pile, 2, &bell, |_| std::future::pending()).run(shutdown.clone()));
    pile.put([0]);
    until("it has begun", || pile.begun() == [0]).await;
    let asked = tokio::time::Instant::now();
    shutdown.cancel();
    running.await.unwrap();
    assert!(asked.elapsed() <= DRAIN + Duration::from_secs(1), "{:?}", asked.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_idle_worker_ends_at_once() {
    let (pile, bell, shutdown) = (Pile::default(), watch::Sender::new(()), CancellationToken::new());
    let running = tokio::spawn(work(&pile, 2, &bell, async |_| Ok(())).run(shutdown.clone()));
    sleep(Duration::from_secs(5)).await;
    let asked = tokio::time::Instant::now();
    shutdown.cancel();
    running.await.unwrap();
    assert!(asked.elapsed() < Duration::from_millis(100), "{:?}", asked.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_look_that_fails_panics_or_hangs_is_made_again() {
    let (pile, bell, shutdown) = (Pile::default(), watch::Sender::new(()), CancellationToken::new());
    let looks = Arc::new(Mutex::new(0));
    let mut work = work(&pile, 1, &bell, async |_| Ok(()));
    let (claiming, looked) = (pile.clone(), looks.clone());
    work.claim = Arc::new(move |free| {
        let look = {
            let mut looks = looked.lock().unwrap();
            *looks += 1;
            *looks
        };
        let pile = claiming.clone();
        Box::pin(async move {
            match look {
                1 => Err(Error::internal("no")),
                2 => panic!("worse"),
                3 => std::future::pending().await,
                _ => Ok(pile.take(free)),
            }
        })
    });
    pile.put([7]);
    let running = tokio::spawn(work.run(shutdown.clone()));
    until("it is found", || pile.begun() == [7]).await;
    shutdown.cancel();
    running.await.unwrap();
    assert!(*looks.lock().unwrap() >= 4);
}

#[tokio::test(start_paused = true)]
async fn a_ring_is_heard_at_once() {
    let (pile, bell, shutdown) = (Pile::default(), watch::Sender::new(()), CancellationToken::new());
    let running = tokio::spawn(work(&pile, 1, &bell, async |_| Ok(())).run(shutdown.clone()));
    let mut waits = BTreeMap::new();
    for piece in 0..20 {
        sleep(Duration::from_millis(100)).await;
        let put = tokio::time::Instant::now();
        pile.put([piece]);
        bell.send_replace(());
        until("it has begun", || pile.begun().contains(&piece)).await;
        waits.insert(put.elapsed(), piece);
    }
    shutdown.cancel();
    running.await.unwrap();
    // Well before the next look that needs no ring.
    assert!(waits.keys().all(|wait| *wait < EVERY / 4), "{waits:?}");
}
