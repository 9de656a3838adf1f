//! Boards, for comparing follow-ups with their cards.

use async_trait::async_trait;
use domain::ports::{Boards, Finding, Place, Refusal, SeenCard};
use serde::Deserialize;

use super::{TrelloOutlet, refusal};

/// A webhook, as Trello lists it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireWebhook {
    id: String,
    #[serde(rename = "callbackURL")]
    callback: String,
    id_model: String,
    active: bool,
}

impl TrelloOutlet {
    /// Trello switches a webhook off after its posts failed for long.
    async fn switch_on(&self, board: &str, callback: &str) -> Result<(), Refusal> {
        let path = format!("/1/tokens/{}/webhooks", self.token);
        let webhooks: Vec<WireWebhook> = self.api.get(&path).list().send().await.map_err(refusal)?;
        let is_ours = |webhook: &&WireWebhook| webhook.id_model == board && webhook.callback == callback && !webhook.active;
        for webhook in webhooks.iter().filter(is_ours) {
            self.api.put(&format!("/1/webhooks/{}", webhook.id)).query(&[("active", "true")]).answer().await.map_err(refusal)?;
            tracing::warn!(board, "Trello had switched off the webhook of a board; it is on again");
        }
        Ok(())
    }
}

#[async_trait]
impl Boards for TrelloOutlet {
    async fn cards(&self, board: &str) -> Result<Vec<SeenCard>, Refusal> {
        self.list(board).await
    }

    async fn card(&self, id: &str) -> Result<Option<SeenCard>, Refusal> {
        self.look_at(id).await
    }

    async fn inspect(&self, title: &str, place: &Place) -> Finding {
        self.finding(title, place).await
    }

    async fn watch(&self, board: &str, callback: &str) -> Result<(), Refusal> {
        let arguments = [("callbackURL", callback), ("idModel", board), ("description", "Muster")];
        match self.api.post("/1/webhooks/").query(&arguments).answer().await {
            Ok(_) => Ok(()),
            // It was created last time.
            Err(failed) if failed.status() == Some(400) && failed.words().contains("already exists") => {
                self.switch_on(board, callback).await
            }
            Err(failed) => Err(refusal(failed)),
        }
    }
}
