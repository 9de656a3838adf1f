//! The media type of an answer, from what a client accepts.

use axum::http::{HeaderMap, HeaderValue, header};

/// The media types of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    Json,
    GraphqlResponse,
}

impl Media {
    pub(super) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        })
    }

    /// The type to answer with; `None` if the client accepts neither. If the client weighs
    /// both alike, the newer one is used if it is named, otherwise `application/json`.
    pub(super) fn negotiate(headers: &HeaderMap) -> Option<Self> {
        if !headers.contains_key(header::ACCEPT) {
            return Some(Self::Json);
        }
        let newer = accepted(headers, "application/graphql-response+json");
        let json = accepted(headers, "application/json");
        match (newer.weight, json.weight) {
            (0, 0) => None,
            (newer_weight, json_weight) if newer_weight > json_weight || newer_weight == json_weight && newer.exact => {
                Some(Self::GraphqlResponse)
            }
            (_, 0) => Some(Self::GraphqlResponse),
            _ => Some(Self::Json),
        }
    }
}

/// How much a client wants a media type.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Accepted {
    /// Quality in thousandths; 0 if it is not accepted.
    pub(super) weight: u16,
    /// Whether the type is named, rather than matched by a wildcard.
    pub(super) exact: bool,
}

/// Looks up a media type in the `Accept` headers; the most specific range decides.
pub(super) fn accepted(headers: &HeaderMap, media: &str) -> Accepted {
    let main = media.split_once('/').map_or(media, |(main, _)| main);
    let mut best = (0, Accepted::default());
    let ranges = headers.get_all(header::ACCEPT).into_iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    for range in ranges {
        let mut pieces = range.split(';').map(str::trim);
        let name = pieces.next().unwrap_or_default();
        let specificity = if name.eq_ignore_ascii_case(media) {
            3
        } else if name.strip_suffix("/*").is_some_and(|range| range.eq_ignore_ascii_case(main)) {
            2
        } else if name == "*/*" {
            1
        } else {
            continue;
        };
        let quality = pieces
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.eq_ignore_ascii_case("q"))
            .map_or(1.0, |(_, value)| value.parse().unwrap_or(0.0));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
        let weight = (f32::clamp(quality, 0.0, 1.0) * 1000.0) as u16;
        if specificity > best.0 {
            best = (specificity, Accepted { weight, exact: specificity == 3 });
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiated(accept: &str) -> Option<Media> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().expect("a header value"));
        Media::negotiate(&headers)
    }

    #[test]
    fn the_heavier_type_wins() {
        use Media::{GraphqlResponse, Json};
        assert_eq!(Media::negotiate(&HeaderMap::new()), Some(Json));
        for (accept, media) in [
            ("*/*", Some(Json)),
            ("application/*", Some(Json)),
            ("text/html, */*;q=0.8", Some(Json)),
            ("application/json", Some(Json)),
            ("application/graphql-response+json; charset=utf-8", Some(GraphqlResponse)),
            ("application/graphql-response+json, application/json", Some(GraphqlResponse)),
            ("application/json, application/graphql-response+json", Some(GraphqlResponse)),
            ("application/json, application/graphql-response+json;q=0.9", Some(Json)),
            ("application/graphql-response+json;q=0.9, application/json;q=0.5", Some(GraphqlResponse)),
            ("application/json;q=0, */*", Some(GraphqlResponse)),
            ("application/json;q=0", None),
            ("text/html", None),
            ("", None),
        ] {
            assert_eq!(negotiated(accept), media, "{accept}");
        }
    }

    #[test]
    fn several_headers_count_as_one() {
        let mut headers = HeaderMap::new();
        headers.append(header::ACCEPT, HeaderValue::from_static("text/html"));
        headers.append(header::ACCEPT, HeaderValue::from_static("application/json"));
        assert_eq!(Media::negotiate(&headers), Some(Media::Json));
    }
}
