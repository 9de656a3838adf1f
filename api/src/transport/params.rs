//! The parameters of a request: from a JSON body, from a query string, or from a value.
//!
//! The three protocols call this after authentication. Guarantees: a body is never read beyond its
//! limit; `query` is present and a string; the error names the wrong part; deep JSON cannot
//! exhaust the stack (`serde_json` refuses more than 128 levels).

use std::{fmt, marker::PhantomData};

use async_graphql::{Request, Value, Variables};
use axum::{body::Body, extract::Query, http::request::Parts};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

use super::{body, limits::TransportLimits, rejection::Rejection};

/// One request or an array of them.
#[derive(Debug)]
pub(super) enum Requests {
    Single(Box<Request>),
    Batch(Vec<Request>),
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
pub(super) fn from_get(parts: &Parts) -> Result<Request, Rejection> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Parameters {
        query: Option<String>,
        operation_name: Option<String>,
        variables: Option<String>,
        extensions: Option<String>,
    }
    let Query(given): Query<Parameters> =
        Query::try_from_uri(&parts.uri).map_err(|error| Rejection::bad_request(format!("The query string is invalid: {error}.")))?;
    for (name, text) in [
        ("query", &given.query),
        ("operationName", &given.operation_name),
        ("variables", &given.variables),
        ("extensions", &given.extensions),
    ] {
        // Decoding a query string puts this character in place of what is not UTF-8.
        if text.as_deref().is_some_and(|text| text.contains(char::REPLACEMENT_CHARACTER)) {
            return Err(Rejection::bad_request(format!("`{name}` is not valid UTF-8.")));
        }
    }
    let mut request = Request::new(given.query.ok_or_else(|| Rejection::bad_request(NO_QUERY))?);
    request.operation_name = given.operation_name;
    if let Some(json) = given.variables.filter(|json| !json.is_empty()) {
        request.variables = Variables::from_value(Value::Object(object("variables", &json)?));
    }
    if let Some(json) = given.extensions.filter(|json| !json.is_empty()) {
        request.extensions.0 = object("extensions", &json)?;
    }
    Ok(request)
}

const NO_QUERY: &str = "`query` is missing; set it to the GraphQL text to run.";

fn from_json(body: &[u8], most: usize) -> Result<Requests, Rejection> {
    if body.is_empty() {
        return Err(Rejection::bad_request("The body is empty; send a JSON object with `query` in it."));
    }
    let text = std::str::from_utf8(body).map_err(|error| Rejection::bad_request(format!("The body is not UTF-8: {error}.")))?;
    let mut json = serde_json::Deserializer::from_str(text);
    RequestsSeed { most }
        .deserialize(&mut json)
        .and_then(|requests| json.end().map(|()| requests))
        .map_err(|error| Rejection::bad_request(format!("The body is invalid: {}.", brief(&error))))
}

fn object<T: for<'de> Deserialize<'de> + Default>(name: &'static str, text: &str) -> Result<T, Rejection> {
    let mut json = serde_json::Deserializer::from_str(text);
    ObjectSeed::new(name)
        .deserialize(&mut json)
        .and_then(|object| json.end().map(|()| object))
        .map_err(|error| Rejection::bad_request(format!("`{name}` must be a JSON object: {}.", brief(&error))))
}

/// An error text of limited length: serde quotes the wrong value, however long it is.
pub(super) fn brief(error: &serde_json::Error) -> String {
    const MOST: usize = 300;
    let text = error.to_string();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{} ...", &text[..end]),
        None => text,
    }
}

/// Decodes an object or an array of objects of limited length.
struct RequestsSeed {
    most: usize,
}

impl<'de> DeserializeSeed<'de> for RequestsSeed {
    type Value = Requests;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Requests, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for RequestsSeed {
    type Value = Requests;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a request object, or an array of them")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Requests, A::Error> {
        RequestSeed.visit_map(map).map(|request| Requests::Single(Box::new(request)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Requests, A::Error> {
        let mut requests = Vec::new();
        while let Some(request) = items.next_element_seed(RequestSeed)? {
            if requests.len() == self.most {
                return Err(A::Error::custom(format_args!("a batch may hold at most {} requests; send the others separately", self.most)));
            }
            requests.push(request);
        }
        if requests.is_empty() {
            return Err(A::Error::custom("a batch must hold at least one request"));
        }
        Ok(Requests::Batch(requests))
    }
}

/// Decodes one request object. async-graphql's own decoding treats a missing `query` as an empty
/// one and does not say which parameter is wrong.
pub(super) struct RequestSeed;

impl<'de> DeserializeSeed<'de> for RequestSeed {
    type Value = Request;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Request, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for RequestSeed {
    type Value = Request;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a request object with `query`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Request, A::Error> {
        #[derive(Deserialize)]
        #[serde(field_identifier, rename_all = "camelCase")]
        enum Key {
            Query,
            OperationName,
            Variables,
            Extensions,
            #[serde(other)]
            Other,
        }
        let mut query = None;
        let mut request = Request::new("");
        while let Some(key) = map.next_key()? {
            match key {
                Key::Query => query = map.next_value_seed(TextSeed("query"))?,
                Key::OperationName => {
                    request.operation_name = map.next_value_seed(TextSeed("operationName"))?;
                }
                Key::Variables => {
                    let values = map.next_value_seed(ObjectSeed::new("variables"))?;
                    request.variables = Variables::from_value(Value::Object(values));
                }
                Key::Extensions => {
                    request.extensions.0 = map.next_value_seed(ObjectSeed::new("extensions"))?;
                }
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        request.query = query.ok_or_else(|| A::Error::custom(NO_QUERY))?;
        Ok(request)
    }
}

/// A string or null.
struct TextSeed(&'static str);

impl<'de> DeserializeSeed<'de> for TextSeed {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for TextSeed {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` to be a string", self.0)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Some(text))
    }
}

/// An object, or null for an empty one.
struct ObjectSeed<T>(&'static str, PhantomData<T>);

impl<T> ObjectSeed<T> {
    fn new(name: &'static str) -> Self {
        Self(name, PhantomData)
    }
}

impl<'de, T: Deserialize<'de> + Default> DeserializeSeed<'de> for ObjectSeed<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for ObjectSeed<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` to be an object", self.0)
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
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

    fn get(query: &str) -> Result<Request, String> {
        let request = axum::http::Request::get(format!("/graphql?{query}")).body(());
        let (parts, ()) = request.expect("a valid address").into_parts();
        from_get(&parts).map_err(|rejection| rejection.message.into_owned())
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        for (name, value) in [
            ("query", json!(0)),
            ("query", json!(null)),
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
    fn null_stands_for_nothing() {
        let body = r#"{"query":"{ a }","operationName":null,"variables":null,"extensions":null,"x":[1]}"#;
        let Ok(Requests::Single(request)) = decode(body) else {
            panic!("it is one request");
        };
        assert_eq!(request.query, "{ a }");
        assert!(request.operation_name.is_none() && request.variables.is_empty());
    }

    #[test]
    fn malformed_bodies_are_refused() {
        for (body, part) in [
            (&b""[..], "empty"),
            (b"{\"query\":", "EOF"),
            (b"{\"query\":\"\xff\"}", "UTF-8"),
            (b"{} {}", "`query` is missing"),
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
        let request = get("query=%7Ba%7D&variables=%7B%22x%22%3A1%7D&operationName=A").expect("valid");
        assert_eq!((request.query.as_str(), request.operation_name.as_deref()), ("{a}", Some("A")));
        assert_eq!(request.variables.len(), 1);
        assert!(get("").expect_err("nothing").contains("`query` is missing"));
        assert!(get("query=%ff").expect_err("no UTF-8").contains("`query` is not valid UTF-8"));
        assert!(get("query=a&variables=%5B%5D").expect_err("a list").contains("`variables`"));
    }
}
