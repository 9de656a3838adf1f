//! What a provider says of an account, wherever it says it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ports::{NoAccount, SeenAccount};
use openidconnect::AdditionalClaims;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Claims beyond those of the standard, as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Any(Map<String, Value>);

impl AdditionalClaims for Any {}

/// The claims of one account.
#[derive(Debug)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// Those of a token that has been verified.
    pub fn of_token(token: &str) -> Option<Self> {
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
        serde_json::from_slice(&payload).ok().map(Self)
    }

    /// Whether the address, and the groups if they matter, are said, if only in part.
    pub fn has_all(&self, email: &str, groups: Option<&str>) -> bool {
        self.0.contains_key(email) && groups.is_none_or(|groups| self.0.contains_key(groups) || self.has_too_many(groups))
    }

    /// Adds what another answer says and this one does not.
    ///
    /// # Errors
    /// [`NoAccount::Untrusted`] if it is about another account.
    pub fn add(&mut self, rest: Map<String, Value>) -> Result<(), NoAccount> {
        if self.0.get("sub") != rest.get("sub") {
            return Err(NoAccount::Untrusted("it describes another account than that of the token".to_owned()));
        }
        for (name, value) in rest {
            self.0.entry(name).or_insert(value);
        }
        Ok(())
    }

    /// The account.
    ///
    /// # Errors
    /// [`NoAccount::Unavailable`] if the groups matter and are too many for the provider to say.
    pub fn account(&self, issuer: &str, email: &str, groups: Option<&str>) -> Result<SeenAccount, NoAccount> {
        if let Some(groups) = groups.filter(|groups| self.has_too_many(groups)) {
            let way_out = "have it send only those that are assigned to Muster's application";
            return Err(NoAccount::Unavailable(format!("the account is in too many groups for its claim {groups}: {way_out}")));
        }
        Ok(SeenAccount {
            issuer: issuer.to_owned(),
            subject: self.text("sub").unwrap_or_default().to_owned(),
            name: self.text("name").map(str::to_owned),
            email: self.text(email).map(str::to_owned),
            email_verified: self.verifies(email),
            groups: groups.and_then(|groups| self.list(groups)),
        })
    }

    /// Whether the address in this claim is verified. The standard's claim says so of `email` alone: people may choose others as they like.
    fn verifies(&self, claim: &str) -> Option<bool> {
        let verified = self.0.get("email_verified").filter(|_| self.text(claim) == self.text("email"))?;
        verified.as_bool().or_else(|| verified.as_str()?.parse().ok())
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    fn list(&self, name: &str) -> Option<Vec<String>> {
        match self.0.get(name) {
            Some(Value::String(one)) => Some(vec![one.clone()]),
            Some(Value::Array(many)) => Some(many.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()),
            _ => None,
        }
    }

    /// Microsoft's way to say that the groups are left out: they must not count as none.
    fn has_too_many(&self, groups: &str) -> bool {
        self.0.get("_claim_names").is_some_and(|names| names.get(groups).is_some())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: &Value) -> Claims {
        Claims::of_token(&format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(value.to_string()))).unwrap()
    }

    #[test]
    fn an_account_is_read_as_providers_write_it() {
        let token = claims(&json!({
            "sub": "7", "name": "Kim", "email": "kim@example.org", "upn": "ada@example.org", "email_verified": "true", "roles": ["a", 1, "b"],
        }));
        let account = token.account("https://x", "email", Some("roles")).unwrap();
        assert_eq!((account.email.as_deref(), account.email_verified), (Some("kim@example.org"), Some(true)));
        assert_eq!(account.groups, Some(vec!["a".to_owned(), "b".to_owned()]));
        let other = token.account("https://x", "upn", None).unwrap();
        assert_eq!(
            (&other.groups, token.account("https://x", "email", Some("teams")).unwrap().groups),
            (&None, None),
            "nothing is said of them"
        );
        assert_eq!((other.email.as_deref(), other.email_verified), (Some("ada@example.org"), None), "that is said of another address");
        let bare = claims(&json!({ "sub": "7", "roles": "a" })).account("https://x", "email", Some("roles")).unwrap();
        assert_eq!((bare.email, bare.email_verified, bare.groups), (None, None, Some(vec!["a".to_owned()])));
    }

    #[test]
    fn groups_that_are_left_out_are_not_none() {
        let token = claims(&json!({ "sub": "7", "email": "kim@example.org", "_claim_names": { "groups": "src1" } }));
        assert!(token.has_all("email", Some("groups")));
        assert!(matches!(token.account("https://x", "email", Some("groups")), Err(NoAccount::Unavailable(_))));
        assert!(token.account("https://x", "email", None).is_ok());
    }

    #[test]
    fn what_is_said_of_another_account_is_refused() {
        let other = claims(&json!({ "sub": "8", "email": "ada@example.org" })).0;
        assert!(matches!(claims(&json!({ "sub": "7" })).add(other), Err(NoAccount::Untrusted(_))));
        let same = claims(&json!({ "sub": "7", "email": "kim@example.org", "groups": ["a"], "name": "K" })).0;
        let mut token = claims(&json!({ "sub": "7", "name": "Kim" }));
        token.add(same).unwrap();
        let account = token.account("https://x", "email", Some("groups")).unwrap();
        assert_eq!(
            (account.name.as_deref(), account.email.as_deref(), account.groups),
            (Some("Kim"), Some("kim@example.org"), Some(vec!["a".to_owned()]))
        );
    }
}
