//! Cuts secrets out of a body before it is stored: the values of whatever is named like one. Pure.
//!
//! JSON is searched by its structure; forms, what is not readable, and texts in JSON that are a mail, a log or a link, by the look of
//! `name=value`. A body without secrets stays as it is, byte for byte.

use std::borrow::Cow;

use serde_json::Value;

/// What stands in the place of a secret.
pub(super) const CUT: &str = "(cut)";

/// What names of secrets have in them, in lower case and without `-` and `_`.
const PARTS: [&str; 12] = [
    "accesskey",
    "apikey",
    "authorization",
    "cookie",
    "credential",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "secret",
    "sessionid",
    "token",
];
/// Names of secrets that are parts of other words.
const WORDS: [&str; 4] = ["auth", "bearer", "pass", "pwd"];
/// Fields that hold the name of what is in [`VALUE`] beside them.
const NAMES: [&str; 4] = ["field", "header", "key", "name"];
const VALUE: &str = "value";
/// Bytes of a name that are looked at.
const NAME_BYTES: usize = 200;
/// How deep JSON in a text of JSON is searched: Amazon SNS wraps once.
const WRAPPED: usize = 3;

/// The body without secrets.
pub(super) fn without_secrets(body: &[u8]) -> Cow<'_, [u8]> {
    let Ok(mut value) = serde_json::from_slice::<Value>(body) else { return Cow::Owned(of_text(body)) };
    if cut(&mut value, 0) { Cow::Owned(value.to_string().into_bytes()) } else { Cow::Borrowed(body) }
}

/// Whether something with this name is a secret.
fn is_secret(name: &str) -> bool {
    let name = &name[..name.floor_char_boundary(NAME_BYTES)];
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    PARTS.iter().any(|part| plain.contains(part)) || WORDS.contains(&&*plain)
}

/// Cuts secrets out, and says whether there were any.
fn cut(value: &mut Value, wrapped: usize) -> bool {
    match value {
        Value::Object(fields) => {
            let names_secret = NAMES.iter().any(|name| fields.get(*name).and_then(Value::as_str).is_some_and(is_secret));
            let mut found = false;
            for (name, value) in fields {
                found |= if is_secret(name) || (names_secret && name == VALUE) { blank(value) } else { cut(value, wrapped) };
            }
            found
        }
        Value::Array(items) => match items.as_mut_slice() {
            // Lists of headers are often pairs.
            [Value::String(name), value @ Value::String(_)] if is_secret(name.as_str()) => blank(value),
            items => items.iter_mut().fold(false, |found, item| cut(item, wrapped) | found),
        },
        Value::String(text) => cut_text(text, wrapped),
        Value::Number(_) | Value::Bool(_) | Value::Null => false,
    }
}

/// Cuts secrets out of a text in JSON, and says whether there were any.
fn cut_text(text: &mut String, wrapped: usize) -> bool {
    if wrapped < WRAPPED
        && text.starts_with(['{', '['])
        && let Ok(mut inner) = serde_json::from_str::<Value>(text)
    {
        let found = cut(&mut inner, wrapped + 1);
        if found {
            *text = inner.to_string();
        }
        return found;
    }
    // A sentence that speaks of a password has none: only lines, as of a mail or a log, and links are searched.
    if !text.contains('\n') && !text.contains("://") {
        return false;
    }
    let kept = of_text(text.as_bytes());
    let found = kept != text.as_bytes();
    if found {
        *text = String::from_utf8_lossy(&kept).into_owned();
    }
    found
}

/// Takes the place of a secret, unless there is none.
fn blank(value: &mut Value) -> bool {
    let is_nothing = match value {
        Value::Null | Value::Bool(_) => true,
        Value::Number(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    };
    if !is_nothing {
        *value = CUT.into();
    }
    !is_nothing
}

/// A form, a text, or what was meant to be JSON, without secrets.
fn of_text(text: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, others)) = rest.split_first() {
        let word = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte)).count();
        if word == 0 {
            kept.push(*first);
            rest = others;
            continue;
        }
        let (name, behind) = rest.split_at(word);
        kept.extend_from_slice(name);
        rest = behind;
        if is_secret(&String::from_utf8_lossy(name))
            && let Some((lead, value)) = value_of(behind)
        {
            kept.extend_from_slice(&behind[..lead]);
            kept.extend_from_slice(CUT.as_bytes());
            rest = &behind[lead + value..];
        }
    }
    kept
}

/// Where the value of a name begins that `text` follows, and how long it is; nothing if none follows.
fn value_of(text: &[u8]) -> Option<(usize, usize)> {
    let run = |from: usize, of: &[u8]| text[from..].iter().take_while(|byte| of.contains(byte)).count();
    let mut mark = run(0, b"\\\"' \t");
    // JSON that was cut off: a value may be beside its name, as in `"name": "password", "value": "…"`.
    if text.get(mark) == Some(&b',') {
        let field = mark + 1 + run(mark + 1, b"\\\"' \t\r\n");
        if !text[field..].starts_with(VALUE.as_bytes()) {
            return None;
        }
        let after = field + VALUE.len();
        mark = after + run(after, b"\\\"' \t");
    }
    if !matches!(text.get(mark), Some(b':' | b'=')) {
        return None;
    }
    let blank = mark + 1 + run(mark + 1, b" \t");
    let begin = blank + run(blank, b"\\\"'");
    let end_of = |from: usize, ends: &[u8]| text[from..].iter().position(|byte| ends.contains(byte)).unwrap_or(text.len() - from);
    let length = match &text[blank..begin] {
        [] => {
            let word = end_of(begin, b" \t\r\n,;&}]\"'<");
            let is_scheme =
                ["basic", "bearer", "token"].iter().any(|scheme| text[begin..begin + word].eq_ignore_ascii_case(scheme.as_bytes()));
            // What follows the scheme is the secret.
            if is_scheme { end_of(begin, b"\r\n,;&}]\"'<") } else { word }
        }
        [b'\\', ..] => end_of(begin, b"\\\n"),
        // An empty one.
        [first, second] if first == second => 0,
        [quote, ..] => quoted(&text[begin..], *quote),
    };
    (length > 0).then_some((begin, length))
}

/// How long a text is that `quote` ends.
fn quoted(text: &[u8], quote: u8) -> usize {
    let mut is_escaped = false;
    for (place, byte) in text.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            byte if *byte == quote => return place,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(body: &str) -> String {
        String::from_utf8(without_secrets(body.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn what_is_named_like_a_secret_is_cut_from_json_at_any_depth() {
        for (body, expected) in [
            (r#"{"a":{"Password":"x"}}"#, r#"{"a":{"Password":"(cut)"}}"#),
            (r#"{"api_key":1,"API-Key":"x","token":""}"#, r#"{"API-Key":"(cut)","api_key":"(cut)","token":""}"#),
            (r#"{"secrets":["x",{"y":1}],"auth":{"user":"u"}}"#, r#"{"auth":"(cut)","secrets":"(cut)"}"#),
            (r#"{"headers":[["Authorization","Bearer x"],["Host","h"]]}"#, r#"{"headers":[["Authorization","(cut)"],["Host","h"]]}"#),
            (r#"{"env":[{"name":"DB_PASSWORD","value":"x"}]}"#, r#"{"env":[{"name":"DB_PASSWORD","value":"(cut)"}]}"#),
            (r#"{"Message":"{\"token\":\"x\",\"a\":1}"}"#, r#"{"Message":"{\"a\":1,\"token\":\"(cut)\"}"}"#),
            (r#"{"link":"https://x.example/?token=y&a=1"}"#, r#"{"link":"https://x.example/?token=(cut)&a=1"}"#),
            (r#"{"text":"Hällo,\nPassword: hunter2\nend"}"#, r#"{"text":"Hällo,\nPassword: (cut)\nend"}"#),
        ] {
            let found: Value = serde_json::from_str(&kept(body)).unwrap();
            assert_eq!(found, serde_json::from_str::<Value>(expected).unwrap(), "{body}");
        }
    }

    #[test]
    fn a_body_without_secrets_stays_as_it_is() {
        for body in [
            "{ \"b\": 1.50,\n \"a\": [\"x\", \"y\"] }",
            r#"{"token":null,"hasPassword":true,"secret":[],"author":"Kim","compass":"north"}"#,
            r#"{"text":"the password: is in the vault"}"#,
            "Name=shop&Status=Down",
            "not a body at all: password",
            r#"{"text":"Two lines\nand no secret", "link":"https://x.example/?a=1"}"#,
            "",
        ] {
            assert_eq!(kept(body), body);
        }
    }

    #[test]
    fn secrets_are_cut_from_forms_and_from_what_is_unreadable() {
        for (body, expected) in [
            ("user=kim&password=hunter2&x=1", "user=kim&password=(cut)&x=1"),
            (r#"{"password": "hunt\"er2", "a": 1"#, r#"{"password": "(cut)", "a": 1"#),
            (r#"{"m": "{\"api_key\": \"hunter2\", \"b\": 1}""#, r#"{"m": "{\"api_key\": \"(cut)\", \"b\": 1}""#),
            ("Authorization: Bearer hunter2\nHost: h", "Authorization: (cut)\nHost: h"),
            ("token = hunter2 is it", "token = (cut) is it"),
            ("{'secret': 'hunter2", "{'secret': '(cut)"),
            (r#"{"token": "", "a": "b""#, r#"{"token": "", "a": "b""#),
            (r#"[{"name": "DB_PASSWORD", "value": "hunter2"}, {"na"#, r#"[{"name": "DB_PASSWORD", "value": "(cut)"}, {"na"#),
            (r#"[{"name": "DB_PASSWORD", "values"#, r#"[{"name": "DB_PASSWORD", "values"#),
        ] {
            assert_eq!(kept(body), expected);
        }
        let odd = b"\xff\xfe password=\xff\xff;\xff";
        assert_eq!(without_secrets(odd).as_ref(), b"\xff\xfe password=(cut);\xff");
    }

    #[test]
    fn cutting_twice_is_cutting_once() {
        for body in [r#"{"token":"x","b":{"c":["Cookie","y"]}}"#, "password=x&a=b", "{\"password\": \"x"] {
            assert_eq!(kept(&kept(body)), kept(body), "{body}");
        }
    }
}
