//! Tests the connection without changing anything.

use domain::ports::{Finding, Refusal};

use super::ZendeskOutlet;
use super::wire::{Account, Me, Tickets};
use crate::outlets::client::Failed;

/// No ticket has this external id; searching for it shows whether we may search.
const NOBODYS: &str = "muster-check";

impl ZendeskOutlet {
    /// What works and what doesn't; each step only runs if the one before worked.
    pub(super) async fn findings(&self) -> Vec<Finding> {
        let reached = format!("{} answers", self.api.base());
        let me: Me = match self.api.get("/api/v2/users/me").send().await {
            Ok(me) => me,
            Err(failed) => return vec![Finding { what: reached, problem: Some(reason(failed)) }],
        };
        let mut findings = vec![Finding { what: reached, problem: None }];
        let is_in = of_account(&me.user);
        let goes_on = is_in.problem.is_none();
        findings.push(is_in);
        if goes_on {
            let seen = self.api.get("/api/v2/tickets").query(&[("external_id", NOBODYS)]).send::<Tickets>().await;
            let problem = seen.err().map(reason);
            findings.push(Finding { what: "Muster may see tickets".to_owned(), problem });
        }
        findings
    }
}

/// A wrong token gets a success with an anonymous account, so success alone says nothing.
fn of_account(account: &Account) -> Finding {
    let name = account.name.as_deref().unwrap_or("an account without a name");
    let role = account.role.as_deref().unwrap_or("none");
    let (what, problem) = match account.id {
        None => {
            let problem = "Zendesk does not know them: fix zendesk.email and zendesk.api_token. The e-mail must be an agent's, without \
                           /token at the end, and token access must be enabled in Zendesk's Admin Center.";
            ("The credentials are right".to_owned(), Some(problem.to_owned()))
        }
        Some(_) if matches!(role, "agent" | "admin") => (format!("The credentials belong to {name}, whose role is {role}"), None),
        Some(_) => {
            let problem = format!("{name} has the role {role} but must be agent or admin: change the role, or use somebody else's token.");
            ("Muster signs in as an agent".to_owned(), Some(problem))
        }
    };
    Finding { what, problem }
}

fn reason(failed: Failed) -> String {
    Refusal::from(failed).reason().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_alone_does_not_mean_signed_in() {
        for (id, role, fine) in [
            (Some(1), Some("agent"), true),
            (Some(1), Some("admin"), true),
            (None, Some("end-user"), false),
            (None, Some("admin"), false),
            (Some(1), Some("end-user"), false),
            (Some(1), None, false),
        ] {
            let account = Account { id, name: Some("Muster".into()), role: role.map(Into::into) };
            assert_eq!(of_account(&account).problem.is_none(), fine, "{id:?} {role:?}");
        }
    }
}
