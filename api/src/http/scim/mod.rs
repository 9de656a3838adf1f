//! The company's directory adds and deactivates people: SCIM 2.0 (RFC 7643, RFC 7644) under `/scim/v2`, for users alone.
//!
//! Called with a token of administrator level, best a service's. What it may be told is in the schema of `scim-schemas.json`; the rest of what
//! directories send (names in parts, departments, managers) is taken and forgotten.

mod answer;
mod directory;
mod discovery;
mod fault;
mod patch;
mod query;
mod user;

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use domain::Ctx;
use domain::people::provisioned::{self, Account};
use entity::PersonId;
use serde_json::Value;

use self::answer::answer;
use self::directory::{Directory, Sent};
use self::fault::Fault;
use self::query::Asked;
use super::server::Server;

/// Its routes, without `/scim/v2`.
pub fn router() -> Router<Server> {
    Router::new()
        .route("/ServiceProviderConfig", get(discovery::config))
        .route("/ResourceTypes", get(discovery::resource_types))
        .route("/ResourceTypes/{id}", get(discovery::resource_type))
        .route("/Schemas", get(discovery::schemas))
        .route("/Schemas/{id}", get(discovery::schema))
        .route("/Users", get(list).post(create))
        .route("/Users/{id}", get(show).put(replace).patch(change).delete(remove))
        .route("/.search", post(search))
        .fallback(async || Fault::not_found("There is nothing at this address."))
        .method_not_allowed_fallback(async || Fault::new(StatusCode::METHOD_NOT_ALLOWED, "This address does not take that method."))
}

fn id(text: &str) -> Result<PersonId, Fault> {
    PersonId::parse(text).ok_or_else(|| Fault::not_found("There is no such user."))
}

async fn list(Directory(ctx): Directory, RawQuery(query): RawQuery) -> Result<Response, Fault> {
    let asked = Asked::read(query.as_deref())?;
    let (total, accounts) = provisioned::page(&ctx, asked.filter.as_ref(), asked.start - 1, asked.count).await?;
    let users: Vec<Value> = accounts.iter().map(|account| asked.shape(user::resource(&ctx, account))).collect();
    Ok(answer::list(total, asked.start, &users))
}

async fn create(Directory(ctx): Directory, RawQuery(query): RawQuery, Sent(sent): Sent) -> Result<Response, Fault> {
    let asked = Asked::read(query.as_deref())?;
    let account = provisioned::add(&ctx, user::wanted(&sent)?).await?;
    let user = user::resource(&ctx, &account);
    let location = user["meta"]["location"].as_str().and_then(|location| HeaderValue::from_str(location).ok());
    let mut response = answer(StatusCode::CREATED, asked.shape(user));
    if let Some(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

fn shown(ctx: &Ctx, asked: &Asked, account: &Account) -> Response {
    answer(StatusCode::OK, asked.shape(user::resource(ctx, account)))
}

async fn show(Directory(ctx): Directory, Path(person): Path<String>, RawQuery(query): RawQuery) -> Result<Response, Fault> {
    let asked = Asked::read(query.as_deref())?;
    let account = provisioned::find(&ctx, id(&person)?).await?;
    Ok(shown(&ctx, &asked, &account))
}

async fn replace(
    Directory(ctx): Directory,
    Path(person): Path<String>,
    RawQuery(query): RawQuery,
    Sent(sent): Sent,
) -> Result<Response, Fault> {
    let asked = Asked::read(query.as_deref())?;
    let account = provisioned::replace(&ctx, id(&person)?, user::wanted(&sent)?).await?;
    Ok(shown(&ctx, &asked, &account))
}

async fn change(
    Directory(ctx): Directory,
    Path(person): Path<String>,
    RawQuery(query): RawQuery,
    Sent(sent): Sent,
) -> Result<Response, Fault> {
    let (asked, id) = (Asked::read(query.as_deref())?, id(&person)?);
    let mut user = user::known(&provisioned::find(&ctx, id).await?);
    patch::apply(&mut user, &sent)?;
    let account = provisioned::replace(&ctx, id, user::wanted(&user)?).await?;
    Ok(shown(&ctx, &asked, &account))
}

async fn remove(Directory(ctx): Directory, Path(person): Path<String>) -> Result<StatusCode, Fault> {
    provisioned::remove(&ctx, id(&person)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn search(_: Directory) -> Fault {
    Fault::new(StatusCode::NOT_IMPLEMENTED, "Search with GET /Users?filter=…")
}
