//! GitHub Actions: runs of workflows on the default branch that fail.

use domain::alerts::Alarms;
use entity::Severity;

use super::fields::Fields;
use super::kind::{Kind, Post, Proof, Reading, Signed};
use super::signature::hexadecimal;
use super::told::{Spell, Told};

/// GitHub.
pub const KIND: Kind = Kind {
    name: "github",
    about: "GitHub Actions, workflows that fail on the default branch",
    docs: "docs/integrations/alerts.md#github-actions",
    proofs: &[Proof::Signature { header: SIGNATURE, verify }],
    words: &[("failure", Severity::Major), ("timed_out", Severity::Major), ("startup_failure", Severity::Major)],
    headers: &[EVENT],
    looks_like: |body| body.get("workflow_run").is_some() || (body.get("hook_id").is_some() && body.get("zen").is_some()),
    read,
};

const SIGNATURE: &str = "x-hub-signature-256";
const EVENT: &str = "x-github-event";

fn verify(signed: &Signed<'_>) -> Result<(), String> {
    let shown = signed.header(SIGNATURE)?.strip_prefix("sha256=").and_then(hexadecimal);
    signed.has_signed(shown, &[signed.body])
}

fn read(reading: &Reading<'_>, post: Post<'_>) -> Result<Vec<Alarms>, String> {
    let body = Fields::of(post.body, reading.zone);
    if !body.has("/workflow_run") {
        // Whatever else it was told to send, its ping among it, is named in a header.
        let is_other = body.has("/zen") || post.headers.get(EVENT).is_some_and(|event| event != "workflow_run");
        return if is_other { Ok(Vec::new()) } else { Err("The body is not as expected: it has no workflow_run.".to_owned()) };
    }
    let run = body.at("/workflow_run");
    let branch = run.text("/head_branch");
    let is_default = branch.is_some() && branch == body.text("/repository/default_branch");
    // A pull request from a fork can come from a branch of the same name, and its author could end what fires here.
    let is_of_stranger = run.word("/event").starts_with("pull_request");
    if body.word("/action") != "completed" || !is_default || is_of_stranger {
        return Ok(Vec::new());
    }
    let conclusion = run.word("/conclusion");
    let fires = match &*conclusion {
        "failure" | "timed_out" | "startup_failure" => true,
        "success" => false,
        // Cancelled, skipped, neutral.
        _ => return Ok(Vec::new()),
    };
    let repository = body.text("/repository/full_name").ok_or("The body is not as expected: it has no repository.full_name.")?;
    let name = run.text("/name").unwrap_or_else(|| "A workflow".to_owned());
    let workflow = run.text("/workflow_id").unwrap_or_else(|| name.clone());
    let told = Told {
        fingerprint: format!("{repository} {workflow}"),
        title: format!("{name} of {repository}: {}", conclusion.replace('_', " ")),
        description: run.text("/display_title"),
        spell: Spell::changed(fires, run.moment("/updated_at")),
        level: conclusion,
        labels: vec![("repository", Some(repository.clone())), ("branch", branch), ("commit", run.text("/head_sha"))],
        page: run.text("/html_url"),
        about: vec![body.text("/repository/homepage")],
    };
    Ok(told.alone(reading, Some(repository)))
}
