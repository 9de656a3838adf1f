//! Who of the team looks after which client (R30).

use entity::{ClientId, PersonId, client, client_team, person};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use super::find_client;
use crate::authz::Right;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::sql::padded;
use crate::{people, validate};

/// Says who of the team looks after a client: these, and nobody else.
///
/// # Errors
/// `BAD_USER_INPUT` for who is not on the team, `FORBIDDEN`, `NOT_FOUND`.
pub async fn set_client_team(ctx: &Ctx, id: ClientId, people: &[PersonId]) -> Result<client::Model> {
    ctx.require(Right::Respond)?;
    let people = validate::list("personIds", people)?;
    let client = find_client(ctx, id).await?;
    for person in &people {
        people::able_to_read(ctx, "personIds", *person).await?;
    }
    let tx = ctx.db.begin().await?;
    client_team::Entity::delete_many().filter(client_team::Column::ClientId.eq(id)).exec(&tx).await?;
    if !people.is_empty() {
        let rows = people.into_iter().map(|person_id| client_team::Model { client_id: id, person_id }.into_active_model());
        client_team::Entity::insert_many(rows).exec_without_returning(&tx).await?;
    }
    tx.commit().await?;
    Ok(client)
}

/// Who of the team looks after `clients`, by name; not who has left.
pub async fn team_of(ctx: &Ctx, clients: &[ClientId]) -> Result<Vec<(ClientId, person::Model)>> {
    let rows = looking_after(ctx, clients).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<PersonId> = rows.iter().map(|row| row.person_id).collect();
    let mut people = people::by_ids(ctx, &ids).await?;
    people.retain(|person| person.deactivated_at.is_none());
    people.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    let of = |person: person::Model| {
        let theirs: Vec<ClientId> = rows.iter().filter(|row| row.person_id == person.id).map(|row| row.client_id).collect();
        theirs.into_iter().map(move |client| (client, person.clone()))
    };
    Ok(people.into_iter().flat_map(of).collect())
}

/// Who looks after which of `clients`, also who has left.
pub(crate) async fn looking_after(ctx: &Ctx, clients: &[ClientId]) -> Result<Vec<client_team::Model>> {
    Ok(client_team::Entity::find().filter(client_team::Column::ClientId.is_in(padded(clients))).all(ctx.db.read()).await?)
}
