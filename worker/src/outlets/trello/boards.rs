//! Boards, for comparing follow-ups with their cards.

use async_trait::async_trait;
use domain::ports::{Boards, Finding, Place, Refusal, SeenCard};

use super::{TrelloOutlet, refusal};

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
            Err(failed) if failed.status() == Some(400) && failed.words().contains("already exists") => Ok(()),
            Err(failed) => Err(refusal(failed)),
        }
    }
}
