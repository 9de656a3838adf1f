//! The hash chain (R16): altering the record behind Muster's back leaves a mark exactly where it was done.

use chrono::Duration;
use domain::Ctx;
use domain::chain::Verdict;
use domain::incident::{Declare, declare};
use domain::timeline::chain;
use domain::timeline::verify;
use domain::timeline::{AddEvent, Amend, add, amend, star};
use entity::{EventId, IncidentId, IncidentStatus, PersonId, Severity, Source, TimelineKind, Visibility, incident, timeline_event};
use harness::{TestApp, both_dbs};
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use timeline_event::Column;

both_dbs![
    an_untouched_chain_is_intact,
    every_altered_column_breaks_the_chain_at_its_event,
    a_star_is_not_part_of_the_record,
    a_removed_event_shows_where_it_was,
    an_inserted_event_shows,
    a_chain_of_many_batches_is_walked_to_its_end,
];

/// An incident with eight events, the sixth of which corrects the third.
async fn story(ctx: &Ctx) -> incident::Model {
    let input = Declare {
        incident_id: None,
        name: Some("example.org errors".into()),
        description: Some("500s since midnight".into()),
        severity: Severity::Major,
        lead_id: ctx.actor.person_id(),
        site_ids: Vec::new(),
        affected_client_ids: Vec::new(),
        flags: None,
        visibility: Visibility::Open,
        impact_started_at: None,
    };
    let id = declare(ctx, input, None).await.unwrap().id;
    let third = note(ctx, id, "the disk is full").await;
    note(ctx, id, "logs removed").await;
    note(ctx, id, "still full").await;
    let correction = Amend { event_id: third.id, text: Some("the inodes are used up".into()), occurred_at: None, reason: None };
    amend(ctx, correction).await.unwrap();
    note(ctx, id, "sessions removed").await;
    note(ctx, id, "it works").await;
    fresh(ctx, id).await
}

async fn note(ctx: &Ctx, incident: IncidentId, text: &str) -> timeline_event::Model {
    let details = Some(serde_json::json!({ "host": "web1" }));
    let input = AddEvent { details, ..AddEvent::new(incident, TimelineKind::Note, text) };
    add(ctx, input, None).await.unwrap().0
}

async fn fresh(ctx: &Ctx, id: IncidentId) -> incident::Model {
    incident::Entity::find_by_id(id).one(ctx.db.read()).await.unwrap().unwrap()
}

async fn verdict(ctx: &Ctx, id: IncidentId) -> Verdict {
    verify::verify(ctx, &fresh(ctx, id).await).await.unwrap().verdict
}

/// Sets a column of one event, as someone with access to the database would.
async fn tamper(ctx: &Ctx, incident: IncidentId, sequence: i32, column: Column, value: SimpleExpr) {
    let event = Column::IncidentId.eq(incident).and(Column::Sequence.eq(sequence));
    let update = timeline_event::Entity::update_many().col_expr(column, value).filter(event);
    assert_eq!(update.exec(ctx.db.write()).await.unwrap().rows_affected, 1);
}

async fn remove(ctx: &Ctx, incident: IncidentId, sequence: i32) {
    let event = Column::IncidentId.eq(incident).and(Column::Sequence.eq(sequence));
    assert_eq!(timeline_event::Entity::delete_many().filter(event).exec(ctx.db.write()).await.unwrap().rows_affected, 1);
}

async fn sam(app: &TestApp) -> Ctx {
    app.ctx(&app.responder("Sam").await).await
}

async fn an_untouched_chain_is_intact(app: &TestApp) {
    let ctx = sam(app).await;
    let incident = story(&ctx).await;
    assert_eq!(incident.last_sequence, 8);
    assert_eq!(verdict(&ctx, incident.id).await, Verdict::Whole(8));
}

async fn every_altered_column_breaks_the_chain_at_its_event(app: &TestApp) {
    let ctx = sam(app).await;
    let other_person = app.responder("Kim").await.person_id();
    let other_incident = story(&ctx).await;
    let other_event = EventId(ctx.ids.uuid(ctx.now()));
    let later = ctx.now() + Duration::microseconds(1);
    let nobody: Option<PersonId> = None;
    let alterations: [(Column, SimpleExpr); 12] = [
        (Column::Id, Expr::val(other_event)),
        (Column::IncidentId, Expr::val(other_incident.id)),
        (Column::Sequence, Expr::val(900)),
        (Column::Kind, Expr::val(TimelineKind::Command)),
        (Column::OccurredAt, Expr::val(later)),
        (Column::RecordedAt, Expr::val(later)),
        (Column::ActorId, Expr::val(other_person)),
        (Column::ActorId, Expr::val(nobody)),
        (Column::Source, Expr::val(Source::Slack)),
        (Column::Text, Expr::val("all was well")),
        (Column::Details, Expr::val(r#"{"host":"web2"}"#)),
        (Column::Hash, Expr::val(vec![0_u8; 32])),
    ];
    for (column, value) in alterations {
        let incident = story(&ctx).await.id;
        if matches!(column, Column::IncidentId) {
            // The number must be free in the other incident.
            remove(&ctx, other_incident.id, 4).await;
        }
        tamper(&ctx, incident, 4, column, value).await;
        assert_eq!(verdict(&ctx, incident).await, Verdict::Broken(4), "{column:?}");
    }
    // Which event a correction belongs to is part of the record as well.
    let incident = story(&ctx).await.id;
    tamper(&ctx, incident, 6, Column::AmendsId, Expr::val(None::<EventId>)).await;
    assert_eq!(verdict(&ctx, incident).await, Verdict::Broken(6));
}

async fn a_star_is_not_part_of_the_record(app: &TestApp) {
    let ctx = sam(app).await;
    let incident = story(&ctx).await.id;
    let event = note(&ctx, incident, "the cause").await;
    star(&ctx, event.id, true).await.unwrap();
    assert_eq!(verdict(&ctx, incident).await, Verdict::Whole(9));
}

async fn a_removed_event_shows_where_it_was(app: &TestApp) {
    let ctx = sam(app).await;
    let middle = story(&ctx).await.id;
    remove(&ctx, middle, 5).await;
    assert_eq!(verdict(&ctx, middle).await, Verdict::Broken(5));

    let closed_up = story(&ctx).await.id;
    remove(&ctx, closed_up, 5).await;
    for sequence in 6..=8 {
        tamper(&ctx, closed_up, sequence, Column::Sequence, Expr::val(sequence - 1)).await;
    }
    assert_eq!(verdict(&ctx, closed_up).await, Verdict::Broken(5));

    let end = story(&ctx).await.id;
    remove(&ctx, end, 8).await;
    assert_eq!(verdict(&ctx, end).await, Verdict::Broken(8));

    // The incident still knows the hash of the newest event, though its number was set back too.
    incident::Entity::update_many()
        .col_expr(incident::Column::LastSequence, Expr::val(7))
        .filter(incident::Column::Id.eq(end))
        .exec(ctx.db.write())
        .await
        .unwrap();
    assert_eq!(verdict(&ctx, end).await, Verdict::Broken(7));
}

async fn an_inserted_event_shows(app: &TestApp) {
    let ctx = sam(app).await;
    let incident = story(&ctx).await;
    let last = timeline_event::Entity::find()
        .filter(Column::IncidentId.eq(incident.id).and(Column::Sequence.eq(8)))
        .one(ctx.db.read())
        .await
        .unwrap()
        .unwrap();
    let mut forged = timeline_event::Model { id: EventId(ctx.ids.uuid(ctx.now())), sequence: 9, text: "we told the client".into(), ..last };
    forged.hash = chain::hash(&incident.last_hash, &forged);
    timeline_event::Entity::insert(forged.into_active_model()).exec_without_returning(ctx.db.write()).await.unwrap();
    assert_eq!(verdict(&ctx, incident.id).await, Verdict::Broken(9));
}

async fn a_chain_of_many_batches_is_walked_to_its_end(app: &TestApp) {
    let ctx = sam(app).await;
    let id = crate::fixture::long_timeline(&ctx, 2_500).await;
    let incident = fresh(&ctx, id).await;
    assert_eq!(incident.status, IncidentStatus::Investigating);
    assert_eq!(verdict(&ctx, id).await, Verdict::Whole(2_500));
    tamper(&ctx, id, 2_001, Column::Text, Expr::val("?")).await;
    assert_eq!(verdict(&ctx, id).await, Verdict::Broken(2_001));
}
