//! Putting jobs on the queue and having them done.

#![expect(clippy::disallowed_methods, reason = "the caller's own transaction is what is tested")]

use std::time::{Duration, Instant};

use harness::Engine;
use sea_orm::{ConnectionTrait, TransactionTrait};
use worker::queue::{Job, Queue, Tuning};

use super::*;

both_databases! {
    async fn migrate_may_be_repeated_and_raced(db: Db) {
        let queues = [open(&db).await, open(&db).await, open(&db).await];
        let raced = tokio::join!(queues[0].migrate(), queues[1].migrate(), queues[2].migrate());
        for outcome in [raced.0, raced.1, raced.2, queues[0].migrate().await] {
            outcome.unwrap();
        }
    }

    async fn migrate_leaves_the_connection_as_it_was(db: Db) {
        if db.engine() == Engine::Postgres {
            return;
        }
        let conn = db.open().await;
        let before = pragmas(&conn).await;
        let queue = Queue::new(&conn).unwrap();
        queue.migrate().await.unwrap();
        let log = Log::default();
        let worker = start(&queue, &log, tuning());
        queue.push(&[verify(new_id())]).await.unwrap();
        until("the job ran", async || log.total() == 1).await;
        worker.stop().await;
        assert_eq!(pragmas(&conn).await, before);
        assert_eq!(before, ["wal", "2", "1", "5000"]);
    }

    async fn apalis_takes_only_the_table_names_we_know_of(db: Db) {
        let conn = ready(&db).await.1;
        let (sql, names) = match db.engine() {
            Engine::Sqlite => (
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
                ["Jobs", "Workers", "_sqlx_migrations"].as_slice(),
            ),
            // Nothing outside its own schema.
            Engine::Postgres => ("SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public'", [].as_slice()),
        };
        assert_eq!(texts(&conn, sql, "name").await, names);
    }

    async fn recording_does_not_slow_down_as_finished_jobs_pile_up(db: Db) {
        let (queue, conn) = ready(&db).await;
        let log = Log::default();
        let worker = start(&queue, &log, tuning());
        let batches = async |before: usize| {
            let began = Instant::now();
            queue.push(&(0..640).map(|_| verify(new_id())).collect::<Vec<_>>()).await.unwrap();
            // Counting jobs in the table costs more than recording them.
            until("all ran", async || log.total() == before + 640).await;
            until("all are done", async || queue.depth().await.unwrap().running == 0).await;
            began.elapsed()
        };
        let few = batches(0).await;
        // As if this worker had finished fifty thousand more.
        let sql = match db.engine() {
            Engine::Sqlite => "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) \
                INSERT INTO Jobs (job, id, job_type, status, attempts, max_attempts, run_at, lock_by, done_at) \
                SELECT job, 'old' || i, job_type, status, 1, 1, run_at, lock_by, done_at FROM (SELECT * FROM Jobs LIMIT 1), n",
            Engine::Postgres => "INSERT INTO apalis.jobs (job, id, job_type, status, attempts, max_attempts, run_at, lock_by, done_at) \
                SELECT job, 'old' || i, job_type, status, 1, 1, run_at, lock_by, done_at \
                FROM (SELECT * FROM apalis.jobs LIMIT 1) AS job, generate_series(1, 50000) i",
        };
        conn.execute_unprepared(sql).await.unwrap();
        let many = batches(640).await;
        // Twenty batches; they once took a thousand times as long.
        assert!(many < 20 * few.max(Duration::from_millis(500)), "{few:?}, then {many:?}");
        worker.stop().await;
    }

    async fn a_duplicate_key_runs_once(db: Db) {
        let (queue, _) = ready(&db).await;
        let (one, two) = (new_id(), new_id());
        let (first, again) = (Job::VerifyChain(one).keyed("one:0"), Job::Expire.keyed("one:0"));
        assert_eq!(queue.push(&[first.clone(), again.clone()]).await.unwrap(), 1, "duplicate within a batch");
        assert_eq!(queue.push(&[again, Job::VerifyChain(two).keyed("two:0")]).await.unwrap(), 1, "duplicate while it waits");
        let log = Log::default();
        let worker = start(&queue, &log, tuning());
        until("both ran", async || log.total() == 2).await;
        until("both are done", async || queue.depth().await.unwrap().done == 2).await;
        assert_eq!(queue.push(&[first]).await.unwrap(), 0, "duplicate after it ran");
        worker.stop().await;
        assert_eq!((log.count(one), log.count(two)), (1, 1));
    }

    async fn a_duplicate_key_does_not_break_a_transaction(db: Db) {
        let (queue, conn) = ready(&db).await;
        let jobs = [verify(new_id()), verify(new_id())];
        queue.push(&jobs[..1]).await.unwrap();
        let tx = conn.begin().await.unwrap();
        assert_eq!(queue.push_on(&tx, &jobs).await.unwrap(), 1);
        assert_eq!(queue.push_on(&tx, &jobs).await.unwrap(), 0);
        tx.commit().await.unwrap();
        let tx = conn.begin().await.unwrap();
        assert_eq!(queue.push_on(&tx, &[verify(new_id())]).await.unwrap(), 1);
        tx.rollback().await.unwrap();
        assert_eq!(queue.depth().await.unwrap().waiting, 2);
    }

    async fn a_batch_larger_than_one_statement_is_pushed_whole(db: Db) {
        let (queue, _) = ready(&db).await;
        let jobs: Vec<_> = (0..1_234).map(|_| verify(new_id())).collect();
        assert_eq!(queue.push(&jobs).await.unwrap(), 1_234);
        assert_eq!(queue.push(&[]).await.unwrap(), 0);
        assert_eq!(queue.depth().await.unwrap().waiting, 1_234);
    }

    async fn a_job_pushed_before_any_worker_runs_after_start(db: Db) {
        let subject = new_id();
        ready(&db).await.0.push(&[verify(subject)]).await.unwrap();
        let log = Log::default();
        let worker = start(&open(&db).await, &log, tuning());
        until("the job ran", async || log.count(subject) == 1).await;
        worker.stop().await;
    }

    async fn a_pushed_job_starts_at_once(db: Db) {
        let (queue, _) = ready(&db).await;
        let log = Log::default();
        // Polls far apart: only the bell can be the reason.
        let worker = start(&queue, &log, Tuning { idle_poll: Duration::from_secs(600), ..tuning() });
        for n in 1..=20 {
            queue.push(&[verify(new_id())]).await.unwrap();
            until("the job ran", async || log.total() == n).await;
        }
        worker.stop().await;
    }

    async fn waiting_jobs_do_not_depend_on_the_names_of_rust_types(db: Db) {
        let (queue, conn) = ready(&db).await;
        let subject = new_id();
        queue.push(&[Job::VerifyChain(subject).keyed("key")]).await.unwrap();
        let (sql, payload) = match db.engine() {
            Engine::Sqlite => ("SELECT job_type FROM Jobs", "SELECT CAST(job AS TEXT) AS job FROM Jobs"),
            Engine::Postgres => ("SELECT job_type FROM apalis.jobs", "SELECT convert_from(job, 'UTF8') AS job FROM apalis.jobs"),
        };
        assert_eq!(texts(&conn, sql, "job_type").await, ["muster"]);
        assert_eq!(texts(&conn, payload, "job").await, [format!(r#"{{"kind":"verify_chain","subject":"{subject}"}}"#)]);
    }
}
