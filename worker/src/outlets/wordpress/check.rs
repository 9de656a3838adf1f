//! Tests the connection without changing anything.

use domain::ports::{Finding, Refusal};

use super::WordpressOutlet;
use super::wire::Me;
use crate::outlets::client::Failed;

impl WordpressOutlet {
    /// What works and what doesn't; each step only runs if the one before worked.
    pub(super) async fn findings(&self) -> Vec<Finding> {
        let reached = format!("{} answers", self.api.base());
        let me = match self.me().await {
            Ok(me) => me,
            Err(failed) => return vec![Finding { what: reached, problem: Some(problem(failed)) }],
        };
        let account = match me.lacks(self.settings.status) {
            None => Finding { what: belonging(&me), problem: None },
            lacks => Finding { what: "Muster may write posts".to_owned(), problem: lacks },
        };
        let mut findings = vec![Finding { what: reached, problem: None }, account];
        if !self.settings.categories.is_empty() {
            let what = format!("New posts are in {}", self.settings.categories.join(", "));
            findings.push(Finding { what, problem: self.problem_of_categories().await });
        }
        findings
    }
}

fn belonging(me: &Me) -> String {
    let advice = "; it may also write scripts into posts, which Muster never does: an account with the role Author is enough";
    let roles = me.roles().join(", ");
    format!("The password belongs to {} ({roles}){}", me.name, if me.may("unfiltered_html") { advice } else { "" })
}

fn problem(failed: Failed) -> String {
    let status = failed.status();
    let reason = Refusal::from(failed).reason().to_owned();
    match status {
        Some(401) => {
            format!(
                "{reason} If they are right, the web server keeps the Authorization header from WordPress: docs/integrations/wordpress.md."
            )
        }
        Some(404) => format!("{reason} Check wordpress.url, and that permalinks are not “Plain” in the settings of WordPress."),
        _ => reason,
    }
}
