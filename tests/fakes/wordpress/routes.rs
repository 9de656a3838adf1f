//! What WordPress answers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{KIM, ME, Post, Role, State, USER};
use crate::fakes::http::{Reply, Request};

const ROOT: &str = "/wp-json/wp/v2/";
/// The arguments of a list that the fake knows.
const LISTED: [&str; 8] = ["slug", "status", "context", "orderby", "order", "per_page", "page", "_fields"];
/// The fields of a post that the fake takes.
const WRITTEN: [&str; 5] = ["title", "content", "status", "slug", "categories"];
const STATUSES: [&str; 5] = ["publish", "future", "draft", "pending", "private"];

type Outcome = Result<Reply, Reply>;

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Contributor => "contributor",
            Self::Author => "author",
            Self::Administrator => "administrator",
        }
    }

    fn may(self, capability: &str) -> bool {
        match capability {
            "read" | "edit_posts" => true,
            "edit_published_posts" | "publish_posts" => self != Self::Contributor,
            _ => self == Self::Administrator,
        }
    }

    fn capabilities(self) -> Value {
        let all = ["read", "edit_posts", "edit_published_posts", "publish_posts", "edit_others_posts", "unfiltered_html"];
        all.into_iter().filter(|capability| self.may(capability)).map(|name| (name.to_owned(), json!(true))).collect::<Map<_, _>>().into()
    }
}

impl Post {
    pub(super) fn json(&self, url: &str) -> Value {
        let address = match self.status.as_str() {
            "publish" => format!("{url}/{}/", self.slug),
            _ => format!("{url}/?p={}", self.id),
        };
        json!({
            "id": self.id, "slug": self.slug, "status": self.status, "type": "post", "link": address, "author": self.author,
            "title": { "raw": self.title, "rendered": self.title }, "categories": self.categories, "tags": [], "format": "standard",
            "content": { "raw": self.content, "rendered": self.content, "protected": false, "block_version": 0 },
        })
    }
}

impl State {
    pub(super) fn answer(&mut self, url: &str, request: &Request) -> Outcome {
        let Some(path) = request.path.strip_prefix(ROOT) else { return Ok(Reply::text(404, "<html><body>Nothing here</body></html>")) };
        let is_me = self.is_me(request);
        match (request.method.as_str(), path.split('/').collect::<Vec<_>>().as_slice()) {
            ("GET", ["users", "me"]) => self.account(is_me),
            ("GET", ["categories"]) => self.list_categories(request),
            ("GET", ["posts"]) => self.find(url, request, is_me),
            ("POST", ["posts"]) => self.create(url, request, is_me),
            ("GET", ["posts", id]) => Ok(Reply::json(200, &self.editable(id, request, is_me, "rest_forbidden_context")?.json(url))),
            ("POST", ["posts", id]) => self.update(url, id, request, is_me),
            _ => Err(refusal(404, "rest_no_route", "No route was found matching the URL and request method.")),
        }
    }

    fn is_me(&self, request: &Request) -> bool {
        let given = request.header("authorization").and_then(|header| header.strip_prefix("Basic "));
        let given = given.and_then(|encoded| String::from_utf8(STANDARD.decode(encoded).ok()?).ok());
        let plain = |password: &str| password.split_whitespace().collect::<String>();
        given.and_then(|pair| pair.split_once(':').map(|(user, password)| user == USER && plain(password) == plain(&self.password)))
            == Some(true)
    }

    fn account(&self, is_me: bool) -> Outcome {
        if !is_me {
            return Err(refusal(401, "rest_not_logged_in", "You are not currently logged in."));
        }
        Ok(Reply::json(
            200,
            &json!({ "id": ME, "username": USER, "name": "Muster", "roles": [self.role.name()], "capabilities": self.role.capabilities() }),
        ))
    }

    fn list_categories(&self, request: &Request) -> Outcome {
        let number = |name: &str, usual: usize| request.argument(name).map_or(Some(usual), |text| text.parse().ok());
        let (Some(page @ 1..), Some(per_page @ 1..=100)) = (number("page", 1), number("per_page", 10)) else {
            return Err(invalid("per_page", "per_page must be between 1 (inclusive) and 100 (inclusive)"));
        };
        let some = self.categories.iter().skip((page - 1) * per_page).take(per_page);
        let json = |(id, name, slug): &(u64, String, String)| json!({ "id": id, "name": name, "slug": slug, "taxonomy": "category" });
        Ok(Reply::json(200, &some.map(json).collect()))
    }

    fn find(&self, url: &str, request: &Request, is_me: bool) -> Outcome {
        if let Some((unknown, _)) = request.query.iter().find(|(name, _)| !LISTED.contains(&name.as_str())) {
            return Err(invalid(unknown, "the fake does not know it"));
        }
        let list = |name: &str| request.argument(name).map(|text| text.split(',').collect::<Vec<_>>());
        let (slugs, statuses) = (list("slug"), list("status").unwrap_or_else(|| vec!["publish"]));
        if !is_me && statuses != ["publish"] {
            let mut refused = invalid_json("status", "Status is forbidden.");
            let details =
                json!({ "status": { "code": "rest_forbidden_status", "message": "Status is forbidden.", "data": { "status": 401 } } });
            refused["data"]["details"] = details;
            return Err(Reply::json(400, &refused));
        }
        let is_listed = |post: &&Post| {
            let of_status = statuses.contains(&post.status.as_str()) || (statuses.contains(&"any") && post.status != "trash");
            let is_seen = post.author == ME || post.status == "publish" || self.role.may("edit_others_posts");
            of_status && is_seen && slugs.as_ref().is_none_or(|slugs| slugs.contains(&post.slug.as_str()))
        };
        Ok(Reply::json(200, &self.posts.values().filter(is_listed).map(|post| post.json(url)).collect()))
    }

    /// A post that the caller may change.
    fn editable(&self, id: &str, request: &Request, is_me: bool, code: &str) -> Result<Post, Reply> {
        let post = id.parse().ok().and_then(|id| self.posts.get(&id));
        let post = post.ok_or_else(|| refusal(404, "rest_post_invalid_id", "Invalid post ID."))?;
        let is_edited = request.method == "POST" || request.argument("context") == Some("edit");
        if is_edited && !(is_me && (post.author == ME || self.role.may("edit_others_posts"))) {
            return Err(refusal(if is_me { 403 } else { 401 }, code, "Sorry, you are not allowed to edit this post."));
        }
        Ok(post.clone())
    }

    fn create(&mut self, url: &str, request: &Request, is_me: bool) -> Outcome {
        if !is_me {
            return Err(refusal(401, "rest_cannot_create", "Sorry, you are not allowed to create posts as this user."));
        }
        let body = written(request)?;
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if text("title").is_empty() && text("content").is_empty() {
            return Err(refusal(400, "empty_content", "Content, title, and excerpt are empty."));
        }
        let status = body.get("status").and_then(Value::as_str).unwrap_or("draft");
        if status == "publish" && !self.role.may("publish_posts") {
            return Err(refusal(403, "rest_cannot_publish", "Sorry, you are not allowed to publish posts in this post type."));
        }
        let id = self.add(ME, &text("slug"), status);
        let post = self.posts.get_mut(&id).expect("it was just made");
        post.set(&body);
        Ok(Reply::json(201, &post.json(url)).header("location", format!("{url}{ROOT}posts/{id}")))
    }

    fn update(&mut self, url: &str, id: &str, request: &Request, is_me: bool) -> Outcome {
        let id = self.editable(id, request, is_me, "rest_cannot_edit")?.id;
        let body = written(request)?;
        let post = self.posts.get_mut(&id).expect("it is editable");
        if ["publish", "private"].contains(&post.status.as_str()) && !self.role.may("edit_published_posts") {
            return Err(refusal(403, "rest_cannot_edit", "Sorry, you are not allowed to edit this post."));
        }
        post.set(&body);
        Ok(Reply::json(200, &post.json(url)))
    }

    /// Makes an empty post. A slug that is taken gets a number, except a draft's.
    pub(super) fn add(&mut self, author: u64, slug: &str, status: &str) -> u64 {
        let is_taken = |slug: &str| self.posts.values().any(|post| post.slug == slug);
        let numbered = || (2..).map(|number| format!("{slug}-{number}")).find(|slug| !is_taken(slug));
        let own = if status == "draft" || !is_taken(slug) { None } else { numbered() };
        let id = self.next;
        self.next += 1;
        let (slug, status) = (own.unwrap_or_else(|| slug.to_owned()), status.to_owned());
        let title = if author == KIM { "Somebody's".to_owned() } else { String::new() };
        self.posts.insert(id, Post { id, slug, status, title, content: String::new(), categories: vec![1], author });
        id
    }
}

impl Post {
    fn set(&mut self, body: &Map<String, Value>) {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        if let Some(title) = text("title") {
            self.title = title;
        }
        if let Some(content) = text("content") {
            self.content = content;
        }
        if let Some(status) = text("status") {
            self.status = status;
        }
        if let Some(categories) = body.get("categories").and_then(Value::as_array) {
            self.categories = categories.iter().filter_map(Value::as_u64).collect();
        }
    }
}

/// The fields of a body.
fn written(request: &Request) -> Result<Map<String, Value>, Reply> {
    let body = request.json().and_then(|body| body.as_object().cloned());
    let body = body.ok_or_else(|| refusal(400, "rest_invalid_json", "Invalid JSON body passed."))?;
    if let Some(unknown) = body.keys().find(|name| !WRITTEN.contains(&name.as_str())) {
        return Err(invalid(unknown, "the fake does not take it"));
    }
    match body.get("status") {
        Some(status) if !status.as_str().is_some_and(|status| STATUSES.contains(&status)) => {
            let why = "status is not one of publish, future, draft, pending, and private.";
            let mut refused = invalid_json("status", why);
            refused["data"]["details"] = json!({ "status": { "code": "rest_not_in_enum", "message": why, "data": null } });
            Err(Reply::json(400, &refused))
        }
        _ => Ok(body),
    }
}

fn refusal(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({ "code": code, "message": message, "data": { "status": status } }))
}

fn invalid(parameter: &str, why: &str) -> Reply {
    Reply::json(400, &invalid_json(parameter, why))
}

fn invalid_json(parameter: &str, why: &str) -> Value {
    let message = format!("Invalid parameter(s): {parameter}");
    json!({ "code": "rest_invalid_param", "message": message, "data": { "status": 400, "params": { (parameter): why }, "details": {} } })
}
