//! Standard Webhooks: any body, signed together with its id and time.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::alerts::Alarms;
use entity::Severity;

use super::kind::{Kind, Post, Proof, Reading, Signed};
use super::{generic, own};

/// Whoever signs as Standard Webhooks says.
pub const KIND: Kind = Kind {
    name: "standard-webhooks",
    about: "Anything that signs as Standard Webhooks says",
    docs: "docs/integrations/alerts.md#standard-webhooks",
    proofs: &[Proof::Signature { header: SIGNATURE, verify }],
    words: &[("alert", Severity::Major)],
    headers: &[],
    looks_like: |_| false,
    read,
};

const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";

fn verify(signed: &Signed<'_>) -> Result<(), String> {
    signed.is_recent(TIMESTAMP)?;
    let key = BASE64_STANDARD.decode(signed.secret.trim_start_matches("whsec_")).map_err(|_| "signing_secret can't be used.".to_owned())?;
    let shown = signed.header(SIGNATURE)?.split(' ').filter_map(|one| BASE64_STANDARD.decode(one.strip_prefix("v1,")?).ok());
    let (id, time) = (signed.header(ID)?, signed.header(TIMESTAMP)?);
    signed.has_signed_with(&key, shown, &[id.as_bytes(), b".", time.as_bytes(), b".", signed.body])
}

/// By the mapping of the settings, or in Muster's own form, in `data` or at the top.
fn read(reading: &Reading<'_>, post: Post<'_>) -> Result<Vec<Alarms>, String> {
    if reading.map.title.is_some() {
        return own::read(reading, post);
    }
    let data = post.body.get("data").filter(|data| data.get("alerts").is_some());
    generic::read(reading, Post { body: data.unwrap_or(post.body), ..post })
}
