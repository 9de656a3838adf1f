//! Bodies of other systems, read forgivingly: numbers count as text, null and blanks as nothing, and what nobody asks for is passed over.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};
use domain::zone::Zone;
use entity::Timestamp;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::{message, moment};

/// Fields of a form that are read.
const FORM_FIELDS: usize = 1_000;

/// A part of a body. Pointers (RFC 6901) lead to what is in it.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    value: &'a Value,
    zone: Option<&'a Zone>,
}

impl<'a> Fields<'a> {
    /// Those of `value`; a time without a zone is one in `zone`.
    pub fn of(value: &'a Value, zone: Option<&'a Zone>) -> Self {
        Self { value, zone }
    }

    /// What is at `pointer`, whatever it is; null if nothing is.
    pub fn at(self, pointer: &str) -> Self {
        static NOTHING: Value = Value::Null;
        Self { value: self.value.pointer(pointer).unwrap_or(&NOTHING), ..self }
    }

    /// Whether there is something at `pointer`.
    pub fn has(self, pointer: &str) -> bool {
        !self.at(pointer).value.is_null()
    }

    /// The text at `pointer`, without blanks around it. A number, and true or false, count as text.
    pub fn text(self, pointer: &str) -> Option<String> {
        let text = match self.at(pointer).value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Bool(whether) => whether.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    /// The text at `pointer` in lower case; empty if there is none.
    pub fn word(self, pointer: &str) -> String {
        self.text(pointer).unwrap_or_default().to_lowercase()
    }

    /// The moment at `pointer`.
    pub fn moment(self, pointer: &str) -> Option<Timestamp> {
        moment::read(self.at(pointer).value, self.zone)
    }

    /// The moment at `pointer`, where times without a zone are in UTC whatever the settings say.
    pub fn moment_in_utc(self, pointer: &str) -> Option<Timestamp> {
        moment::read(self.at(pointer).value, Some(&Zone::UTC))
    }

    /// Whether there is a list at `pointer`, which may be empty.
    pub fn is_list(self, pointer: &str) -> bool {
        self.at(pointer).value.is_array()
    }

    /// What is in the list at `pointer`.
    pub fn list(self, pointer: &str) -> impl Iterator<Item = Self> {
        let zone = self.zone;
        self.at(pointer).value.as_array().into_iter().flatten().map(move |value| Self { value, zone })
    }

    /// The texts of the table at `pointer`, by name.
    pub fn texts(self, pointer: &str) -> BTreeMap<String, String> {
        let zone = self.zone;
        let fields = self.at(pointer).value.as_object().into_iter().flatten();
        fields.filter_map(|(name, value)| Some((name.clone(), Fields { value, zone }.text("")?))).collect()
    }
}

/// A body as JSON; that of a form as a table of its fields, and a mail as [`message`] makes it. Without the character U+0000: PostgreSQL can't
/// keep it, and what can't be kept would be sent again for ever.
///
/// # Errors
/// What is wrong, in a sentence.
pub fn parsed(headers: &HeaderMap, body: &[u8]) -> Result<Value, String> {
    match serde_json::from_slice(body) {
        Ok(value) if body.windows(NUL.len()).any(|part| part == NUL) => Ok(without_nul(value)),
        Ok(value) => Ok(value),
        Err(_) if message::is_mail(headers) => message::parsed(body),
        Err(_) if is_form(headers, body) => Ok(form(body)),
        Err(error) => Err(format!("The body is not as expected: {error}.")),
    }
}

/// How JSON writes U+0000; as it is, it would not be JSON.
const NUL: &[u8] = b"\\u0000";

/// Many call a form what is none, and the other way round, so its first character counts as well.
fn is_form(headers: &HeaderMap, body: &[u8]) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_lowercase();
    let begins_as_json = body.trim_ascii_start().first().is_none_or(|first| b"{[\"".contains(first));
    let may_be = kind.is_empty() || kind.starts_with("application/x-www-form-urlencoded") || kind.starts_with("text/plain");
    may_be && !begins_as_json && body.contains(&b'=')
}

fn form(body: &[u8]) -> Value {
    let pairs = form_urlencoded::parse(body).take(FORM_FIELDS);
    let fields = pairs.map(|(name, value)| (name.replace('\0', ""), Value::String(value.replace('\0', ""))));
    Value::Object(fields.collect::<Map<String, Value>>())
}

fn without_nul(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace('\0', "")),
        Value::Array(values) => values.into_iter().map(without_nul).collect(),
        Value::Object(fields) => fields.into_iter().map(|(key, value)| (key.replace('\0', ""), without_nul(value))).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use serde_json::json;

    use super::*;

    fn body(kind: &'static str, body: &str) -> Result<Value, String> {
        let mut headers = HeaderMap::new();
        if !kind.is_empty() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        parsed(&headers, body.as_bytes())
    }

    #[test]
    fn a_body_is_json_or_a_form_whatever_it_is_called() {
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        for kind in ["", form, "text/plain", "application/json"] {
            assert_eq!(body(kind, r#" {"a\u0000": ["x\u0000y", 1]}"#), Ok(json!({ "a": ["xy", 1] })), "{kind}");
            assert!(body(kind, r#"{"a": 1"#).unwrap_err().contains("line 1"), "{kind}");
            assert!(body(kind, "").is_err() && body(kind, "hello").is_err(), "{kind}");
        }
        for kind in ["", form, "text/plain; charset=UTF-8"] {
            assert_eq!(
                body(kind, "Name=My+shop&Tags=a%2Cb%00&Empty="),
                Ok(json!({ "Name": "My shop", "Tags": "a,b", "Empty": "" })),
                "{kind}"
            );
        }
        assert!(body("application/json", "a=b").is_err());
        let many = (0..100_000).map(|number| format!("{number}=&")).collect::<Vec<_>>().concat();
        assert_eq!(body(form, &many).unwrap().as_object().unwrap().len(), FORM_FIELDS);
    }

    #[test]
    fn fields_are_read_forgivingly() {
        let value =
            json!({ "n": 5, "f": 1.5, "t": " x ", "b": false, "blank": " ", "null": null, "list": [{ "a": 1 }, 2], "a/b": { "~": "y" } });
        let fields = Fields::of(&value, None);
        let texts =
            ["/n", "/f", "/t", "/b", "/blank", "/null", "/list", "/list/0/a", "/a~1b/~0", "/none"].map(|pointer| fields.text(pointer));
        let expected = [Some("5"), Some("1.5"), Some("x"), Some("false"), None, None, None, Some("1"), Some("y"), None];
        assert_eq!(texts, expected.map(|text| text.map(str::to_owned)));
        assert_eq!(fields.list("/list").map(|item| item.text("/a")).collect::<Vec<_>>(), [Some("1".to_owned()), None]);
        assert_eq!((fields.list("/none").count(), fields.has("/null"), fields.has("/list/1")), (0, false, true));
        assert!(fields.is_list("/list") && !fields.is_list("/list/0") && !fields.is_list("/none"));
        assert_eq!(fields.texts("").len(), 4);
    }
}
