//! Comments and their files (R22, R29).
//!
//! A document's text goes as HTML. Its file is uploaded for a token, which one comment may name within the hour. Until then nobody sees it,
//! so uploading is no change: each attempt that writes uploads anew, and Zendesk deletes what an attempt left behind.

use document::html_letter;
use domain::ports::{Comment, DeskOrder, Refusal};
use serde_json::{Value, json};

use super::ZendeskOutlet;
use super::wire::{Event, Uploaded};
use crate::outlets::paper::{self, File};

impl ZendeskOutlet {
    /// The file that goes with the order, if one does.
    pub(super) async fn file_of(&self, desk: &DeskOrder) -> Option<File> {
        let DeskOrder::Comment(Comment { paper: Some(paper), .. }) = desk else { return None };
        Some(paper::file(&self.press, paper).await)
    }

    /// A token for the file; none if the account does not take it, because it is too large or of the wrong kind. The client reads the text
    /// all the same.
    pub(super) async fn upload(&self, file: File) -> Result<Option<String>, Refusal> {
        let File { name, media_type, bytes } = file;
        let call = self.api.upload("/api/v2/uploads", media_type, bytes).query(&[("filename", &name)]);
        match call.send::<Uploaded>().await.map_err(Refusal::from) {
            Ok(uploaded) => Ok(Some(uploaded.upload.token)),
            Err(Refusal::Never(reason)) => {
                tracing::warn!(file = name, reason, "Zendesk does not take the file of a reply, which goes out without it");
                Ok(None)
            }
            Err(refusal) => Err(refusal),
        }
    }
}

/// What is written, but for the file.
pub(super) fn fields(comment: &Comment) -> Value {
    let Comment { text, public, paper, .. } = comment;
    match paper {
        Some(paper) => json!({ "html_body": html_letter(&paper.document()), "public": public }),
        None => json!({ "body": text, "public": public }),
    }
}

/// Whether `event` says what `comment` does. Of HTML Zendesk changes the tags, and makes a `body` of its own; what stays are the letters.
pub(super) fn is_said(comment: &Comment, event: &Event) -> bool {
    let written = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
    match &comment.paper {
        Some(paper) => written(&event.html_body).is_some_and(|html| letters(&html) == letters(&html_letter(&paper.document()))),
        None => written(&event.body).is_some_and(|body| body.trim() == comment.text.trim()),
    }
}

/// The letters and digits of HTML, without tags and without what is written as `&…;`.
fn letters(html: &str) -> String {
    let mut end = None;
    let is_read = |c: &char| match (end, *c) {
        (Some(awaited), c) => {
            end = end.filter(|_| c != awaited);
            false
        }
        (None, '<') => {
            end = Some('>');
            false
        }
        (None, '&') => {
            end = Some(';');
            false
        }
        (None, c) => c.is_alphanumeric(),
    };
    html.chars().filter(is_read).collect()
}

#[cfg(test)]
mod tests {
    use domain::ports::Paper;

    use super::*;

    fn comment(paper: Option<Paper>) -> Comment {
        Comment { ticket: "7".into(), text: "R&D was <down>\n".into(), public: true, to: "Example".into(), paper }
    }

    fn event(body: &str, html_body: Option<&str>) -> Event {
        serde_json::from_value(json!({ "type": "Comment", "body": body, "html_body": html_body, "public": true })).unwrap()
    }

    #[test]
    fn a_reply_is_recognised_whatever_zendesk_makes_of_its_tags() {
        let at = "2026-11-27T22:14:05Z".parse().unwrap();
        let about = document::About { lang: "en".into(), ident: "INC-7".into(), meta: Vec::new(), at };
        let markdown = "# INC-7: R&amp;D was \\<down>\n\n- [here](https://example.org/a?b=c)";
        let letter = comment(Some(Paper::new("INC-7-report-example".into(), String::new(), markdown, about)));
        let ours = fields(&letter)["html_body"].as_str().unwrap().to_owned();
        assert!(ours.starts_with("<h1>INC-7: R&amp;D was &lt;down&gt;</h1>"), "{ours}");
        let kept = "<div class=\"zd-comment\" dir=\"auto\"><h1>INC-7: R&#38;D was &lt;down&gt;</h1>\n<ul>\n<li><a href=\"https://example.org/a?b=c\" \
             target=\"_blank\">here</a></li></ul></div>";
        assert!(is_said(&letter, &event("# INC-7: R&D was <down>", Some(kept))));
        assert!(!is_said(&letter, &event("INC-7: R&D was <down> here", None)), "the body is Zendesk's own");
        assert!(!is_said(&letter, &event("", Some(&kept.replace("here", "there")))));
        let plain = comment(None);
        assert_eq!(fields(&plain), json!({ "body": "R&D was <down>\n", "public": true }));
        assert!(is_said(&plain, &event("R&D was <down>", None)) && !is_said(&plain, &event("R&D was down", Some("R&amp;D was down"))));
    }
}
