//! The parameters of a request: from a JSON body, from a query string, or from a value.
//!
//! The three protocols call this after authentication. Guarantees: a body is never read beyond its
//! limit; `query` is present and a string; the error names the wrong part; deep JSON cannot
//! exhaust the stack (`serde_json` refuses more than 128 levels).

use std::{
    collections::HashMap,
    fmt::{self, Display},
    marker::PhantomData,
};

use async_graphql::{Request, Value, Variables};
use axum::{body::Body, extract::Query, http::request::Parts};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, SeqAccess, Visitor},
};
use serde_path_to_error::Track;

use super::{body, limits::TransportLimits, rejection::Rejection};

/// The extension in which clients send the hash of a query.
const PERSISTED: &str = "persistedQuery";

/// What a client asks for.
#[derive(Debug)]
pub(super) struct Params {
    /// The request; without a text, if it names a document.
    pub(super) request: Request,
    /// The document that it names in place of a text.
    pub(super) document: Option<NamedDocument>,
}

/// A document that a client names in place of sending its text.
#[derive(Debug)]
pub(super) struct NamedDocument {
    pub(super) id: String,
    /// Whether it came as Apollo's clients send hashes, ready to send the text as well.
    pub(super) sends_text: bool,
}

/// One request or an array of them.
#[derive(Debug)]
pub(super) enum Requests {
    Single(Box<Params>),
    Batch(Vec<Params>),
}

/// Reads and decodes the body of a POST.
///
/// # Errors
/// 415 for a body that is not plain UTF-8 JSON, 413 and 408 for the limits, 400 for its content.
pub(super) async fn from_post(parts: &Parts, body: Body, limits: &TransportLimits) -> Result<Requests, Rejection> {
    let body = body::read(&parts.headers, body, limits).await?;
    from_json(&body, limits.batch)
}

/// Decodes the query string of a GET, where `variables` and `extensions` are JSON texts.
///
/// # Errors
/// 400, naming the parameter.
pub(super) fn from_get(parts: &Parts) -> Result<Params, Rejection> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Given {
        query: Option<String>,
        document_id: Option<String>,
        operation_name: Option<String>,
        variables: Option<String>,
        extensions: Option<String>,
    }
    let Query(given): Query<Given> =
        Query::try_from_uri(&parts.uri).map_err(|error| Rejection::bad_request(format!("The query string is invalid: {error}.")))?;
    for (name, text) in [
        ("query", &given.query),
        ("documentId", &given.document_id),
        ("operationName", &given.operation_name),
        ("variables", &given.variables),
        ("extensions", &given.extensions),
    ] {
        // Decoding a query string puts this character in place of what is not UTF-8.
        if text.as_deref().is_some_and(|text| text.contains(char::REPLACEMENT_CHARACTER)) {
            return Err(Rejection::bad_request(format!("`{name}` is not valid UTF-8.")));
        }
    }
    let variables = object("variables", given.variables)?;
    let extensions = object("extensions", given.extensions)?;
    let Given { query, document_id, operation_name, .. } = given;
    let parameters = Parameters { query, document_id, operation_name, variables, extensions };
    parameters.try_into().map_err(|NoDocument| Rejection::bad_request("`query` is missing; set it to the GraphQL text to run."))
}

/// A parameter of a query string that is a JSON object, or omitted.
fn object<T: for<'de> Deserialize<'de> + Default>(name: &str, text: Option<String>) -> Result<T, Rejection> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(T::default()) };
    decode_text(PhantomData, &text).map_err(|reason| Rejection::bad_request(format!("`{name}` must be a JSON object: {reason}.")))
}

fn from_json(body: &[u8], most: usize) -> Result<Requests, Rejection> {
    if body.is_empty() {
        return Err(Rejection::bad_request("The body is empty; send a JSON object with `query` in it."));
    }
    let text = std::str::from_utf8(body).map_err(|error| Rejection::bad_request(format!("The body is not UTF-8: {error}.")))?;
    let requests = if text.trim_start().starts_with('[') {
        decode_text(AtMost(most), text).map(Requests::Batch)
    } else {
        decode_text(PhantomData, text).map(|params| Requests::Single(Box::new(params)))
    };
    requests.map_err(|reason| Rejection::bad_request(format!("The body is invalid: {reason}.")))
}

/// Decodes one request that is part of a message.
///
/// # Errors
/// The reason, which names the parameter.
pub(super) fn from_value(value: serde_json::Value) -> Result<Params, String> {
    decode(PhantomData, value)
}

fn decode_text<'de, S: DeserializeSeed<'de>>(seed: S, text: &'de str) -> Result<S::Value, String> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = decode(seed, &mut json)?;
    json.end().map_err(brief)?;
    Ok(value)
}

/// The reason for a failure names the place.
fn decode<'de, S: DeserializeSeed<'de>, D: Deserializer<'de, Error: Display>>(seed: S, from: D) -> Result<S::Value, String> {
    let mut track = Track::new();
    seed.deserialize(serde_path_to_error::Deserializer::new(from, &mut track)).map_err(|error| {
        let path = track.path();
        // Each is cut on its own: a deep place must not hide the reason.
        if path.iter().next().is_some() { format!("`{}`: {}", brief(path), brief(error)) } else { brief(error) }
    })
}

/// A text of limited length: serde quotes the wrong value, however long it is.
pub(super) fn brief(text: impl Display) -> String {
    const MOST: usize = 300;
    let text = text.to_string();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{} ...", &text[..end]),
        None => text,
    }
}

/// One request as clients write it. async-graphql's own decoding treats a missing `query` as an empty one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a request object with `query`")]
struct Parameters {
    query: Option<String>,
    document_id: Option<String>,
    operation_name: Option<String>,
    #[serde(default)]
    variables: Variables,
    extensions: Option<HashMap<String, Value>>,
}

/// Neither the text of a document nor its id.
struct NoDocument;

impl TryFrom<Parameters> for Params {
    type Error = NoDocument;

    fn try_from(Parameters { query, document_id, operation_name, variables, extensions }: Parameters) -> Result<Self, NoDocument> {
        let extensions = extensions.unwrap_or_default();
        let document = match &query {
            Some(_) => None,
            None => Some(
                document_id.map_or_else(|| persisted(&extensions), |id| Some(NamedDocument { id, sends_text: false })).ok_or(NoDocument)?,
            ),
        };
        let mut request = Request::new(query.unwrap_or_default()).variables(variables);
        request.operation_name = operation_name;
        request.extensions.0 = extensions;
        Ok(Self { request, document })
    }
}

/// The document that an Apollo client names by its hash.
fn persisted(extensions: &HashMap<String, Value>) -> Option<NamedDocument> {
    let Value::Object(persisted) = extensions.get(PERSISTED)? else { return None };
    let Value::String(id) = persisted.get("sha256Hash")? else { return None };
    Some(NamedDocument { id: id.clone(), sends_text: true })
}

impl<'de> Deserialize<'de> for Params {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Parameters::deserialize(deserializer)?.try_into().map_err(|NoDocument| D::Error::missing_field("query"))
    }
}

/// Decodes an array of requests, and stops at the first one too many.
struct AtMost(usize);

impl<'de> DeserializeSeed<'de> for AtMost {
    type Value = Vec<Params>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for AtMost {
    type Value = Vec<Params>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of requests")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut requests = Vec::new();
        while let Some(params) = items.next_element()? {
            if requests.len() == self.0 {
                return Err(A::Error::custom(format_args!("a batch may hold at most {} requests; send the others separately", self.0)));
            }
            requests.push(params);
        }
        if requests.is_empty() {
            return Err(A::Error::custom("a batch must hold at least one request"));
        }
        Ok(requests)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use serde_json::json;

    use super::*;

    fn decode(body: impl AsRef<[u8]>) -> Result<Requests, String> {
        from_json(body.as_ref(), 2).map_err(|rejection| {
            assert_eq!(rejection.status, StatusCode::BAD_REQUEST);
            rejection.message.into_owned()
        })
    }

    fn get(query: &str) -> Result<Params, String> {
        let request = axum::http::Request::get(format!("/graphql?{query}")).body(());
        let (parts, ()) = request.expect("a valid address").into_parts();
        from_get(&parts).map_err(|rejection| rejection.message.into_owned())
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        for (name, value) in [
            ("query", json!(0)),
            ("operationName", json!(["a"])),
            ("variables", json!("a")),
            ("variables", json!([1])),
            ("extensions", json!(false)),
        ] {
            let mut body = json!({"query": "{ a }"});
            body[name] = value;
            let message = decode(body.to_string()).expect_err("it is refused");
            assert!(message.contains(&format!("`{name}`")), "{message}");
        }
    }

    #[test]
    fn a_document_is_named_by_id_or_as_apollo_does() {
        let hash = r#"{"persistedQuery":{"version":1,"sha256Hash":"00"}}"#;
        let encoded = hash.replace('"', "%22");
        let Ok(Requests::Single(posted)) = decode(format!("{{\"variables\":{{}},\"extensions\":{hash}}}")) else { panic!("it names one") };
        for params in [*posted, get(&format!("extensions={encoded}")).expect("it names one")] {
            assert!(params.document.is_some_and(|document| document.id == "00" && document.sends_text));
        }
        let Ok(Requests::Single(posted)) = decode(r#"{"documentId":"Board"}"#) else { panic!("it names one") };
        for params in [*posted, get("documentId=Board").expect("it names one")] {
            assert!(params.document.is_some_and(|document| document.id == "Board" && !document.sends_text));
        }
        assert!(get(&format!("query={{a}}&documentId=x&extensions={encoded}")).expect("a text").document.is_none());
    }

    #[test]
    fn null_stands_for_nothing() {
        let body = r#"{"query":"{ a }","operationName":null,"variables":null,"extensions":null,"x":[1]}"#;
        let Ok(Requests::Single(request)) = decode(body) else {
            panic!("it is one request");
        };
        let request = request.request;
        assert_eq!(request.query, "{ a }");
        assert!(request.operation_name.is_none() && request.variables.is_empty());
    }

    #[test]
    fn malformed_bodies_are_refused() {
        for (body, part) in [
            (&b""[..], "empty"),
            (b"{\"query\":", "EOF"),
            (b"{\"query\":\"\xff\"}", "UTF-8"),
            (b"{} {}", "missing field `query`"),
            (b"{\"query\":\"{a}\"} x", "trailing"),
            (b"\"{ a }\"", "a request object"),
            (b"[[\"{ a }\"]]", "a request object"),
            (b"[]", "at least one"),
        ] {
            let message = decode(body).expect_err("it is refused");
            assert!(message.contains(part), "{message}");
        }
        let long = json!({"query": "{ a }", "variables": "x".repeat(10_000)}).to_string();
        assert!(decode(long).expect_err("it is refused").len() < 400);
    }

    #[test]
    fn a_wrong_request_of_a_batch_is_named() {
        let message = decode(r#"[{"query":"{ a }"},{"query":"{ a }","variables":{"v":01}}]"#).expect_err("it is refused");
        assert!(message.contains("`[1].variables.v`"), "{message}");
    }

    #[test]
    fn batches_are_bounded() {
        let batch = |n| json!(vec![json!({"query": "{ a }"}); n]).to_string();
        assert!(matches!(decode(batch(2)), Ok(Requests::Batch(two)) if two.len() == 2));
        assert!(decode(batch(3)).expect_err("too many").contains("at most 2"));
    }

    #[test]
    fn deep_variables_do_not_exhaust_the_stack() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
            let body = format!("{{\"query\":\"{{ a }}\",\"variables\":{{\"v\":{deep}}}}}");
            assert!(decode(body).expect_err("too deep").contains("recursion limit"));
        }
    }

    #[test]
    fn query_strings_are_decoded() {
        let request = get("query=%7Ba%7D&variables=%7B%22x%22%3A1%7D&operationName=A").expect("valid").request;
        assert_eq!((request.query.as_str(), request.operation_name.as_deref()), ("{a}", Some("A")));
        assert_eq!(request.variables.len(), 1);
        assert!(get("").expect_err("nothing").contains("`query` is missing"));
        assert!(get("query=%ff").expect_err("no UTF-8").contains("`query` is not valid UTF-8"));
        assert!(get("query=a&variables=%5B%5D").expect_err("a list").contains("`variables`"));
    }
}
