//! The company's identity provider.

use async_trait::async_trait;
use entity::Timestamp;

/// Where a browser goes to sign in, and what it must bring back or we must know again.
#[derive(Clone, Debug)]
pub struct Departure {
    /// The provider's page.
    pub url: String,
    /// Comes back with the browser.
    pub state: String,
    /// Is in the token.
    pub nonce: String,
    /// Proves that we are those who sent the browser (PKCE).
    pub verifier: String,
}

/// What a browser came back with, and what we know of its departure.
#[derive(Clone)]
pub struct Arrival {
    /// What the provider gives a token for, once.
    pub code: String,
    /// As in [`Departure`].
    pub nonce: String,
    /// As in [`Departure`].
    pub verifier: String,
}

/// An account as the provider describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenAccount {
    /// The provider, by its own name.
    pub issuer: String,
    /// The account, by the provider's name for it, which never changes.
    pub subject: String,
    /// For people.
    pub name: Option<String>,
    /// The address.
    pub email: Option<String>,
    /// Whether the provider has made sure that the address is theirs; `None` if it does not say.
    pub email_verified: Option<bool>,
    /// The groups that the account is in; `None` if the provider does not say.
    pub groups: Option<Vec<String>>,
}

/// Why there is no account. The reasons are for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAccount {
    /// The provider can't be reached, refuses us, or answers what nobody understands.
    Unavailable(String),
    /// It does not take the code: it is too old, or was used before.
    Stale(String),
    /// Its clock and ours differ.
    Clock(String),
    /// What came is not from it, not for us, or not for this browser.
    Untrusted(String),
}

impl NoAccount {
    /// Why.
    pub fn reason(&self) -> &str {
        match self {
            Self::Unavailable(reason) | Self::Stale(reason) | Self::Clock(reason) | Self::Untrusted(reason) => reason,
        }
    }
}

/// Signs people in with an account that they have elsewhere.
#[async_trait]
pub trait IdentityProvider: Send + Sync {
    /// Prepares a sign-in that comes back to the address `back`.
    ///
    /// # Errors
    /// [`NoAccount::Unavailable`].
    async fn depart(&self, back: &str) -> Result<Departure, NoAccount>;

    /// Finds out who came back to `back`.
    ///
    /// # Errors
    /// [`NoAccount`].
    async fn arrive(&self, back: &str, arrival: Arrival, now: Timestamp) -> Result<SeenAccount, NoAccount>;
}
