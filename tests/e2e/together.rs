//! Events of different incidents that share a commit on SQLite: each is written or not by itself, whatever becomes of the others.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use domain::Ctx;
use domain::authz::Actor;
use domain::chain::Verdict;
use domain::db::Db;
use domain::error::Error;
use domain::timeline::{AddEvent, Recorded, add, verify};
use entity::{AccessLevel, Grants, IncidentId, PersonId, Source, TimelineKind};
use futures_util::future::join_all;
use harness::drive::{id, is_gap_free, sequences};
use harness::{Engine, run, within};
use uuid::Uuid;

const WRITERS: usize = 16;
/// The writer whose event the database refuses.
const REFUSED: usize = 5;
/// The writer who goes away.
const GONE: usize = 9;
const WAIT: Duration = Duration::from_secs(20);

type Writing = Pin<Box<dyn Future<Output = Result<Recorded, Error>>>>;

fn note(ctx: Ctx, incident: IncidentId) -> Writing {
    let input = AddEvent::new(incident, TimelineKind::Note, "all at once");
    Box::pin(async move { add(&ctx, input, None).await })
}

/// R16: nothing that was acknowledged is lost, and nothing else is there.
#[test]
fn of_sixteen_who_write_together_one_is_refused_and_one_goes_away() {
    run(Engine::Sqlite, async |app| {
        let sam = app.responder("Sam").await;
        let mut incidents = Vec::new();
        for number in 0..WRITERS {
            incidents.push(IncidentId::parse(id(&sam.declare(&format!("errors {number}")).await)).unwrap());
        }
        let known = app.ctx(&sam).await;
        let stranger =
            Actor::Person { id: PersonId(Uuid::from_u128(1)), access: AccessLevel::Responder, grants: Grants::default(), token: None };
        let unknown = app.domain.ctx(stranger, Source::Api);
        app.allow_error_log("FOREIGN KEY");
        // All come while somebody else writes.
        let other = app.domain.db.begin().await.unwrap();
        let by = |number: usize| if number == REFUSED { unknown.clone() } else { known.clone() };
        let mut all: Vec<Option<Writing>> = (0..WRITERS).map(|number| Some(note(by(number), incidents[number]))).collect();
        for writing in all.iter_mut().flatten() {
            let early = poll_fn(|context| Poll::Ready(writing.as_mut().poll(context).is_ready())).await;
            assert!(!early, "nobody is told before it is written");
        }
        all[GONE] = None;
        drop(other);
        for (number, writing) in all.into_iter().enumerate() {
            let Some(writing) = writing else { continue };
            let written = within("an event is written or refused", WAIT, writing).await;
            assert_eq!(written.is_ok(), number != REFUSED, "{number}: {:?}", written.err());
        }
        for (number, incident) in incidents.iter().enumerate() {
            let events = sam.timeline(&incident.to_string()).await;
            let expected = if [REFUSED, GONE].contains(&number) { 1 } else { 2 };
            assert_eq!(events.len(), expected, "{number}");
            assert!(is_gap_free(&sequences(&events)), "{number}");
            let row = domain::incident::find(&app.system(), *incident).await.unwrap();
            let verified = verify::verify(&app.system(), &row).await.unwrap();
            assert_eq!(verified.verdict, Verdict::Whole(i32::try_from(expected).unwrap()), "{number}");
        }
        // Nobody is left with the turn.
        for incident in &incidents {
            sam.note(&incident.to_string(), "afterwards").await;
        }
    });
}

/// Another program that holds the database is no race to be run again and again: whoever writes hears of it once that took too long.
#[test]
fn a_database_that_another_program_holds_is_said_to_each_who_writes() {
    run(Engine::Sqlite, async |app| {
        let sam = app.responder("Sam").await;
        let mut incidents = Vec::new();
        for number in 0..3 {
            incidents.push(IncidentId::parse(id(&sam.declare(&format!("errors {number}")).await)).unwrap());
        }
        let ctx = app.ctx(&sam).await;
        app.allow_error_log("database is locked");
        let other = Db::connect(app.database_url(), 1).await.unwrap();
        let held = other.begin().await.unwrap();
        let all = join_all(incidents.iter().map(|incident| note(ctx.clone(), *incident)));
        let written = within("those who write hear of it", WAIT, all).await;
        assert!(written.iter().all(Result::is_err), "written although another program holds the database");
        held.rollback().await.unwrap();
        for incident in &incidents {
            sam.note(&incident.to_string(), "afterwards").await;
            assert_eq!(sequences(&sam.timeline(&incident.to_string()).await), [1, 2]);
        }
    });
}
