//! What happens to jobs when something fails, dies, stalls or stops.

use std::time::{Duration, Instant};

use harness::Engine;
use sea_orm::ConnectionTrait;
use tokio_util::sync::CancellationToken;
use worker::queue::{Job, Queue, QueueError, Tuning};

use super::*;

both_databases! {
    async fn failures_and_panics_are_final_and_stop_nothing(db: Db) {
        let (queue, _) = ready(&db).await;
        let (bad, worse, slow, good) = (new_id(), new_id(), new_id(), new_id());
        let log = Log::default();
        let seen = log.clone();
        let handler = move |job: Job| {
            let seen = seen.clone();
            async move {
                seen.add(job.subject().unwrap_or_default());
                match job.subject().unwrap_or_default() {
                    id if id == bad => Err("no"),
                    id if id == worse => panic!("worse"),
                    id if id == slow => std::future::pending().await,
                    _ => Ok(()),
                }
            }
        };
        // Long enough for a job that only has to wait for its turn on a busy machine.
        let tuning = Tuning { job_timeout: Duration::from_secs(3), ..tuning() };
        metrics();
        let worker = start_with(&queue, handler, tuning);
        queue.push(&[bad, worse, slow].map(verify)).await.unwrap();
        until("three failed", async || queue.depth().await.unwrap().failed == 3).await;
        queue.push(&[verify(good)]).await.unwrap();
        until("one is done", async || queue.depth().await.unwrap().done == 1).await;
        worker.stop().await;
        assert_eq!([bad, worse, slow, good].map(|id| log.count(id)), [1; 4]);
        let metrics = metrics().render();
        for outcome in ["done", "failed", "panicked", "timed_out"] {
            assert!(metrics.contains(&format!("muster_queue_jobs_total{{queue=\"muster\",kind=\"verify_chain\",outcome=\"{outcome}\"}}")), "{metrics}");
        }
    }

    async fn an_unreadable_job_is_given_up_and_stops_nothing(db: Db) {
        let (queue, conn) = ready(&db).await;
        let good = new_id();
        queue.push(&[verify(new_id())]).await.unwrap();
        let sql = match db.engine() {
            Engine::Sqlite => r#"UPDATE Jobs SET job = CAST('{"kind":"from_the_future"}' AS BLOB)"#,
            Engine::Postgres => r#"UPDATE apalis.jobs SET job = convert_to('{"kind":"from_the_future"}', 'UTF8')"#,
        };
        conn.execute_unprepared(sql).await.unwrap();
        queue.push(&[verify(good)]).await.unwrap();
        let log = Log::default();
        let worker = start(&queue, &log, tuning());
        until("one done, one failed", async || {
            let depth = queue.depth().await.unwrap();
            (depth.done, depth.failed) == (1, 1)
        }).await;
        worker.stop().await;
        assert_eq!((log.total(), log.count(good)), (1, 1));
    }

    async fn a_job_in_flight_when_its_process_is_killed_runs_again(db: Db) {
        let (queue, _) = ready(&db).await;
        let subjects: Vec<_> = (0..5).map(|_| new_id()).collect();
        let log = Log::default();
        // A runtime of its own, thrown away with everything on it, is as close to `kill -9` as one process gets.
        let doomed = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let seen = log.clone();
        let url = db.url().to_owned();
        doomed.spawn(async move {
            let own = Queue::new(&support::connect(&url).await).unwrap();
            let handler = move |job: Job| {
                let seen = seen.clone();
                async move {
                    seen.add(job.subject().unwrap_or_default());
                    std::future::pending::<Result<(), String>>().await
                }
            };
            own.run(handler, impatient(), CancellationToken::new()).await
        });
        queue.push(&subjects.iter().copied().map(verify).collect::<Vec<_>>()).await.unwrap();
        until("all started", async || log.total() == 5).await;
        doomed.shutdown_background();
        let killed = Instant::now();
        let worker = start(&queue, &log, impatient());
        until("all ran again", async || subjects.iter().all(|id| log.count(*id) == 2)).await;
        // With room for a busy machine: a default worker would take forty seconds.
        let limit = impatient().orphan_after + impatient().heartbeat + Duration::from_secs(12);
        assert!(killed.elapsed() < limit, "{:?}", killed.elapsed());
        until("all are done", async || queue.depth().await.unwrap().done == 5).await;
        worker.stop().await;
        assert_eq!(log.total(), 10);
    }

    async fn a_job_that_kills_its_worker_each_time_is_given_up(db: Db) {
        let (queue, conn) = ready(&db).await;
        queue.push(&[verify(new_id())]).await.unwrap();
        let table = match db.engine() { Engine::Sqlite => "Jobs", Engine::Postgres => "apalis.jobs" };
        // What apalis writes each time it takes a job from a dead worker.
        conn.execute_unprepared(&format!("UPDATE {table} SET attempts = attempts + {}", tuning().max_starts)).await.unwrap();
        let log = Log::default();
        let worker = start(&queue, &log, tuning());
        until("it failed", async || queue.depth().await.unwrap().failed == 1).await;
        worker.stop().await;
        assert_eq!(log.total(), 0);
    }

    async fn a_long_job_is_not_taken_from_a_living_worker(db: Db) {
        let (queue, _) = ready(&db).await;
        let log = Log::default();
        let release = CancellationToken::new();
        let (seen, go) = (log.clone(), release.clone());
        let handler = move |job: Job| {
            let (seen, go) = (seen.clone(), go.clone());
            async move {
                seen.add(job.subject().unwrap_or_default());
                go.cancelled().await;
                Ok::<_, String>(())
            }
        };
        // One slot and a batch of four: apalis sits on three jobs it cannot start, and sends no heartbeat meanwhile.
        let tuning = Tuning { orphan_after: Duration::from_secs(8), ..tuning() };
        let busy = start_with(&queue, handler, Tuning { concurrency: 1, batch: 4, ..tuning.clone() });
        queue.push(&(0..4).map(|_| verify(new_id())).collect::<Vec<_>>()).await.unwrap();
        until("the first started", async || log.total() == 1).await;
        let other = Log::default();
        let idle = start(&open(&db).await, &other, tuning.clone());
        let watched = Instant::now();
        until("the busy one would pass for dead", async || watched.elapsed() > tuning.orphan_after + tuning.heartbeat * 2).await;
        assert_eq!((log.total(), other.total()), (1, 0));
        release.cancel();
        until("all are done", async || queue.depth().await.unwrap().done == 4).await;
        busy.stop().await;
        idle.stop().await;
        assert_eq!(log.total() + other.total(), 4);
    }

    async fn stopping_lets_running_jobs_finish_and_starts_no_more(db: Db) {
        let (queue, _) = ready(&db).await;
        let log = Log::default();
        let release = CancellationToken::new();
        let (seen, go) = (log.clone(), release.clone());
        let handler = move |job: Job| {
            let (seen, go) = (seen.clone(), go.clone());
            async move {
                seen.add(job.subject().unwrap_or_default());
                go.cancelled().await;
                Ok::<_, String>(())
            }
        };
        let worker = start_with(&queue, handler, Tuning { concurrency: 2, batch: 4, ..tuning() });
        const MANY: u64 = 2_000;
        queue.push(&(0..MANY).map(|_| verify(new_id())).collect::<Vec<_>>()).await.unwrap();
        until("two run", async || log.total() == 2).await;
        worker.shutdown.cancel();
        release.cancel();
        worker.stop().await;
        let (depth, started) = (queue.depth().await.unwrap(), log.total() as u64);
        assert_eq!((depth.done, depth.running, depth.waiting), (started, 0, MANY - started));
        assert!(started < MANY, "it kept taking jobs");
    }

    // apalis writes results between its polls for jobs and, once asked to stop, not at all while it holds jobs that did not start.
    async fn what_ended_as_the_worker_stopped_does_not_run_again(db: Db) {
        let (queue, _) = ready(&db).await;
        let (log, release) = (Log::default(), CancellationToken::new());
        let (seen, go) = (log.clone(), release.clone());
        let handler = move |job: Job| {
            let (seen, go) = (seen.clone(), go.clone());
            async move {
                seen.add(job.subject().unwrap_or_default());
                go.cancelled().await;
                if job.subject().is_some_and(|id| id.as_u128() % 2 == 0) { Ok(()) } else { Err("no") }
            }
        };
        let slots = Tuning { concurrency: 8, batch: 32, ..tuning() };
        let worker = start_with(&queue, handler, slots);
        queue.push(&(0..100).map(|_| verify(new_id())).collect::<Vec<_>>()).await.unwrap();
        until("all slots are busy", async || log.total() == 8).await;
        worker.shutdown.cancel();
        // Meanwhile the worker is asked to stop, and starts no more.
        assert_eq!(queue.depth().await.unwrap().done, 0);
        release.cancel();
        worker.stop().await;
        let (depth, started) = (queue.depth().await.unwrap(), log.total() as u64);
        assert_eq!((depth.done + depth.failed, depth.running, depth.waiting), (started, 0, 100 - started));
    }

    // A look for jobs that is dropped before BEGIN was answered leaves its connection within a transaction that nobody commits.
    async fn what_is_written_after_a_worker_stopped_is_seen_by_all(db: Db) {
        let (queue, _) = ready(&db).await;
        let other = open(&db).await;
        let restless = Tuning { idle_poll: Duration::from_millis(1), ..tuning() };
        let mut pushed = 0;
        for _ in 0..30 {
            let log = Log::default();
            let worker = start(&queue, &log, restless.clone());
            queue.push(&[verify(new_id())]).await.unwrap();
            until("the worker works", async || log.total() > 0).await;
            worker.stop().await;
            // As many as there are connections, so that each is used.
            for _ in 0..support::CONNECTIONS {
                queue.push(&[verify(new_id())]).await.unwrap();
            }
            pushed += 1 + u64::from(support::CONNECTIONS);
            let depth = other.depth().await.unwrap();
            assert_eq!(depth.waiting + depth.done, pushed, "{depth:?}");
        }
    }

    async fn stopping_gives_back_what_does_not_finish_in_time(db: Db) {
        let (queue, _) = ready(&db).await;
        let log = Log::default();
        let seen = log.clone();
        let handler = move |job: Job| {
            let seen = seen.clone();
            async move {
                seen.add(job.subject().unwrap_or_default());
                std::future::pending::<Result<(), String>>().await
            }
        };
        let worker = start_with(&queue, handler, Tuning { drain: Duration::from_millis(200), ..tuning() });
        queue.push(&[verify(new_id())]).await.unwrap();
        until("it runs", async || log.total() == 1).await;
        worker.stop().await;
        assert_eq!(queue.depth().await.unwrap().waiting, 1);
        let worker = start(&queue, &log, tuning());
        until("it ran again, at once", async || log.total() == 2).await;
        worker.stop().await;
    }

    async fn stopping_before_the_worker_began_returns_at_once(db: Db) {
        let (queue, _) = ready(&db).await;
        let shutdown = CancellationToken::new();
        shutdown.cancel();
        let done = queue.run(async |_| Ok::<_, String>(()), tuning(), shutdown);
        // It must not wait for the drain, which takes twice as long.
        tokio::time::timeout(tuning().drain / 2, done).await.unwrap().unwrap();
    }

    async fn a_stalled_worker_is_replaced(db: Db) {
        let (queue, conn) = ready(&db).await;
        metrics();
        let workers = match db.engine() {
            Engine::Sqlite => "SELECT id FROM Workers",
            Engine::Postgres => "SELECT id FROM apalis.workers",
        };
        let asleep = Duration::from_secs(600);
        let tuning = Tuning {
            idle_poll: asleep, heartbeat: asleep, orphan_after: asleep * 2, stall_after: Duration::from_secs(2), ..tuning()
        };
        // It polls once, when it starts, and not again: we ring a different bell.
        let log = Log::default();
        let worker = start(&open(&db).await, &log, tuning);
        until("the worker is there", async || texts(&conn, workers, "id").await.len() == 1).await;
        let first = texts(&conn, workers, "id").await;
        let looked = Instant::now();
        until("it has looked", async || looked.elapsed() > Duration::from_secs(2)).await;
        queue.push(&[verify(new_id())]).await.unwrap();
        until("the job is done", async || queue.depth().await.unwrap().done == 1).await;
        let by = match db.engine() { Engine::Sqlite => "SELECT lock_by FROM Jobs", Engine::Postgres => "SELECT lock_by FROM apalis.jobs" };
        assert_ne!(texts(&conn, by, "lock_by").await, first, "another worker did it");
        assert_eq!(log.total(), 1);
        assert!(metrics().render().contains("muster_queue_restarts_total{queue=\"muster\",reason=\"stalled\"}"));
        worker.stop().await;
    }

    async fn a_queue_whose_database_fails_recovers(db: Db) {
        let (queue, conn) = ready(&db).await;
        metrics();
        let log = Log::default();
        let worker = start(&queue, &log, tuning());
        queue.push(&[verify(new_id())]).await.unwrap();
        until("the first ran", async || queue.depth().await.unwrap().done == 1).await;
        let (away, back) = match db.engine() {
            Engine::Sqlite => ("ALTER TABLE Jobs RENAME TO Away", "ALTER TABLE Away RENAME TO Jobs"),
            Engine::Postgres => ("ALTER SCHEMA apalis RENAME TO away", "ALTER SCHEMA away RENAME TO apalis"),
        };
        conn.execute_unprepared(away).await.unwrap();
        queue.ring();
        until("the worker died", async || metrics().render().contains("muster_queue_restarts_total{queue=\"muster\",reason=\"died\"}")).await;
        conn.execute_unprepared(back).await.unwrap();
        queue.push(&[verify(new_id())]).await.unwrap();
        until("the second ran", async || log.total() == 2).await;
        worker.stop().await;
    }

    async fn two_workers_share_the_jobs_without_running_any_twice(db: Db) {
        let (queue, _) = ready(&db).await;
        let log = Log::default();
        let workers = [start(&open(&db).await, &log, tuning()), start(&open(&db).await, &log, tuning())];
        let jobs: Vec<_> = (0..600).map(|_| verify(new_id())).collect();
        for portion in jobs.chunks(50) {
            queue.push(portion).await.unwrap();
        }
        until("all are done", async || queue.depth().await.unwrap().done == 600).await;
        for worker in workers {
            worker.stop().await;
        }
        assert_eq!(log.total(), 600);
        assert!(jobs.iter().all(|keyed| log.count(keyed.job.subject().unwrap_or_default()) == 1));
    }

    async fn purge_deletes_finished_jobs_by_age_and_frees_their_keys(db: Db) {
        let (queue, conn) = ready(&db).await;
        let log = Log::default();
        let worker = start(&queue, &log, tuning());
        let job = verify(new_id());
        queue.push(std::slice::from_ref(&job)).await.unwrap();
        until("it is done", async || queue.depth().await.unwrap().done == 1).await;
        worker.stop().await;
        queue.push(&[verify(new_id())]).await.unwrap();
        assert_eq!(queue.purge(Duration::from_secs(3600)).await.unwrap(), 0, "too young");
        assert_eq!(queue.purge(Duration::ZERO).await.unwrap(), 1);
        let depth = queue.depth().await.unwrap();
        assert_eq!((depth.done, depth.waiting), (0, 1), "what waits stays");
        assert!(depth.oldest_waiting.is_some());
        assert_eq!(queue.push(&[job]).await.unwrap(), 1, "the key is free again");
        let (old, workers) = match db.engine() {
            Engine::Sqlite => ("UPDATE Workers SET last_seen = 0", "SELECT id FROM Workers"),
            Engine::Postgres => ("UPDATE apalis.workers SET last_seen = to_timestamp(0)", "SELECT id FROM apalis.workers"),
        };
        assert_eq!(texts(&conn, workers, "id").await.len(), 1);
        // Level-triggered: a heartbeat that was under way when its worker stopped may still land.
        until("the silent worker is forgotten", async || {
            conn.execute_unprepared(old).await.unwrap();
            queue.purge(Duration::ZERO).await.unwrap();
            texts(&conn, workers, "id").await.is_empty()
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_extension_is_named_in_the_error() {
    let db = Db::new(Engine::Postgres).await;
    let admin = db.open().await;
    admin.execute_unprepared("CREATE ROLE plain LOGIN").await.ok();
    let plain = sea_orm::Database::connect(db.url().replace("user=muster", "user=plain")).await.unwrap();
    let error = Queue::new(&plain).unwrap().migrate().await.unwrap_err();
    assert!(matches!(error, QueueError::Hstore(_)), "{error}");
    assert!(error.to_string().contains("CREATE EXTENSION hstore"));
    // Nothing is left locked: with the extension there, the next try gets further.
    admin.execute_unprepared("CREATE EXTENSION hstore").await.unwrap();
    Queue::new(&admin).unwrap().migrate().await.unwrap();
}

#[tokio::test]
async fn contradicting_settings_are_refused() {
    let db = Db::new(Engine::Sqlite).await;
    let queue = open(&db).await;
    for wrong in [
        Tuning { concurrency: 0, ..tuning() },
        Tuning { concurrency: 9, batch: 4, ..tuning() },
        Tuning { heartbeat: Duration::from_millis(1500), ..tuning() },
        Tuning { orphan_after: tuning().heartbeat, ..tuning() },
        Tuning { idle_poll: Duration::ZERO, ..tuning() },
    ] {
        let outcome = queue.run(async |_| Ok::<_, String>(()), wrong, CancellationToken::new()).await;
        assert!(matches!(outcome, Err(QueueError::Tuning(_))));
    }
}
