//! What belongs into the folder of an incident: what its archive has for people. Nobody of the team is named in what Muster writes (R27).

use chrono::SecondsFormat;
use entity::{IncidentId, attachment};

use crate::ctx::Ctx;
use crate::error::Result;
use crate::ports::{Content, Part};
use crate::record::{Facts, Whole};
use crate::report::{Audience, Handout, Manuscript};
use crate::sheet::Sheet;
use crate::{files, incident as incidents, report};

/// The columns of the timeline.
const TIMELINE: [&str; 4] = ["Happened at", "Kind", "Text", "Key moment"];

/// The report in every version that may leave, the timeline, and the files.
pub(super) async fn parts(ctx: &Ctx, id: IncidentId) -> Result<Vec<Part>> {
    let mut parts: Vec<Part> = report::versions(ctx, id).await?.into_iter().map(of_report).collect();
    let bytes = timeline(ctx, id).await?;
    let content = Content::Bytes { media_type: "text/csv", bytes };
    parts.push(Part { key: "timeline".to_owned(), name: "timeline.csv".to_owned(), content });
    parts.extend(files::of_incidents(ctx, &[id]).await?.into_iter().map(|row| of_file(ctx, row)));
    Ok(parts)
}

fn of_report((audience, handout): (Audience, Handout)) -> Part {
    let Handout { name, text, document, .. } = handout;
    // Its name follows that of the client, who may come to be called otherwise.
    let key = match audience {
        Audience::Team => "report/full".to_owned(),
        Audience::Company => "report/abridged".to_owned(),
        Audience::Client(client) => format!("report/{client}"),
    };
    Part { key, name, content: Content::Document { markdown: text, document } }
}

/// What a reader needs of the timeline, as it stands corrected.
async fn timeline(ctx: &Ctx, id: IncidentId) -> Result<Vec<u8>> {
    let whole = Whole::load(ctx, incidents::find(ctx, id).await?).await?;
    let report = whole.reports.first().cloned();
    let manuscript = Box::pin(Manuscript::load(ctx, report.as_ref(), whole)).await?;
    let mut sheet = Sheet::new(&TIMELINE)?;
    for told in manuscript.sources().timeline() {
        let at = told.at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let is_key = if told.event.starred { "yes" } else { "" };
        let text = manuscript.blameless(&told.text);
        sheet.line(&[&*at, told.event.kind.as_str(), &*text, is_key])?;
    }
    sheet.finish()
}

fn of_file(ctx: &Ctx, row: attachment::Model) -> Part {
    let path = files::path(&ctx.config.data_dir, &row.sha256);
    let length = u64::try_from(row.bytes).unwrap_or_default();
    let content = Content::Stored { path, media_type: row.content_type, length, sha256: row.sha256 };
    Part { key: format!("files/{}", row.id), name: row.file_name, content }
}
