//! A user as SCIM writes one.

use domain::Ctx;
use domain::people::provisioned::{Account, Wanted};
use domain::validate;
use serde_json::{Map, Value, json};

use super::fault::Fault;

/// The schema of users.
pub const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// What a directory may set, as it is now.
pub fn known(account: &Account) -> Map<String, Value> {
    let person = &account.person;
    let mut user = Map::new();
    user.insert("userName".into(), account.user_name().into());
    user.insert("displayName".into(), person.name.clone().into());
    user.insert("active".into(), person.deactivated_at.is_none().into());
    if let Some(id) = account.external_id() {
        user.insert("externalId".into(), id.into());
    }
    if let Some(address) = &person.email {
        let mut email = json!({ "value": address });
        if let Some(kind) = account.email_type() {
            email["type"] = kind.into();
        }
        user.insert("emails".into(), json!([email]));
    }
    user
}

/// The whole of it.
pub fn resource(ctx: &Ctx, account: &Account) -> Value {
    let (mut user, id) = (known(account), account.person.id.to_string());
    let location = format!("{}/scim/v2/Users/{id}", ctx.config.public_url);
    user.insert("schemas".into(), json!([SCHEMA]));
    user.insert("meta".into(), json!({ "resourceType": "User", "created": account.person.created_at, "location": location }));
    user.insert("id".into(), id.into());
    user.into()
}

/// Reads one that a directory sends.
pub fn wanted(user: &Map<String, Value>) -> Result<Wanted, Fault> {
    let Some(user_name) = text(user, "userName")? else { return Err(Fault::invalid("invalidValue", "userName is missing.")) };
    let (email, email_type) = match email(user)? {
        Some((email, kind)) => (Some(email), kind),
        // What people sign in with at the directory is an address at most companies.
        None => (validate::email("userName", &user_name).ok(), None),
    };
    Ok(Wanted { external_id: text(user, "externalId")?, name: name(user)?, active: active(user)?, user_name, email, email_type })
}

/// The value of an attribute, whose name counts in any case.
pub fn get<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.iter().find(|(known, value)| known.eq_ignore_ascii_case(name) && !value.is_null()).map(|(_, value)| value)
}

fn text(object: &Map<String, Value>, name: &'static str) -> Result<Option<String>, Fault> {
    match get(object, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Some(_) => Err(Fault::invalid("invalidValue", format!("{name} must be text."))),
    }
}

fn name(user: &Map<String, Value>) -> Result<Option<String>, Fault> {
    if let Some(name) = text(user, "displayName")? {
        return Ok(Some(name));
    }
    let Some(Value::Object(parts)) = get(user, "name") else { return Ok(None) };
    if let Some(name) = text(parts, "formatted")? {
        return Ok(Some(name));
    }
    let parts = [text(parts, "givenName")?, text(parts, "familyName")?];
    let name = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Ok(Some(name).filter(|name| !name.is_empty()))
}

/// Some directories write truth as text.
fn active(user: &Map<String, Value>) -> Result<Option<bool>, Fault> {
    match get(user, "active") {
        None => Ok(None),
        Some(Value::Bool(active)) => Ok(Some(*active)),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        Some(_) => Err(Fault::invalid("invalidValue", "active must be true or false.")),
    }
}

/// The one address that Muster has of somebody: the primary one, that of their work, or the first.
fn email(user: &Map<String, Value>) -> Result<Option<(String, Option<String>)>, Fault> {
    let wrong = || Fault::invalid("invalidValue", "emails must be a list of objects with a value each.");
    let Some(emails) = get(user, "emails") else { return Ok(None) };
    let emails: Vec<&Map<String, Value>> =
        emails.as_array().ok_or_else(wrong)?.iter().map(Value::as_object).collect::<Option<_>>().ok_or_else(wrong)?;
    let is_primary = |email: &&&Map<String, Value>| get(email, "primary").is_some_and(|primary| primary == true);
    let is_work = |email: &&&Map<String, Value>| get(email, "type").is_some_and(|kind| kind == "work");
    let with_value: Vec<&Map<String, Value>> = emails.into_iter().filter(|email| get(email, "value").is_some()).collect();
    let best = with_value.iter().find(is_primary).or_else(|| with_value.iter().find(is_work)).or(with_value.first());
    let Some(email) = best else { return Ok(None) };
    Ok(text(email, "value")?.zip(Some(text(email, "type")?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(user: &Value) -> Wanted {
        wanted(user.as_object().unwrap()).unwrap()
    }

    #[test]
    fn what_directories_send_is_understood() {
        let of_okta = read(&json!({
            "schemas": [SCHEMA], "userName": "sam@example.org", "name": { "givenName": "Sam", "familyName": "Okonjo" },
            "emails": [{ "primary": true, "value": "sam@example.org", "type": "work" }], "displayName": "Sam Okonjo", "locale": "en-US",
            "externalId": "00u1", "groups": [], "password": "secret", "active": true,
        }));
        let expected = Wanted {
            user_name: "sam@example.org".into(),
            external_id: Some("00u1".into()),
            name: Some("Sam Okonjo".into()),
            email: Some("sam@example.org".into()),
            email_type: Some("work".into()),
            active: Some(true),
        };
        assert_eq!(of_okta, expected);
        let sparse = read(&json!({ "USERNAME": "Sam@Example.org", "name": { "givenName": "Sam", "familyName": null }, "active": "False" }));
        assert_eq!((sparse.email.as_deref(), sparse.name.as_deref(), sparse.active), (Some("sam@example.org"), Some("Sam"), Some(false)));
        let of_many = json!({ "userName": "sam", "emails": [{ "value": "a@b.example", "type": "home" }, { "value": "c@d.example", "type": "work" }] });
        assert_eq!(read(&of_many).email.as_deref(), Some("c@d.example"));
    }

    #[test]
    fn what_is_no_user_is_refused() {
        for wrong in [
            json!({}),
            json!({ "userName": "" }),
            json!({ "userName": 1 }),
            json!({ "userName": "sam", "active": "perhaps" }),
            json!({ "userName": "sam", "emails": "sam@example.org" }),
            json!({ "userName": "sam", "emails": ["sam@example.org"] }),
        ] {
            assert!(wanted(wrong.as_object().unwrap()).is_err(), "{wrong}");
        }
    }
}
