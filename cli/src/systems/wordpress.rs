//! WordPress: the posts of the team's blog (S7).

use std::sync::Arc;

use document::Press;
use entity::System;
use worker::outlets::wordpress::{PostStatus, WordpressOutlet, WordpressSettings, blog_url};

use super::{BY_HAND, Connector, Entry, Offer};
use crate::settings::Source;

/// WordPress.
pub const WORDPRESS: Entry = Entry {
    system: System::Wordpress,
    about: "Posts of the team's blog",
    needs: "wordpress.url, wordpress.user and wordpress.password",
    docs: "docs/integrations/wordpress.md",
    without: BY_HAND,
    read: |source| Arc::new(Wordpress(read(source))),
};

struct Wordpress(Option<WordpressSettings>);

fn read(source: &mut Source<'_>) -> Option<WordpressSettings> {
    let names = ["wordpress.url", "wordpress.user", "wordpress.password"];
    let given = names.map(|name| source.filled(name));
    let status = status(source);
    let categories = source.filled("wordpress.categories").unwrap_or_default();
    let categories = categories.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    if let Some(Err(problem)) = given[0].as_deref().map(blog_url) {
        source.problem("wordpress.url", problem);
    }
    if given[1].as_deref().is_some_and(|user| user.contains(':')) {
        source.problem("wordpress.user", "must be a user name, without the password");
    }
    if given.iter().all(Option::is_none) {
        return None;
    }
    for (name, value) in names.into_iter().zip(&given) {
        if value.is_none() {
            source.problem(name, "is needed as well: WordPress is connected by url, user and password together");
        }
    }
    let [url, user, password] = given;
    Some(WordpressSettings { url: url?, user: user?, password: password?, status, categories })
}

fn status(source: &mut Source<'_>) -> PostStatus {
    match source.filled("wordpress.status").as_deref() {
        None | Some("draft") => PostStatus::Draft,
        Some("publish") => PostStatus::Publish,
        Some(_) => {
            source.problem("wordpress.status", "must be draft (a person publishes it in WordPress) or publish");
            PostStatus::Draft
        }
    }
}

impl Connector for Wordpress {
    fn is_connected(&self) -> bool {
        self.0.is_some()
    }

    fn connect(&self, _: &Arc<Press>) -> Result<Option<Offer>, String> {
        let Some(settings) = &self.0 else { return Ok(None) };
        Ok(Some(Offer::of(Arc::new(WordpressOutlet::connect(settings)?))))
    }

    fn notes(&self) -> Vec<String> {
        let by_a_person = "wordpress.status is draft: a person publishes each new post in WordPress.";
        let is_draft = self.0.as_ref().is_some_and(|settings| settings.status == PostStatus::Draft);
        if is_draft { vec![by_a_person.to_owned()] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use document::typesetter::Typesetter;

    use super::*;

    const CONNECTED: &str = "[wordpress]\nurl = 'https://example.org/blog'\nuser = 'muster'\npassword = 'hunt er2x'\n";

    fn wordpress(file: &str) -> Result<Wordpress, Vec<String>> {
        Source::read("muster.toml", file, &BTreeMap::new(), |source| Wordpress(read(source)))
    }

    #[test]
    fn wordpress_is_connected_by_three_settings() {
        let usual = wordpress(CONNECTED).unwrap();
        let settings = usual.0.as_ref().unwrap();
        assert_eq!((&*settings.password, settings.status, &settings.categories[..]), ("hunt er2x", PostStatus::Draft, &[][..]));
        assert_eq!(usual.notes().len(), 1);
        assert!(usual.connect(&Arc::new(Press::new(Typesetter::at("typeset".into())))).is_ok_and(|offer| offer.is_some()));
        let more = wordpress(&format!("{CONNECTED}status = 'publish'\ncategories = 'Incidents, R&D, 12,'")).unwrap();
        let settings = more.0.as_ref().unwrap();
        assert_eq!((settings.status, settings.categories.join("|")), (PostStatus::Publish, "Incidents|R&D|12".to_owned()));
        assert_eq!(more.notes(), [""; 0]);
        assert!(!wordpress("").unwrap().is_connected() && !wordpress("[wordpress]\nurl = ''").unwrap().is_connected());
    }

    #[test]
    fn what_is_wrong_with_wordpress_is_told_at_once() {
        let problems = wordpress("[wordpress]\nurl = 'http://example.org'\nuser = 'muster:hunter2'\nstatus = 'private'").err().unwrap();
        assert_eq!(problems.len(), 4, "{problems:#?}");
        assert!(problems.iter().all(|problem| problem.contains("wordpress.") && !problem.contains("hunter2")), "{problems:#?}");
    }
}
