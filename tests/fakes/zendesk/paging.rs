//! Lists in pages: by cursor when `page[size]` or `page[after]` is given, else by number.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::fakes::http::{Reply, Request};

const LARGEST: usize = 100;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// All at once.
    Whole,
    /// By `page[size]` and `page[after]`.
    Cursor,
    /// By `per_page` and `page`.
    Number,
}

/// One page of `all`, as the request asks for it.
pub(super) fn page(request: &Request, base: &str, name: &str, all: Vec<Value>) -> Reply {
    let by_cursor = request.query.iter().any(|(name, _)| name.starts_with("page["));
    list(if by_cursor { Kind::Cursor } else { Kind::Number }, request, base, name, all)
}

pub(super) fn list(kind: Kind, request: &Request, base: &str, name: &str, all: Vec<Value>) -> Reply {
    match kind {
        Kind::Whole => Reply::json(200, &json!({ name: all, "meta": { "has_more": false, "after_cursor": null, "before_cursor": null } })),
        Kind::Cursor => by_cursor(request, base, name, all).unwrap_or_else(|reply| reply),
        Kind::Number => by_number(request, base, name, all).unwrap_or_else(|reply| reply),
    }
}

fn by_cursor(request: &Request, base: &str, name: &str, all: Vec<Value>) -> Result<Reply, Reply> {
    let size = number(request, "page[size]")?.unwrap_or(LARGEST);
    if size == 0 || size > LARGEST {
        return Err(refuse(&format!("page[size] must be between 1 and {LARGEST}")));
    }
    let rest: Vec<Value> = match request.argument("page[after]") {
        None => all,
        Some(cursor) => {
            let last = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
            let last = last.ok_or_else(|| refuse("page[after] is not valid"))?;
            all.into_iter().skip_while(|item| item["id"] != last).skip(1).collect()
        }
    };
    let has_more = rest.len() > size;
    let items: Vec<Value> = rest.into_iter().take(size).collect();
    let after = items.last().map(|item| URL_SAFE_NO_PAD.encode(item["id"].to_string()));
    let next =
        after.as_ref().filter(|_| has_more).map(|after| link(request, base, &[("page[after]", after), ("page[size]", &size.to_string())]));
    let meta = json!({ "has_more": has_more, "after_cursor": after, "before_cursor": null });
    Ok(Reply::json(200, &json!({ name: items, "meta": meta, "links": { "next": next, "prev": null } })))
}

fn by_number(request: &Request, base: &str, name: &str, all: Vec<Value>) -> Result<Reply, Reply> {
    let size = number(request, "per_page")?.unwrap_or(LARGEST).clamp(1, LARGEST);
    let page = number(request, "page")?.unwrap_or(1).max(1);
    if name == "results" && page * size > 1000 {
        let description = "Number of results exceeds the limit of 1000";
        return Err(Reply::json(422, &json!({ "error": "Invalid search", "description": description })));
    }
    let count = all.len();
    let items: Vec<Value> = all.into_iter().skip((page - 1) * size).take(size).collect();
    let at = |page: usize| link(request, base, &[("page", &page.to_string()), ("per_page", &size.to_string())]);
    let next = (page * size < count).then(|| at(page + 1));
    let previous = (page > 1).then(|| at(page - 1));
    Ok(Reply::json(200, &json!({ name: items, "count": count, "next_page": next, "previous_page": previous })))
}

fn number(request: &Request, name: &str) -> Result<Option<usize>, Reply> {
    request.argument(name).map(|text| text.parse().map_err(|_| refuse(&format!("{name} is not a number")))).transpose()
}

fn refuse(detail: &str) -> Reply {
    Reply::json(400, &json!({ "errors": [{ "code": "InvalidPaginationParameter", "title": detail }] }))
}

/// The request's own address with other paging.
fn link(request: &Request, base: &str, paging: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let kept = request.query.iter().filter(|(name, _)| !name.starts_with("page") && name != "per_page");
    query.extend_pairs(kept);
    query.extend_pairs(paging);
    format!("{base}{}?{}", request.path, query.finish())
}
