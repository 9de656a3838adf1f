//! What `typeset` reads: the document as JSON, for the template `report.typ`.

use serde_json::json;

use crate::document::Document;

/// The request for a PDF of `document`.
///
/// Blocks and inlines are as [`crate::Block`] and [`crate::Inline`] serialise, `kind` saying which one each is. A picture is its SVG, with `alt`.
pub fn pdf_request(document: &Document) -> Vec<u8> {
    let Document { title, about, blocks } = document;
    let request = json!({
        "title": title,
        "lang": about.lang,
        "ident": about.ident,
        "meta": about.meta,
        "at": about.at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "contents": !document.contents().is_empty(),
        "blocks": blocks,
    });
    request.to_string().into_bytes()
}
