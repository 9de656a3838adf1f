//! What a directory can find out about this server.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::answer::{answer, list};
use super::directory::Directory;
use super::fault::Fault;
use super::user::SCHEMA;

const SCHEMAS: &str = include_str!("../../../assets/scim-schemas.json");

/// What of the protocol it knows.
pub async fn config(Directory(ctx): Directory) -> Response {
    let no = json!({ "supported": false });
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": 200 },
        "changePassword": no, "sort": no, "etag": no,
        "authenticationSchemes": [{
            "type": "oauthbearertoken", "name": "Token", "description": "A token of Muster's with administrator access.", "primary": true,
        }],
        "meta": { "resourceType": "ServiceProviderConfig", "location": format!("{}/scim/v2/ServiceProviderConfig", ctx.config.public_url) },
    });
    answer(StatusCode::OK, body)
}

pub async fn resource_types(Directory(ctx): Directory) -> Response {
    list(1, 1, &[users(&ctx.config.public_url)])
}

pub async fn resource_type(Directory(ctx): Directory, Path(id): Path<String>) -> Result<Response, Fault> {
    if id != "User" {
        return Err(Fault::not_found("There are no resources but users."));
    }
    Ok(answer(StatusCode::OK, users(&ctx.config.public_url)))
}

fn users(public_url: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": "User", "name": "User", "endpoint": "/Users", "description": "A person on the team", "schema": SCHEMA,
        "meta": { "resourceType": "ResourceType", "location": format!("{public_url}/scim/v2/ResourceTypes/User") },
    })
}

pub async fn schemas(Directory(ctx): Directory) -> Response {
    let schemas = published(&ctx.config.public_url);
    list(schemas.len() as u64, 1, &schemas)
}

pub async fn schema(Directory(ctx): Directory, Path(id): Path<String>) -> Result<Response, Fault> {
    let schema = published(&ctx.config.public_url).into_iter().find(|schema| schema["id"] == id.as_str());
    Ok(answer(StatusCode::OK, schema.ok_or_else(|| Fault::not_found("There is no such schema."))?))
}

fn published(public_url: &str) -> Vec<Value> {
    let mut schemas: Vec<Value> = serde_json::from_str(SCHEMAS).unwrap_or_default();
    for schema in &mut schemas {
        let id = schema["id"].as_str().unwrap_or_default();
        schema["meta"] = json!({ "resourceType": "Schema", "location": format!("{public_url}/scim/v2/Schemas/{id}") });
    }
    schemas
}
