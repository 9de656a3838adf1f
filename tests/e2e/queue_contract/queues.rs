//! Several queues side by side: one writing connection on SQLite, one pool on PostgreSQL.

use std::time::Duration;

use harness::Engine;
use tokio_util::sync::CancellationToken;
use worker::queue::{Job, Queue, Tuning};

use super::*;

const MAIL: &str = "muster-email";

/// The main queue and one of a system, in one process.
async fn two(db: &Db) -> (Queue, Queue) {
    let (main, conn) = ready(db).await;
    (main, Queue::named(&conn, MAIL).unwrap())
}

/// A handler whose jobs do not end before `release`.
fn waiting(log: &Log, release: &CancellationToken) -> impl Fn(Job) -> tokio::task::JoinHandle<()> + Send + Sync + 'static {
    let (log, release) = (log.clone(), release.clone());
    move |job| {
        let (log, release) = (log.clone(), release.clone());
        tokio::spawn(async move {
            log.add(job.subject().unwrap_or_default());
            release.cancelled().await;
        })
    }
}

both_databases! {
    async fn a_job_on_one_queue_is_not_taken_by_another(db: Db) {
        let (main, mail) = two(&db).await;
        let job = Job::Deliver(new_id()).keyed("the same key");
        assert_eq!(main.push(std::slice::from_ref(&job)).await.unwrap(), 1);
        assert_eq!(mail.push(std::slice::from_ref(&job)).await.unwrap(), 1, "keys are a queue's own");
        assert_eq!(mail.push(&[job]).await.unwrap(), 0);
        let (of_main, of_mail) = (Log::default(), Log::default());
        let first = start(&main, &of_main, tuning());
        until("the job of the main queue is done", async || main.depth().await.unwrap().done == 1).await;
        main.push(&[verify(new_id())]).await.unwrap();
        until("so is the next", async || main.depth().await.unwrap().done == 2).await;
        assert_eq!((of_main.total(), mail.depth().await.unwrap().waiting), (2, 1));
        let second = start(&mail, &of_mail, tuning());
        until("the other job is done", async || mail.depth().await.unwrap().done == 1).await;
        first.stop().await;
        second.stop().await;
        assert_eq!((of_main.total(), of_mail.total()), (2, 1));
        assert_eq!(main.purge(Duration::ZERO).await.unwrap(), 3, "one call tidies all queues");
    }

    async fn a_queue_whose_slots_are_all_busy_holds_up_no_other(db: Db) {
        let (main, mail) = two(&db).await;
        metrics();
        let (of_main, of_mail, release) = (Log::default(), Log::default(), CancellationToken::new());
        let hanging = waiting(&of_mail, &release);
        let tuning = Tuning { orphan_after: Duration::from_secs(8), stall_after: Duration::from_secs(2), ..tuning() };
        let few = Tuning { concurrency: 2, batch: 2, ..tuning.clone() };
        let stuck = start_with(&mail, hanging, few);
        mail.push(&(0..10).map(|_| Job::Deliver(new_id()).keyed(new_id())).collect::<Vec<_>>()).await.unwrap();
        until("all slots are busy", async || of_mail.total() == 2).await;
        let brisk = start(&main, &of_main, tuning.clone());
        for n in 1..=20 {
            main.push(&[verify(new_id())]).await.unwrap();
            until("the main queue goes on", async || of_main.total() == n).await;
        }
        let (began, time) = (Instant::now(), tuning.orphan_after + tuning.heartbeat * 2);
        until("the busy worker had time to pass for stalled or dead", async || began.elapsed() > time).await;
        assert_eq!(of_mail.total(), 2, "no slot was freed, no job given to another");
        assert!(!metrics().render().contains("muster_queue_restarts_total{queue=\"muster-email\",reason=\"stalled\"}"));
        release.cancel();
        until("the busy queue goes on", async || mail.depth().await.unwrap().done == 10).await;
        stuck.stop().await;
        brisk.stop().await;
        assert_eq!((of_main.total(), of_mail.total()), (20, 10));
    }

    async fn jobs_of_a_dead_worker_come_back_to_their_own_queue(db: Db) {
        let (main, mail) = two(&db).await;
        let (of_main, of_mail) = (Log::default(), Log::default());
        let doomed = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (url, seen) = (db.url().to_owned(), of_mail.clone());
        doomed.spawn(async move {
            let own = Queue::named(&support::connect(&url).await, MAIL).unwrap();
            let hanging = waiting(&seen, &CancellationToken::new());
            own.run(hanging, impatient(), CancellationToken::new()).await
        });
        let id = new_id();
        mail.push(&[Job::Deliver(id).keyed("mail")]).await.unwrap();
        until("it started", async || of_mail.total() == 1).await;
        doomed.shutdown_background();
        // A worker of another queue lives on: it must neither take the job nor keep it from coming back.
        let other = start(&main, &of_main, impatient());
        let (killed, time) = (Instant::now(), impatient().orphan_after + impatient().heartbeat * 2);
        until("the dead worker is long silent", async || killed.elapsed() > time).await;
        assert_eq!((of_main.total(), of_mail.count(id)), (0, 1));
        let heir = start(&mail, &of_mail, impatient());
        until("its own queue did it again", async || mail.depth().await.unwrap().done == 1).await;
        heir.stop().await;
        other.stop().await;
        assert_eq!((of_main.total(), of_mail.count(id)), (0, 2));
    }
}
