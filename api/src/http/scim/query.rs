//! What of the users a directory asks for.

use domain::people::provisioned::Filter;
use serde_json::Value;
use url::form_urlencoded;

use super::fault::Fault;
use super::patch::within_schema;

/// Users of one answer, unless the directory says.
const DEFAULT: u64 = 100;
/// Most users of one answer.
const MOST: u64 = 200;
/// What is never left out.
const ALWAYS: [&str; 2] = ["schemas", "id"];

/// The arguments of a request.
#[derive(Debug)]
pub struct Asked {
    pub filter: Option<Filter>,
    /// From 1.
    pub start: u64,
    pub count: u64,
    only: Vec<String>,
    except: Vec<String>,
}

impl Asked {
    pub fn read(query: Option<&str>) -> Result<Self, Fault> {
        let mut asked = Self { filter: None, start: 1, count: DEFAULT, only: Vec::new(), except: Vec::new() };
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match name.to_lowercase().as_str() {
                "filter" => asked.filter = Some(filter(&value)?),
                "startindex" => asked.start = number("startIndex", &value)?.max(1),
                "count" => asked.count = number("count", &value)?.min(MOST),
                "attributes" => asked.only = names(&value),
                "excludedattributes" => asked.except = names(&value),
                _ => {}
            }
        }
        Ok(asked)
    }

    /// The part of `user` that is asked for.
    pub fn shape(&self, mut user: Value) -> Value {
        if let Value::Object(user) = &mut user {
            user.retain(|name, _| {
                let name = name.to_lowercase();
                let is_wanted = self.only.is_empty() || self.only.contains(&name);
                ALWAYS.contains(&name.as_str()) || (is_wanted && !self.except.contains(&name))
            });
        }
        user
    }
}

/// A negative number counts as none.
fn number(name: &str, text: &str) -> Result<u64, Fault> {
    let number: i64 = text.trim().parse().map_err(|_| Fault::invalid("invalidValue", format!("{name} must be a number.")))?;
    Ok(u64::try_from(number).unwrap_or(0))
}

/// Attributes by name, in lower case. Of one with parts, all are meant.
fn names(list: &str) -> Vec<String> {
    let name = |name: &str| within_schema(name.trim()).split('.').next().unwrap_or_default().to_lowercase();
    list.split(',').map(name).filter(|name| !name.is_empty()).collect()
}

fn filter(text: &str) -> Result<Filter, Fault> {
    let wrong = || {
        let known = "userName, externalId and emails.value, each as in: userName eq \"sam@example.org\"";
        Fault::invalid("invalidFilter", format!("The filters that are known: {known}."))
    };
    let [attribute, operator, value] = parts(text.trim()).ok_or_else(wrong)?;
    let Ok(Value::String(value)) = serde_json::from_str(value.trim()) else { return Err(wrong()) };
    // Nobody has such a name, and PostgreSQL takes no NUL.
    if !operator.eq_ignore_ascii_case("eq") || value.contains(char::is_control) {
        return Err(wrong());
    }
    let attribute = within_schema(attribute).to_lowercase();
    match attribute.as_str() {
        "username" => Ok(Filter::UserName(value)),
        "externalid" => Ok(Filter::ExternalId(value)),
        "emails" | "emails.value" => Ok(Filter::Email(value)),
        attribute if attribute.starts_with("emails[") && attribute.ends_with("].value") => Ok(Filter::Email(value)),
        _ => Err(wrong()),
    }
}

/// Attribute, operator and value. An attribute may have a filter of its own.
fn parts(text: &str) -> Option<[&str; 3]> {
    let inner = text.split_once(']').filter(|(start, _)| start.contains('[')).map_or(0, |(start, _)| start.len());
    let end = inner + text[inner..].find(' ')?;
    let (operator, value) = text[end..].trim_start().split_once(' ')?;
    Some([&text[..end], operator, value])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn filters_of_directories_are_understood() {
        let sam = || "sam@example.org".to_owned();
        for (text, expected) in [
            ("userName eq \"sam@example.org\"", Filter::UserName(sam())),
            ("username EQ \"sam@example.org\"", Filter::UserName(sam())),
            ("urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"sam@example.org\"", Filter::UserName(sam())),
            ("userName eq \"a \\\"b\\\" c\"", Filter::UserName("a \"b\" c".to_owned())),
            ("externalId eq \"00u1\"", Filter::ExternalId("00u1".to_owned())),
            ("emails.value eq \"sam@example.org\"", Filter::Email(sam())),
            ("emails[type eq \"work\"].value eq \"sam@example.org\"", Filter::Email(sam())),
        ] {
            assert_eq!(filter(text).unwrap(), expected, "{text}");
        }
        for wrong in [
            "",
            "userName",
            "userName pr",
            "userName co \"sam\"",
            "userName eq sam",
            "userName eq \"a\" and active eq true",
            "title eq \"x\"",
            "userName eq \"\\u0000\"",
        ] {
            assert!(filter(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn pages_and_attributes_are_as_asked() {
        let asked = Asked::read(Some("startIndex=0&count=1000&attributes=userName,emails.value")).unwrap();
        assert_eq!((asked.start, asked.count), (1, MOST));
        let user = json!({ "schemas": [], "id": "1", "userName": "sam", "emails": [], "active": true, "meta": {} });
        assert_eq!(asked.shape(user.clone()), json!({ "schemas": [], "id": "1", "userName": "sam", "emails": [] }));
        let asked = Asked::read(Some("count=-1&excludedAttributes=id,active")).unwrap();
        assert_eq!(asked.count, 0);
        assert_eq!(asked.shape(user), json!({ "schemas": [], "id": "1", "userName": "sam", "emails": [], "meta": {} }));
        assert!(Asked::read(Some("startIndex=x")).is_err());
    }
}
