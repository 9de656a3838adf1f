//! The categories of new posts, from the settings' names to WordPress' numbers.

use domain::ports::Refusal;
use serde::Deserialize;

use super::{WordpressOutlet, wire};
use crate::outlets::client::Failed;

/// The most that WordPress lists at once.
const PAGE: usize = 100;
/// A blog with more categories than these pages hold is none that people find anything in.
const PAGES: usize = 20;

/// A category.
#[derive(Debug, Deserialize)]
pub struct Category {
    id: u64,
    name: String,
    slug: String,
}

impl Category {
    fn is(&self, wanted: &str) -> bool {
        let same = |name: &str| name.to_lowercase() == wanted.to_lowercase();
        wanted.parse() == Ok(self.id) || same(&wire::unescaped(&self.name)) || same(&self.slug)
    }
}

impl WordpressOutlet {
    /// Their numbers, asked for once.
    pub(super) async fn categories(&self) -> Result<Vec<u64>, Refusal> {
        let ask = async || {
            let there = self.all_categories().await?;
            match numbers(&self.settings.categories, &there) {
                Ok(numbers) => Ok(numbers),
                Err(problem) => Err(Refusal::Never(problem)),
            }
        };
        self.categories.get_or_try_init(ask).await.cloned()
    }

    /// What is wrong with the names in the settings.
    pub(super) async fn problem_of_categories(&self) -> Option<String> {
        match self.all_categories().await {
            Ok(there) => numbers(&self.settings.categories, &there).err(),
            Err(failed) => Some(Refusal::from(failed).reason().to_owned()),
        }
    }

    /// All that there are, because WordPress' search does not find every name: it looks for `R&D` where `R&amp;D` is stored.
    async fn all_categories(&self) -> Result<Vec<Category>, Failed> {
        let mut all = Vec::new();
        if self.settings.categories.is_empty() {
            return Ok(all);
        }
        for page in 1..=PAGES {
            let (page, per_page) = (page.to_string(), PAGE.to_string());
            let query = [("per_page", &*per_page), ("page", &*page), ("orderby", "id")];
            let some: Vec<Category> = self.ask(self.get("categories").query(&query)).await?;
            let is_last = some.len() < PAGE;
            all.extend(some);
            if is_last {
                break;
            }
        }
        Ok(all)
    }
}

fn numbers(wanted: &[String], there: &[Category]) -> Result<Vec<u64>, String> {
    let number = |wanted: &String| {
        let found = there.iter().find(|category| category.is(wanted));
        found.map(|category| category.id).ok_or_else(|| {
            format!("WordPress has no category “{wanted}”: make it there, or change wordpress.categories, and restart Muster.")
        })
    };
    wanted.iter().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_is_found_by_name_slug_or_number() {
        let category = |id, name: &str, slug: &str| Category { id, name: name.into(), slug: slug.into() };
        let there = [category(1, "Uncategorized", "uncategorized"), category(7, "R&amp;D", "rd"), category(12, "7", "seven")];
        let of = |wanted: &[&str]| numbers(&wanted.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), &there);
        assert_eq!(of(&[]), Ok(vec![]));
        assert_eq!(of(&["r&d", "UNCATEGORIZED", "seven"]), Ok(vec![7, 1, 12]));
        assert_eq!(of(&["7"]), Ok(vec![7]));
        assert!(of(&["rd", "Incidents"]).unwrap_err().contains("“Incidents”"));
    }
}
