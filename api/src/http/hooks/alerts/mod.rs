//! What monitoring systems post. Each system is a file that turns a body into alarms, and nothing else; who may post and what
//! becomes of the alarms is the same for all of them.
//!
//! Alertmanager retries at once only after a 5xx, so everything that may pass (database away, overload) is answered 503, and only
//! what can never succeed (no secret, no JSON) 4xx: that comes again with its next round.

mod alertmanager;
mod generic;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::header;
use axum::http::request::Parts;
use domain::alerts::{self, Alarms, Received};
use domain::authz::Actor;
use domain::people::access::authenticate;
use domain::people::secrets::Secret;
use domain::{Ctx, Error};
use entity::{Severity, Source};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::{not_taken, read};
use crate::connections::{CallerAddress, Place};
use crate::http::posted::Posted;
use crate::http::problem::Problem;
use crate::http::server::Server;
use crate::transport::Credential;

pub use alertmanager::Notification;
pub use generic::GenericPost;

/// The body that one kind of monitoring system posts.
pub trait Body: DeserializeOwned {
    /// The alarms in it.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for a field that can't be accepted.
    fn alarms(self, levels: &Levels) -> Result<Alarms, Error>;
}

/// What the levels of monitoring systems mean here.
pub struct Levels<'a>(&'a BTreeMap<String, Severity>);

impl Levels<'_> {
    /// The severity that `level` means; `None` if it opens no incident.
    fn severity(&self, level: &str) -> Option<Severity> {
        self.0.get(&level.to_lowercase()).copied()
    }
}

/// The alarms in a body that was posted to `/hooks/HOOK`, for trying out what follows from it.
///
/// # Errors
/// Why it would be refused, in words.
pub fn alarms(hook: &str, body: &[u8], levels: &BTreeMap<String, Severity>) -> Result<Alarms, String> {
    fn of<B: Body>(body: &[u8], levels: &BTreeMap<String, Severity>) -> Result<Alarms, String> {
        let body: B = read(body).map_err(|Problem(_, _, why)| why)?;
        body.alarms(&Levels(levels)).map_err(|refusal| refusal.to_string())
    }
    match hook {
        "alertmanager" => of::<Notification>(body, levels),
        "alerts" => of::<GenericPost>(body, levels),
        _ => Err(format!("{hook:?} is not a hook that takes alerts: use alertmanager or alerts")),
    }
}

/// KiB of a body: enough for a storm of a thousand alerts with long labels.
const BODY_KIB: usize = 4 * 1024;

/// Takes a body. Its sender is known before it is read.
pub async fn take<B: Body>(
    State(server): State<Server>,
    Admitted(ctx): Admitted,
    Posted(body): Posted<BODY_KIB>,
) -> Result<Json<Value>, Problem> {
    let alarms = read::<B>(&body)?.alarms(&Levels(&server.app.0.settings.alert_levels))?;
    receive(&ctx, alarms).await
}

async fn receive(ctx: &Ctx, alarms: Alarms) -> Result<Json<Value>, Problem> {
    let truncated = alarms.truncated;
    let Received { incident, new, ended, dropped } =
        ctx.db.while_up(Box::pin(alerts::receive(ctx, alarms))).await.flatten().map_err(|error| match error {
            error @ Error::Invalid { .. } => error.into(),
            // Whatever went wrong with a well-formed body may pass.
            error => not_taken(error, "alerts"),
        })?;
    let mut answer = json!({ "incident": incident.map(|id| id.to_string()), "new": new, "ended": ended });
    if dropped > 0 {
        answer["dropped"] = dropped.into();
        tracing::warn!(dropped, "a call had too many alerts; the least severe were passed over");
    }
    if truncated > 0 {
        answer["truncated"] = truncated.into();
        tracing::warn!(truncated, "a notification left alerts out (max_alerts)");
    }
    Ok(Json(answer))
}

/// Showed the hook's secret or any API token. From here on, Muster itself is the actor.
pub struct Admitted(Ctx);

impl FromRequestParts<Server> for Admitted {
    type Rejection = Problem;

    async fn from_request_parts(request: &mut Parts, server: &Server) -> Result<Self, Problem> {
        let ctx = admit(server, request).await?;
        Place::keep_of(request, None);
        Ok(Self(ctx))
    }
}

async fn admit(server: &Server, request: &Parts) -> Result<Ctx, Problem> {
    let shown = request.headers.get(header::AUTHORIZATION).and_then(|value| Credential::bearer(value.to_str().ok()?));
    let Some(Credential::Bearer(secret)) = shown else {
        return Err(Error::Unauthenticated("This hook needs the header `Authorization: Bearer SECRET`.").into());
    };
    let parts = &server.app.0;
    let known = parts.settings.alerts_secret.as_deref().is_some_and(|expected| bool::from(expected.as_bytes().ct_eq(secret.as_bytes())));
    if !known {
        let CallerAddress(address) = CallerAddress::of(request);
        let stranger = parts.domain.ctx(Actor::System, Source::Alert).calling_from(address);
        parts.domain.db.while_up(authenticate(&stranger, &Secret::Token(secret))).await??.require_unbound()?;
    }
    Ok(parts.domain.ctx(Actor::System, Source::Alert))
}
