//! Responses as they are sent, whatever the protocol.

use async_graphql::{ErrorExtensionValues, Response as GqlResponse, ServerError, Value};
use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::error::code;

use super::media::Media;

/// An error with a code and no place in the query.
pub(super) fn refused(code: &'static str, message: impl Into<String>) -> ServerError {
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", code);
    let mut error = ServerError::new(message, None);
    error.extensions = Some(extensions);
    error
}

/// True when nothing was executed: there is no data, and no error has a path into it.
pub(super) fn is_request_error(response: &GqlResponse) -> bool {
    response.data == Value::Null && !response.errors.is_empty() && response.errors.iter().all(|error| error.path.is_empty())
}

/// Adds a code to the parser's and validator's errors, which have none, and limits their number.
pub(super) fn with_codes(mut response: GqlResponse) -> GqlResponse {
    const MOST: usize = 100;
    if is_request_error(&response) {
        response.errors.truncate(MOST);
        for error in &mut response.errors {
            let extensions = error.extensions.get_or_insert_default();
            if extensions.get("code").is_none() {
                extensions.set("code", code::BAD_USER_INPUT);
            }
        }
    }
    response
}

/// The code of the first error, if there is one.
pub(crate) fn code_of(response: &GqlResponse) -> Option<&str> {
    match response.errors.first()?.extensions.as_ref()?.get("code")? {
        Value::String(code) => Some(code),
        _ => None,
    }
}

/// A response as it is sent. The specification wants no `data` if nothing was executed, whereas
/// async-graphql would write `null`.
pub(super) struct Payload<'a>(pub(super) &'a GqlResponse);

impl Payload<'_> {
    /// As JSON.
    pub(super) fn text(&self) -> serde_json::Result<Vec<u8>> {
        let mut text = Vec::new();
        self.write(&mut text)?;
        Ok(text)
    }

    /// Adds it to `text` as JSON.
    pub(super) fn write(&self, text: &mut Vec<u8>) -> serde_json::Result<()> {
        let response = self.0;
        let mut before = b'{';
        let mut key = |text: &mut Vec<u8>, key: &str| {
            text.push(std::mem::replace(&mut before, b','));
            text.extend_from_slice(key.as_bytes());
        };
        if !response.errors.is_empty() {
            key(text, "\"errors\":");
            serde_json::to_writer(&mut *text, &response.errors)?;
        }
        if !is_request_error(response) {
            key(text, "\"data\":");
            write_value(&response.data, text)?;
        }
        if !response.extensions.is_empty() {
            key(text, "\"extensions\":");
            serde_json::to_writer(&mut *text, &response.extensions)?;
        }
        text.push(b'}');
        Ok(())
    }
}

/// Adds a value of an answer to `text` as JSON.
fn write_value(value: &Value, text: &mut Vec<u8>) -> serde_json::Result<()> {
    match value {
        // JSON that the gateway has written before.
        Value::Binary(written) => text.extend_from_slice(written),
        Value::List(items) => {
            text.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(b',');
                }
                write_value(item, text)?;
            }
            text.push(b']');
        }
        Value::Object(fields) => {
            text.push(b'{');
            for (index, (name, value)) in fields.iter().enumerate() {
                if index > 0 {
                    text.push(b',');
                }
                serde_json::to_writer(&mut *text, name)?;
                text.push(b':');
                write_value(value, text)?;
            }
            text.push(b'}');
        }
        value => serde_json::to_writer(&mut *text, value)?,
    }
    Ok(())
}

/// A JSON answer with the headers common to all answers.
pub(super) fn json(status: StatusCode, media: Media, text: serde_json::Result<Vec<u8>>) -> Response {
    match text {
        Ok(bytes) => {
            let headers = [(header::CONTENT_TYPE, media.content_type())];
            (status, PLAIN, headers, bytes).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a GraphQL response is not serializable");
            (StatusCode::INTERNAL_SERVER_ERROR, PLAIN).into_response()
        }
    }
}

/// Answers are for one caller at one moment, and nothing a browser should interpret.
pub(super) const PLAIN: [(HeaderName, HeaderValue); 2] =
    [(header::CACHE_CONTROL, HeaderValue::from_static("no-store")), (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))];

#[cfg(test)]
mod tests {
    use async_graphql::{Name, PathSegment};

    use super::*;

    fn text(response: &GqlResponse) -> String {
        String::from_utf8(Payload(response).text().expect("it can be written")).expect("it is UTF-8")
    }

    #[test]
    fn what_was_written_before_is_sent_as_it_is() {
        let written = Value::Binary(br#"{"a":[1]}"#.as_slice().into());
        let fields = [("b", Value::List(vec![written.clone(), Value::Null])), ("c", "d\n".into()), ("e", written)];
        let data = Value::Object(fields.into_iter().map(|(name, value)| (Name::new(name), value)).collect());
        assert_eq!(text(&GqlResponse::new(data)), r#"{"data":{"b":[{"a":[1]},null],"c":"d\n","e":{"a":[1]}}}"#);
    }

    #[test]
    fn values_are_written_as_serde_does() {
        let json = serde_json::json!({ "a": [1, -2.5, true, null, "\u{1}\u{2028}"], "b \"": {}, "c": [] });
        let data = Value::from_json(json).expect("JSON is a value");
        let mut failed = GqlResponse::new(data.clone());
        failed.errors = vec![refused(code::INTERNAL, "no").with_path(vec![PathSegment::Index(1)])];
        let (errors, data) = (serde_json::to_string(&failed.errors).expect("errors"), serde_json::to_string(&data).expect("data"));
        assert_eq!(text(&failed), format!("{{\"errors\":{errors},\"data\":{data}}}"));
        let refusal = GqlResponse::from_errors(vec![refused(code::BAD_USER_INPUT, "no")]);
        assert!(!text(&refusal).contains("data"));
    }
}
