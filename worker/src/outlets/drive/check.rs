//! Tests the connection without changing anything.

use domain::ports::{Finding, Refusal};

use super::DriveOutlet;

impl DriveOutlet {
    /// What works and what doesn't; each step only runs if the one before worked.
    pub(super) async fn findings(&self) -> Vec<Finding> {
        let who = self.tokens.who();
        let known = format!("Google knows {who}");
        if let Err(failed) = self.tokens.get().await {
            return vec![Finding { what: known, problem: Some(Refusal::from(failed).reason().to_owned()) }];
        }
        let known = Finding { what: known, problem: None };
        let filed = match self.home().await {
            Ok(home) => Finding { what: format!("Incidents are filed in “{}”", home.name), problem: None },
            Err(refusal) => Finding { what: "Incidents can be filed".to_owned(), problem: Some(refusal.reason().to_owned()) },
        };
        vec![known, filed]
    }
}
