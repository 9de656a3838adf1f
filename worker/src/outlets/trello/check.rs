//! Tests the connection without changing anything.

use domain::ports::{Finding, Place};
use serde::Deserialize;

use super::TrelloOutlet;
use crate::outlets::client::Failed;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Me {
    username: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
    name: String,
}

impl TrelloOutlet {
    pub(super) async fn credentials(&self) -> Finding {
        let me = self.api.get("/1/members/me").send::<Me>().await;
        match me {
            Ok(me) => Finding { what: format!("The key and token belong to {}", me.username.unwrap_or_default()), problem: None },
            Err(failed) => Finding { what: "Trello accepts the key and token".to_owned(), problem: Some(reason(failed)) },
        }
    }

    pub(super) async fn finding(&self, title: &str, place: &Place) -> Finding {
        Finding { what: format!("The board “{title}” and its lists exist"), problem: self.problem_of(place).await }
    }

    async fn problem_of(&self, place: &Place) -> Option<String> {
        let lists = self.api.get(&format!("/1/boards/{}/lists", place.board)).query(&[("fields", "name")]).send::<Vec<Named>>().await;
        let lists = match lists {
            Ok(lists) => lists,
            Err(failed) if matches!(failed.status(), Some(400 | 404)) => {
                return Some("There is no board with this id, or Muster's account is not a member of it.".to_owned());
            }
            Err(failed) => return Some(reason(failed)),
        };
        let wanted = [Some(("trello_list", &place.list)), place.done_list.as_ref().map(|list| ("trello_done_list", list))];
        let (key, _) = wanted.into_iter().flatten().find(|(_, id)| !lists.iter().any(|list| list.id == **id))?;
        let there: Vec<String> = lists.iter().map(|list| format!("{} ({})", list.name, list.id)).collect();
        Some(format!("{key} is not one of its lists, which are {}.", there.join(", ")))
    }
}

fn reason(failed: Failed) -> String {
    super::refusal(failed).reason().to_owned()
}
