//! Sign-in with the company's account, by `OpenID` Connect.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::people::company::{CompanyRules, FirstSignIn};
use entity::AccessLevel;
use worker::oidc::{self, Provider, Registration};

use super::{Secret, Source};

const LABEL: &str = "Sign in with your company account";
/// Characters that fit on a button.
const LABEL_CHARS: usize = 60;

/// How people sign in with the company's account.
#[derive(Clone, Debug)]
pub struct Company {
    issuer: String,
    client_id: String,
    client_secret: Secret,
    scopes: Vec<String>,
    email_claim: String,
    groups_claim: String,
    label: String,
    rules: CompanyRules,
}

impl Company {
    /// Reads the settings; `None` if there are none.
    pub fn read(source: &mut Source<'_>) -> Option<Self> {
        let (issuer, client_id) = (source.filled("oidc.issuer"), source.filled("oidc.client_id"));
        let client_secret = source.filled("oidc.client_secret").map(Secret);
        if let Some(Err(problem)) = issuer.as_deref().map(oidc::issuer) {
            source.problem("oidc.issuer", problem);
        }
        let scopes = source.filled("oidc.scopes").unwrap_or_else(|| "openid email profile".to_owned());
        let email_claim = source.filled("oidc.email_claim").unwrap_or_else(|| "email".to_owned());
        let groups_claim = source.filled("oidc.groups_claim").unwrap_or_else(|| "groups".to_owned());
        let label = label(source);
        let rules = rules(source);
        match (issuer, client_id, client_secret) {
            (None, None, None) => None,
            (Some(issuer), Some(client_id), Some(client_secret)) => {
                let scopes = scopes.split_whitespace().map(str::to_owned).collect();
                Some(Self { issuer, client_id, client_secret, scopes, email_claim, groups_claim, label, rules })
            }
            (issuer, client_id, client_secret) => {
                let given = [issuer.is_some(), client_id.is_some(), client_secret.is_some()];
                for (key, _) in ["oidc.issuer", "oidc.client_id", "oidc.client_secret"].into_iter().zip(given).filter(|(_, given)| !given) {
                    source.problem(key, "is needed as well: issuer, client_id and client_secret belong together");
                }
                None
            }
        }
    }

    /// What the API needs. The provider is asked for nothing yet.
    ///
    /// # Errors
    /// A problem with the settings that [`Self::read`] could not see.
    pub fn connect(&self) -> anyhow::Result<api::Company> {
        let provider = Provider::new(Registration {
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.0.clone(),
            scopes: self.scopes.clone(),
            email_claim: self.email_claim.clone(),
            groups_claim: (!self.rules.levels.is_empty()).then(|| self.groups_claim.clone()),
        });
        let provider = provider.map_err(|problem| anyhow::anyhow!("oidc.issuer can't be used: {problem}."))?;
        Ok(api::Company { label: self.label.clone(), rules: self.rules.clone(), provider: Arc::new(provider) })
    }
}

fn label(source: &mut Source<'_>) -> String {
    let label = source.filled("oidc.label").unwrap_or_else(|| LABEL.to_owned());
    if label.chars().count() > LABEL_CHARS {
        source.problem("oidc.label", format_args!("must have at most {LABEL_CHARS} characters"));
    }
    label
}

fn rules(source: &mut Source<'_>) -> CompanyRules {
    let domains: BTreeSet<String> = source
        .filled("oidc.domains")
        .unwrap_or_default()
        .split(',')
        .map(|domain| domain.trim().to_lowercase())
        .filter(|domain| !domain.is_empty())
        .collect();
    if domains.iter().any(|domain| domain.contains('@') || !domain.contains('.')) {
        source.problem("oidc.domains", "must be what is behind the @ of addresses, such as example.org, example.com");
    }
    let first_sign_in = match source.filled("oidc.first_sign_in").as_deref() {
        None | Some("nobody") => FirstSignIn::Nobody,
        Some("viewer") => FirstSignIn::Viewer,
        Some(_) => {
            source.problem("oidc.first_sign_in", "must be nobody or viewer");
            FirstSignIn::Nobody
        }
    };
    if first_sign_in == FirstSignIn::Viewer && domains.is_empty() {
        let why = "is needed with oidc.first_sign_in = \"viewer\", such as example.org: at some providers everybody has an account";
        source.problem("oidc.domains", why);
    }
    let trusts_unverified = source.parsed("oidc.trust_unverified_email", "true or false").unwrap_or(false);
    CompanyRules { first_sign_in, domains, levels: levels(source), trusts_unverified }
}

/// Written as `Incident team=RESPONDER, Platform leads=ADMIN`.
fn levels(source: &mut Source<'_>) -> BTreeMap<String, AccessLevel> {
    let text = source.filled("oidc.groups").unwrap_or_default();
    let mut levels = BTreeMap::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let level = |name: &str| AccessLevel::ALL.iter().find(|level| level.as_str() == name).copied();
        // The group's name may have a = of its own.
        match pair.rsplit_once('=').and_then(|(group, name)| Some((group.trim().to_owned(), level(name.trim())?))) {
            Some((group, level)) if !group.is_empty() => drop(levels.insert(group, level)),
            _ => {
                let form = "must be pairs such as Incident team=RESPONDER, Platform leads=ADMIN";
                source.problem("oidc.groups", format_args!("{form}; `{pair}` is not one"));
            }
        }
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &str) -> Result<Option<Company>, Vec<String>> {
        Source::read("muster.toml", &format!("[oidc]\n{settings}"), &BTreeMap::new(), Company::read)
    }

    const ENOUGH: &str = "issuer = 'https://login.example.org'\nclient_id = 'muster'\nclient_secret = 'hunter2'\n";

    #[test]
    fn three_settings_are_enough_and_let_nobody_new_in() {
        assert!(read("").unwrap().is_none());
        let company = read(ENOUGH).unwrap().unwrap();
        assert_eq!((company.rules.clone(), &*company.label), (CompanyRules::default(), LABEL));
        assert!(!format!("{company:?}").contains("hunter2"));
        assert!(company.connect().is_ok());
        assert_eq!(read("issuer = 'https://login.example.org'").unwrap_err().len(), 2);
    }

    #[test]
    fn groups_name_access_levels() {
        let company = read(&format!("{ENOUGH}groups = 'cn=ops,Leads = ADMIN'")).unwrap_err();
        assert_eq!(company.len(), 1, "{company:?}");
        let company = read(&format!("{ENOUGH}groups = 'a=b=RESPONDER, Leads = ADMIN'")).unwrap().unwrap();
        let levels = [("Leads", AccessLevel::Admin), ("a=b", AccessLevel::Responder)];
        assert_eq!(company.rules.levels, levels.map(|(group, level)| (group.to_owned(), level)).into());
    }

    #[test]
    fn what_would_let_anybody_in_or_can_not_be_read_is_refused() {
        for bad in [
            "first_sign_in = 'viewer'",
            "first_sign_in = 'admin'",
            "first_sign_in = 'viewer'\ndomains = '@example.org'",
            "trust_unverified_email = 'perhaps'",
            "groups = 'Leads=BOSS'",
        ] {
            assert_eq!(read(&format!("{ENOUGH}{bad}")).unwrap_err().len(), 1, "{bad}");
        }
        assert!(read(&format!("{ENOUGH}first_sign_in = 'viewer'\ndomains = 'Example.org, example.com'")).is_ok());
        assert_eq!(read("issuer = 'http://login.example.org'\nclient_id = 'x'\nclient_secret = 'x'").unwrap_err().len(), 1);
    }
}
