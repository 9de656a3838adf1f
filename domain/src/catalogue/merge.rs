//! What a source says of a site, taken into what is known of it. Pure.
//!
//! By hand wins always: what somebody set here stays when a source says something else, until they leave it to sources again. What one
//! import brought, the next one replaces, whichever source it is of. Called for what people save, for lists, and for whatever reads a
//! catalogue elsewhere.

use std::collections::BTreeMap;

use entity::{Origin, SiteField, SiteOrigin, Timestamp, site};
use serde::Serialize;

use super::fields::{Entry, is_blank};

/// What is said of a site, each as [`super::fields::checked`] has it. What is not here is not said; an empty text empties a field.
pub type Values = BTreeMap<SiteField, String>;

/// What becomes, or would become, of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The field.
    pub field: SiteField,
    /// What it says.
    pub from: String,
    /// What it is to say.
    pub to: String,
}

/// What comes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// The site as it will be.
    pub entry: Entry,
    /// What changes.
    pub changes: Vec<Change>,
    /// What the source says otherwise, and stays because somebody set it by hand.
    pub kept: Vec<Change>,
}

/// Takes what `origin` says into what is known.
pub fn merge(known: &Entry, values: &Values, origin: Origin, now: Timestamp) -> Merged {
    let mut merged = Merged { entry: known.clone(), changes: Vec::new(), kept: Vec::new() };
    for (field, to) in values {
        let (field, from) = (*field, known.text(*field));
        if from == *to {
            continue;
        }
        if origin != Origin::Hand && is_kept(&known.site, field, &from) {
            merged.kept.push(Change { field, from, to: to.clone() });
            continue;
        }
        merged.entry.put(field, to, now);
        note(&mut merged.entry.site, field, to, origin, now);
        merged.changes.push(Change { field, from, to: to.clone() });
    }
    merged
}

/// Whether a field that says `text` stays when a source says something else.
pub fn is_kept(site: &site::Model, field: SiteField, text: &str) -> bool {
    match site.origins.as_ref().and_then(|origins| origins.0.get(&field)) {
        Some(SiteOrigin { origin, released, .. }) => *origin == Origin::Hand && !released,
        // Before this was kept, all was set by hand.
        None => !is_blank(field, text),
    }
}

/// Remembers that `origin` has set a field to `text`. What a source emptied, nobody has set; what a person emptied is to stay empty.
pub fn note(site: &mut site::Model, field: SiteField, text: &str, origin: Origin, now: Timestamp) {
    let origins = &mut site.origins.get_or_insert_default().0;
    if origin == Origin::Hand || !is_blank(field, text) {
        origins.insert(field, SiteOrigin { origin, at: now, released: false });
    } else {
        origins.remove(&field);
    }
}

/// Leaves to sources again what was set by hand.
pub fn release(entry: &mut Entry, fields: &[SiteField]) {
    for field in fields.iter().copied() {
        if is_kept(&entry.site, field, &entry.text(field)) {
            let at = entry.site.created_at;
            let origins = &mut entry.site.origins.get_or_insert_default().0;
            origins.entry(field).or_insert(SiteOrigin { origin: Origin::Hand, at, released: false }).released = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use entity::SiteId;
    use uuid::Uuid;

    use super::super::fields::blank;
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn new() -> Entry {
        Entry { site: blank(SiteId(Uuid::nil()), NOW), client: None }
    }

    fn said(values: &[(SiteField, &str)]) -> Values {
        values.iter().map(|(field, text)| (*field, (*text).to_owned())).collect()
    }

    fn origin(entry: &Entry, field: SiteField) -> Option<Origin> {
        entry.site.origins.as_ref()?.0.get(&field).map(|origin| origin.origin)
    }

    #[test]
    fn what_a_source_brings_the_next_one_replaces() {
        use SiteField::{Hosting, Importance, Name};
        let first = merge(&new(), &said(&[(Name, "Shop"), (Hosting, "AWS"), (Importance, "NORMAL")]), Origin::Airtable, NOW);
        assert_eq!(first.changes.len(), 2, "{:?}", first.changes);
        assert_eq!((origin(&first.entry, Hosting), origin(&first.entry, Importance)), (Some(Origin::Airtable), None));
        let later = NOW + Duration::days(1);
        let next = merge(&first.entry, &said(&[(Name, "Shop"), (Hosting, "Fly"), (Importance, "HIGH")]), Origin::Csv, later);
        assert_eq!((next.entry.text(Hosting), next.entry.text(Importance)), ("Fly".to_owned(), "HIGH".to_owned()));
        assert_eq!((origin(&next.entry, Name), origin(&next.entry, Hosting)), (Some(Origin::Airtable), Some(Origin::Csv)));
        assert!(next.kept.is_empty());
        let emptied = merge(&next.entry, &said(&[(Hosting, "")]), Origin::Csv, later);
        assert_eq!((emptied.entry.text(Hosting), origin(&emptied.entry, Hosting)), (String::new(), None));
    }

    #[test]
    fn what_is_set_by_hand_stays_and_so_does_what_was_emptied_by_hand() {
        use SiteField::{Hosting, Name, Runbook};
        let known = merge(&new(), &said(&[(Name, "Shop"), (Hosting, "AWS"), (Runbook, "https://a.example/")]), Origin::Csv, NOW).entry;
        let by_hand = merge(&known, &said(&[(Hosting, "Fly"), (Runbook, "")]), Origin::Hand, NOW);
        assert_eq!((by_hand.changes.len(), origin(&by_hand.entry, Runbook)), (2, Some(Origin::Hand)));
        let again =
            merge(&by_hand.entry, &said(&[(Name, "The shop"), (Hosting, "AWS"), (Runbook, "https://a.example/")]), Origin::Csv, NOW);
        assert_eq!((again.entry.text(Hosting), again.entry.text(Runbook)), ("Fly".to_owned(), String::new()));
        assert_eq!(
            again.kept.iter().map(|change| (change.field, change.to.as_str())).collect::<Vec<_>>(),
            [(Hosting, "AWS"), (Runbook, "https://a.example/")]
        );
        assert_eq!(again.changes.iter().map(|change| change.field).collect::<Vec<_>>(), [Name]);
    }

    #[test]
    fn what_was_there_before_origins_were_kept_counts_as_set_by_hand() {
        use SiteField::{Hosting, Importance, RoutinelyAttacked};
        let mut known = new();
        known.put(Hosting, "AWS", NOW);
        known.put(RoutinelyAttacked, "yes", NOW);
        let merged = merge(&known, &said(&[(Hosting, "Fly"), (RoutinelyAttacked, "no"), (Importance, "HIGH")]), Origin::Csv, NOW);
        assert_eq!(merged.kept.iter().map(|change| change.field).collect::<Vec<_>>(), [Hosting, RoutinelyAttacked]);
        assert_eq!(merged.changes.iter().map(|change| change.field).collect::<Vec<_>>(), [Importance]);
    }

    #[test]
    fn what_is_left_to_sources_again_they_may_replace() {
        use SiteField::{Hosting, Runbook};
        let mut known = merge(&new(), &said(&[(Hosting, "AWS")]), Origin::Hand, NOW).entry;
        release(&mut known, &[Hosting, Runbook]);
        assert_eq!((origin(&known, Hosting), origin(&known, Runbook)), (Some(Origin::Hand), None));
        let merged = merge(&known, &said(&[(Hosting, "Fly")]), Origin::Csv, NOW);
        assert_eq!((merged.entry.text(Hosting), origin(&merged.entry, Hosting)), ("Fly".to_owned(), Some(Origin::Csv)));
        // Of before origins were kept as well.
        let mut old = new();
        old.put(Hosting, "AWS", NOW);
        release(&mut old, &[Hosting]);
        assert!(!is_kept(&old.site, Hosting, "AWS"));
        // And what is then set by hand stays again.
        let set = merge(&known, &said(&[(Hosting, "Fly")]), Origin::Hand, NOW).entry;
        assert!(is_kept(&set.site, Hosting, "Fly"));
    }

    #[test]
    fn what_says_the_same_changes_nothing_and_keeps_its_origin() {
        let known = merge(&new(), &said(&[(SiteField::Name, "Shop")]), Origin::Airtable, NOW).entry;
        let merged = merge(&known, &said(&[(SiteField::Name, "Shop")]), Origin::Csv, NOW + Duration::days(1));
        assert_eq!((merged.entry, merged.changes, merged.kept), (known, Vec::new(), Vec::new()));
    }
}
