//! People of the workspace whom Muster does not know: they may say that something is wrong, and nothing else.

use entity::chat_arrival::{self, Column, Entity};
use entity::{IncidentStatus, Source, incident};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, Set};

use super::accounts;
use super::answers::Turn;
use super::desk::Filled;
use crate::authz::visible;
use crate::chat::{Command, Misread, parse};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::incident::{self as incidents, Raise, parse_reference, reference};
use crate::ports::{Answer, Field, FieldKind, Form, FormKind};
use crate::{limits, validate};

/// What they find in their home.
pub(super) const WELCOME: &str = "Muster does not know you yet, but you can report what is wrong with its command: whoever is on call is told. The \
    form has a link by which you say who you are, if you have an account in Muster.";

/// Whether they say what is wrong, rather than ask for something.
pub(super) fn is_report(text: &str) -> bool {
    let is_reference = text.split_whitespace().next().is_some_and(|word| word.contains('-') && parse_reference(word).is_ok());
    match parse(text) {
        Ok(Command::Overview | Command::New(_)) => true,
        Ok(_) | Err(Misread::Incomplete(_)) => false,
        Err(Misread::Unknown { .. }) => !is_reference,
    }
}

/// The form in which they report it, which also invites them to say who they are.
pub(super) async fn form(turn: &Turn<'_>, text: &str) -> Result<Answer> {
    let link = accounts::invite(turn.ctx, turn.by).await?;
    let form = Form {
        kind: FormKind::Declare,
        title: "Something is wrong".to_owned(),
        notes: vec![
            "Muster does not know you yet, but you can report what is wrong: whoever is on call is told.".to_owned(),
            format!("If you have an account in Muster, sign in and say that this is you: {link}"),
        ],
        fields: vec![
            Field::new("name", "What is wrong, in a few words?", FieldKind::Text).required().initially(named(text)),
            Field::new("description", "What happens?", FieldKind::Lines),
        ],
        incident: None,
        version: None,
    };
    Ok(Answer { form: Some(form), ..Answer::quiet("Muster does not know you yet.") })
}

/// What is wrong, without the word that it may begin with.
fn named(text: &str) -> String {
    match parse(text) {
        Ok(Command::New(name)) => name,
        Ok(_) | Err(_) => text.trim().to_owned(),
    }
}

/// Reports what they say, with their name in the words.
pub(super) async fn report(turn: &Turn<'_>, filled: &Filled<'_>) -> Result<Answer> {
    if *filled.kind != FormKind::Declare {
        return Ok(Answer::quiet("Muster does not know you yet, so you can report what is wrong, and nothing else."));
    }
    if !may_report(turn.ctx, turn.id, &turn.by.account).await? {
        return Ok(Answer::quiet(
            "You have reported several incidents just now: call whoever is on call, or write to somebody of the team.",
        ));
    }
    let one = |key: &str| filled.values.one(key).unwrap_or_default().trim();
    let name = validate::name("name", one("name"))?;
    let incident = if let Some(incident) = reported(turn, &name).await? {
        incident
    } else {
        let description = format!("{}\n\nReported in the chat by {}.", one("description"), turn.by.name);
        let input = Raise { name, description: Some(description.trim().to_owned()), site_ids: Vec::new() };
        incidents::raise(&turn.ctx.by_way_of(Source::Slack), input, None).await?
    };
    Ok(Answer::quiet(format!("{} is reported, and whoever is on call is told. Thank you.", reference(&incident))))
}

/// What a worker reported that died before it could say so: keys are people's, and these are nobody yet.
async fn reported(turn: &Turn<'_>, name: &str) -> Result<Option<incident::Model>> {
    let Some(form) = &turn.to.form else { return Ok(None) };
    let same = incident::Column::Name
        .eq(name)
        .and(incident::Column::ReporterId.is_null())
        .and(incident::Column::ReportedAt.gte(form.at))
        .and(incident::Column::Status.eq(IncidentStatus::Triage));
    Ok(visible(&turn.ctx.actor).filter(same).one(turn.ctx.db.read()).await?)
}

/// Notes that somebody reports an incident by the arrival `id`; `false` if they have reported as many as one may.
async fn may_report(ctx: &Ctx, id: &str, account: &str) -> Result<bool> {
    let of_late = Column::Reporter.eq(account).and(Column::ArrivedAt.gt(ctx.now() - limits::REPORTS_WHILE)).and(Column::Id.ne(id));
    if Entity::find().filter(of_late).count(ctx.db.read()).await? >= limits::REPORTS_EACH {
        return Ok(false);
    }
    let row = chat_arrival::ActiveModel { reporter: Set(Some(account.to_owned())), ..Default::default() };
    Entity::update_many().set(row).filter(Column::Id.eq(id)).exec(ctx.db.write()).await?;
    Ok(true)
}
