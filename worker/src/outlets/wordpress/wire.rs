//! What WordPress writes, what stands around it, and what we write into a post.
//!
//! Plugins and the server behind WordPress have their say in its answers. Notices of PHP and byte order marks in front of the JSON do no
//! harm: the JSON is one line, the last, and is read whole or not at all. But a notice also keeps WordPress from setting the status, so a
//! refusal may come as a success.

use std::collections::BTreeMap;

use domain::ports::Receipt;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::PostStatus;
use crate::outlets::client::{Answered, Cause, Failed};

/// How much of something that is not JSON is told.
const TOLD: usize = 120;

/// A post.
#[derive(Debug, Deserialize)]
pub struct WirePost {
    pub id: u64,
    pub status: String,
    pub link: String,
}

impl WirePost {
    pub fn is_binned(&self) -> bool {
        self.status == "trash"
    }

    pub fn receipt(self) -> Receipt {
        Receipt { external_id: Some(self.id.to_string()), external_url: Some(self.link), seen: None }
    }
}

/// The account that we sign in with. PHP writes an empty map as a list, and a list with gaps as a map.
#[derive(Debug, Deserialize)]
pub struct Me {
    pub name: String,
    #[serde(default)]
    roles: Value,
    #[serde(default)]
    capabilities: Value,
}

impl Me {
    pub fn roles(&self) -> Vec<&str> {
        match &self.roles {
            Value::Array(roles) => roles.iter().filter_map(Value::as_str).collect(),
            Value::Object(roles) => roles.values().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    pub fn may(&self, capability: &str) -> bool {
        self.capabilities.get(capability) == Some(&Value::Bool(true))
    }

    /// What the account may not do although it must, and what to do about it.
    pub fn lacks(&self, status: PostStatus) -> Option<String> {
        // Somebody publishes a draft sooner or later, and it is brought up to date all the same.
        let always = [("edit_posts", "write posts"), ("edit_published_posts", "change posts that are published")];
        let to_publish = (status == PostStatus::Publish).then_some(("publish_posts", "publish posts"));
        let (_, lacking) = always.into_iter().chain(to_publish).find(|(capability, _)| !self.may(capability))?;
        let roles = self.roles().join(", ");
        Some(format!("{} ({roles}) may not {lacking} in WordPress: give the account the role Author.", self.name))
    }
}

/// A refusal in WordPress' own form.
#[derive(Debug, Deserialize)]
pub struct Complaint {
    pub code: String,
    message: String,
    data: Data,
}

#[derive(Debug, Deserialize)]
struct Data {
    status: u16,
    #[serde(default)]
    params: Value,
}

impl Complaint {
    /// The one behind a failure, if WordPress itself refused.
    pub fn of(failed: &Failed) -> Option<Self> {
        match &failed.cause {
            Cause::Answered(answered) => json(&answered.body).ok(),
            _ => None,
        }
    }

    fn words(self) -> String {
        let params: BTreeMap<String, String> = serde_json::from_value(self.data.params).unwrap_or_default();
        std::iter::once(self.message).chain(params.into_values()).collect::<Vec<_>>().join(": ").trim_end_matches('.').to_owned()
    }
}

/// An answer that claims success.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Cause> {
    let error = match json(body) {
        Ok(read) => return Ok(read),
        Err(error) => error,
    };
    if let Ok(Complaint { data: Data { status: status @ 400.., .. }, .. }) = json(body) {
        return Err(Cause::Answered(Answered {
            status,
            words: String::new(),
            retry_after: None,
            headers: Box::default(),
            body: body.to_vec(),
        }));
    }
    let what = if error.is_data() { "it lacks required fields".to_owned() } else { format!("it is not JSON but “{}”", told(body)) };
    Err(Cause::Garbled(what))
}

/// What a refusal says, in whatever form.
pub fn words(body: &[u8]) -> String {
    json(body).map_or_else(|_| told(body), Complaint::words)
}

/// The whole body, or else its last line.
fn json<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    serde_json::from_str(text).or_else(|error| match text.rsplit_once('\n') {
        Some((_, last)) if !error.is_data() => serde_json::from_str(last.trim_start_matches('\u{feff}')),
        _ => Err(error),
    })
}

/// The beginning of a page as people would read it.
fn told(body: &[u8]) -> String {
    let (page, mut text) = (String::from_utf8_lossy(body), String::new());
    let mut rest = &*page;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        text.push(' ');
        let unseen =
            ["style", "script"].into_iter().find(|name| tag.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)));
        let tag = unseen.and_then(|name| tag.split_once(&format!("</{name}"))).map_or(tag, |(_, after)| after);
        rest = tag.split_once('>').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    let words = unescaped(&text);
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = words.char_indices().nth(TOLD).map_or(words.len(), |(at, _)| at);
    if end < words.len() { format!("{} …", &words[..end]) } else { words }
}

/// Text for a place where WordPress expects HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Text that WordPress escaped.
pub fn unescaped(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#039;", "'"), ("&#8217;", "’"), ("&amp;", "&")];
    entities.into_iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}

/// HTML that WordPress shows as it is: no line breaks added, and no `[audio …]` that somebody wrote taken for an order to embed something.
pub fn verbatim(html: &str) -> String {
    format!("<!-- wp:html -->\n{}\n<!-- /wp:html -->", html.replace('[', "&#91;"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POST: &str = r#"{"id":5,"status":"draft","link":"http://x/?p=5"}"#;
    const NOTICE: &str = "<br />\n<b>Warning</b>:  Undefined variable $x in <b>/srv/plugin.php</b> on line <b>3</b><br />\n";

    #[test]
    fn notices_before_the_json_do_no_harm() {
        for answer in
            [POST.to_owned(), format!("\u{feff}\u{feff}{POST}"), format!("{NOTICE}{POST}"), format!("{NOTICE}{NOTICE}\u{feff}{POST}\n")]
        {
            assert_eq!(read::<WirePost>(answer.as_bytes()).unwrap().id, 5, "{answer}");
        }
    }

    #[test]
    fn what_is_cut_or_mixed_is_not_read() {
        for answer in [format!("{POST}{NOTICE}"), POST[..20].to_owned(), format!("{NOTICE}{}", &POST[5..]), String::new(), "[]".to_owned()]
        {
            assert!(matches!(read::<WirePost>(answer.as_bytes()), Err(Cause::Garbled(_))), "{answer}");
        }
    }

    #[test]
    fn a_refusal_behind_a_notice_is_a_refusal() {
        let complaint = r#"{"code":"rest_cannot_create","message":"Sorry.","data":{"status":401}}"#;
        let read = read::<WirePost>(format!("{NOTICE}{complaint}").as_bytes());
        assert!(matches!(&read, Err(Cause::Answered(answered)) if answered.status == 401), "{read:?}");
    }

    #[test]
    fn what_stands_in_the_place_of_json_is_told() {
        for (body, expected) in [
            ("<html><head><style>p { color: red }</style><title>Site</title></head><body><p>Back &amp; soon</p>", "Site Back & soon"),
            ("Error establishing a database connection", "Error establishing a database connection"),
            (
                r#"{"code":"a","message":"Invalid parameter(s): status","data":{"status":400,"params":{"status":"status is wrong."}}}"#,
                "Invalid parameter(s): status: status is wrong",
            ),
            ("<script>var a = '<p>';</script >x", "x"),
            ("a < b", "a"),
            ("", ""),
        ] {
            assert_eq!(words(body.as_bytes()), expected, "{body}");
        }
        assert!(words("ä ".repeat(500).as_bytes()).ends_with(" …"));
    }

    #[test]
    fn what_people_wrote_stays_text() {
        assert_eq!(escaped("a < b && c > d"), "a &lt; b &amp;&amp; c &gt; d");
        assert_eq!(unescaped(&escaped("&lt; R&D <")), "&lt; R&D <");
        assert!(verbatim("<p>[audio src='x']</p>").contains("<p>&#91;audio src='x']</p>"));
    }

    #[test]
    fn an_account_must_be_able_to_do_what_is_asked_of_it() {
        let me = |roles: Value, capabilities: &[&str]| Me {
            name: "Muster".into(),
            roles,
            capabilities: capabilities.iter().map(|name| ((*name).to_owned(), Value::Bool(true))).collect::<serde_json::Map<_, _>>().into(),
        };
        let author = me(serde_json::json!(["author"]), &["edit_posts", "edit_published_posts", "publish_posts"]);
        assert_eq!((author.lacks(PostStatus::Publish), author.roles()), (None, vec!["author"]));
        let odd = me(serde_json::json!({ "1": "poet" }), &["edit_posts", "edit_published_posts"]);
        assert_eq!((odd.lacks(PostStatus::Draft), odd.roles()), (None, vec!["poet"]));
        assert!(odd.lacks(PostStatus::Publish).is_some_and(|lacks| lacks.contains("Muster (poet) may not publish posts")));
        assert!(me(Value::Null, &["edit_posts"]).lacks(PostStatus::Draft).is_some());
        let nobody = Me { name: "x".into(), roles: Value::Null, capabilities: serde_json::json!([]) };
        assert!(nobody.lacks(PostStatus::Draft).is_some());
    }
}
