//! The API's settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use document::Press;
use document::typesetter::Typesetter;
use domain::documents::DocumentSet;
use domain::people::company::CompanyRules;
use domain::ports::{ChatEar, IdentityProvider, Topics};
use entity::Severity;

use crate::alert_sources::AlertSource;
use crate::connections::ConnectionLimits;
use crate::graphql::ShareLimits;
use crate::transport::TransportLimits;

/// The settings of an API process.
#[derive(Clone)]
pub struct Settings {
    /// The server's public address, scheme and host: for links, cookies and the origin of pages.
    pub public_url: String,
    /// Origins whose pages may call the API with a token.
    pub allowed_origins: Vec<String>,
    /// The documents that clients may name by id.
    pub trusted_documents: Arc<DocumentSet>,
    /// Whether tokens run nothing else.
    pub only_trusted_documents: bool,
    /// The bearer secret of `/hooks/…`; API tokens work as well.
    pub alerts_secret: Option<String>,
    /// What else posts alerts, by its name, for `/hooks/alerts/NAME`.
    pub alert_sources: BTreeMap<String, Arc<AlertSource>>,
    /// Verifies messages of topics, where a source has any.
    pub topics: Option<Arc<dyn Topics>>,
    /// The signing secret of the Zendesk webhook, for `/hooks/zendesk`.
    pub zendesk_secret: Option<String>,
    /// The secret with which Trello signs its webhooks.
    pub trello_secret: Option<String>,
    /// Slack's hook, where people's deeds arrive by it.
    pub slack: Option<SlackHook>,
    /// Which alerts open an incident: values of their label `severity`, in lower case, and the severity each means.
    pub alert_levels: BTreeMap<String, Severity>,
    /// Sign-in with the company's account.
    pub company: Option<Company>,
    /// Bounds of connections.
    pub connections: ConnectionLimits,
    /// What each person may have running at once.
    pub shares: ShareLimits,
    /// Static limits of GraphQL requests.
    pub limits: TransportLimits,
    /// Renders `/metrics`.
    pub metrics: Option<Render>,
    /// Whose traces requests are part of.
    pub traces: Traces,
    /// Writes documents.
    pub press: Arc<Press>,
}

/// How Slack posts.
#[derive(Clone)]
pub struct SlackHook {
    /// With which it signs.
    pub secret: String,
    /// What understands it.
    pub ear: Arc<dyn ChatEar>,
}

/// Whose traces requests are part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traces {
    /// Requests are not traced.
    Off,
    /// Each begins one of its own, whatever the caller says: else a stranger could have every request of theirs traced.
    Own,
    /// Those that say so (`traceparent`) are part of the caller's. For a server behind a gateway that strangers' words don't pass.
    Callers,
}

/// How people sign in with the company's account.
#[derive(Clone)]
pub struct Company {
    /// What the button says.
    pub label: String,
    /// Who may come in, and as what.
    pub rules: CompanyRules,
    /// Who knows the accounts.
    pub provider: Arc<dyn IdentityProvider>,
}

/// Renders metrics as text for Prometheus.
pub type Render = Arc<dyn Fn() -> String + Send + Sync>;

impl Default for Settings {
    fn default() -> Self {
        let levels = [("critical", Severity::Critical), ("major", Severity::Major), ("error", Severity::Major), ("high", Severity::Major)];
        Self {
            public_url: "http://127.0.0.1:8080".into(),
            allowed_origins: Vec::new(),
            trusted_documents: Arc::default(),
            only_trusted_documents: false,
            alerts_secret: None,
            alert_sources: BTreeMap::new(),
            topics: None,
            zendesk_secret: None,
            trello_secret: None,
            slack: None,
            alert_levels: levels.into_iter().map(|(label, severity)| (label.to_owned(), severity)).collect(),
            company: None,
            connections: ConnectionLimits::default(),
            shares: ShareLimits::default(),
            limits: TransportLimits::default(),
            metrics: None,
            traces: Traces::Off,
            press: Arc::new(Press::new(Typesetter::at("typeset".into()))),
        }
    }
}
