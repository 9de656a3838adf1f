//! How well something known fits what is asked. Pure: facts that were loaded, to a number.
//!
//! **Words.** Each word that was asked for counts by how rare it is among what is known and by how much it says of the document. One word in
//! common is chance: of the word that counts the most, only a part counts, so it takes two. What was asked for in vain counts against.
//! **The same alert** is enough by itself. **The same site** adds to words, and is nothing without them: a site has many kinds of trouble.
//! **People**: what helped rises, what somebody said is out of date falls, and below [`SUGGESTED`] it is not suggested any more.
//!
//! The numbers were chosen with the pages and incidents in `tests/e2e/known`, which hold them.

/// What fits less is not suggested.
pub const SUGGESTED: f64 = 0.15;

/// Rarities times weights that are as good as certainty.
const CERTAIN: f64 = 0.9;
/// Of the word that counts the most, this part does not count for suggestions.
const CHANCE: f64 = 0.7;
/// What words must come to before the site counts.
const SITE_FROM: f64 = 0.15;
const SAME_ALERT: f64 = 0.6;
const SAME_SITE: f64 = 0.25;
/// Of each person whom it helped, and of each who said that it is out of date; those of more people count no more.
const HELPED: f64 = 0.1;
const OUTDATED: f64 = 0.35;
const PEOPLE: u32 = 5;

/// How rare a word is that stands in `found` of `all` documents: from 0, in each, to 1, in none.
pub fn rarity(found: u32, all: u32) -> f64 {
    let (found, all) = (f64::from(found.min(all)), f64::from(all));
    (1.0 + (all - found + 0.5) / (found + 0.5)).ln() / (1.0 + (all + 0.5) / 0.5).ln()
}

/// A word that is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asked {
    /// How much it matters to who asks, of 1.
    pub weight: f64,
    /// [`rarity`].
    pub rarity: f64,
}

impl Asked {
    fn worth(self) -> f64 {
        self.weight * self.rarity
    }
}

/// What a document has of what is asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// By their places in what is asked: the words that it has, and how much each says of it, of 1.
    pub words: Vec<(usize, f64)>,
    /// Whether it is about an alert that fired.
    pub same_alert: bool,
    /// Whether it is about a site that is affected.
    pub same_site: bool,
    /// People whom it helped.
    pub helped: u32,
    /// People who said that it is out of date.
    pub outdated: u32,
}

/// How well it fits an incident, of 1.
pub fn fit(asked: &[Asked], evidence: &Evidence) -> f64 {
    let (sum, best, share) = common(asked, evidence);
    let beyond_chance = sum - CHANCE * best;
    let words = (beyond_chance / CERTAIN).min(1.0) * (0.5 + 0.5 * share);
    let alert = if evidence.same_alert { SAME_ALERT } else { 0.0 };
    let site = if evidence.same_site && beyond_chance > SITE_FROM { SAME_SITE } else { 0.0 };
    ((words + alert + site) * said(evidence)).min(1.0)
}

/// How well it answers a search, of 1: one word may be all that somebody asks for, or an alert or site whose name has no word that says anything.
pub fn answer(asked: &[Asked], evidence: &Evidence) -> f64 {
    let (_, _, share) = common(asked, evidence);
    let named = if evidence.same_alert {
        SAME_ALERT
    } else if evidence.same_site {
        SAME_SITE
    } else {
        0.0
    };
    ((named + (1.0 - named) * share) * said(evidence)).min(1.0)
}

/// What the words in common come to, the most that one of them does, and their share of what is asked.
fn common(asked: &[Asked], evidence: &Evidence) -> (f64, f64, f64) {
    let all: f64 = asked.iter().copied().map(Asked::worth).sum();
    let counted = evidence.words.iter().filter_map(|(place, weight)| Some(asked.get(*place)?.worth() * weight));
    let (sum, best) = counted.fold((0.0_f64, 0.0_f64), |(sum, best), worth| (sum + worth, best.max(worth)));
    (sum, best, if all > 0.0 { sum / all } else { 0.0 })
}

/// What people say of it, as a factor.
fn said(evidence: &Evidence) -> f64 {
    (1.0 + HELPED * f64::from(evidence.helped.min(PEOPLE))) / (1.0 + OUTDATED * f64::from(evidence.outdated.min(PEOPLE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RARE: Asked = Asked { weight: 1.0, rarity: 0.9 };

    fn words(count: usize) -> Evidence {
        Evidence { words: (0..count).map(|place| (place, 0.5)).collect(), ..Evidence::default() }
    }

    #[test]
    fn rarity_is_between_nothing_and_one() {
        for (found, all) in [(0, 0), (0, 40), (1, 40), (40, 40), (4_000, 4_000), (9, 4)] {
            let rarity = rarity(found, all);
            assert!((0.0..=1.0).contains(&rarity), "{found} of {all}: {rarity}");
        }
        assert!(rarity(1, 40) > rarity(5, 40) && (rarity(0, 40) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn one_word_is_chance_and_three_are_not() {
        let asked = [RARE; 4];
        let (one, three) = (fit(&asked, &words(1)), fit(&asked, &words(3)));
        assert!(one < SUGGESTED && three > SUGGESTED, "{one} {three}");
        assert!(answer(&asked[..1], &words(1)) > 0.4, "to who asks for one word, it is an answer");
    }

    #[test]
    fn the_same_alert_is_enough_and_the_same_site_is_not() {
        let alert = Evidence { same_alert: true, ..Evidence::default() };
        let site = Evidence { same_site: true, ..words(1) };
        assert!(fit(&[RARE; 4], &alert) > SUGGESTED && fit(&[RARE; 4], &site) < SUGGESTED);
        let both = Evidence { same_site: true, ..words(2) };
        assert!(fit(&[RARE; 4], &both) > fit(&[RARE; 4], &words(2)) + 0.2);
    }

    #[test]
    fn whoever_searches_for_an_alert_finds_what_is_about_it() {
        let alert = Evidence { same_alert: true, ..Evidence::default() };
        let named = Evidence { same_alert: true, ..words(1) };
        assert!(answer(&[], &alert) > 0.0);
        assert!(answer(&[RARE; 2], &named) > answer(&[RARE; 2], &words(1)) && answer(&[RARE; 2], &named) <= 1.0);
    }

    #[test]
    fn what_helped_rises_and_what_is_out_of_date_falls() {
        let plain = fit(&[RARE; 4], &words(3));
        let helped = fit(&[RARE; 4], &Evidence { helped: 2, ..words(3) });
        let outdated = fit(&[RARE; 4], &Evidence { outdated: 3, ..words(3) });
        assert!(helped > plain && outdated < plain);
        let disowned = Evidence { outdated: 5, ..words(3) };
        assert!(fit(&[RARE; 4], &disowned) < fit(&[RARE; 4], &Evidence { outdated: 1, ..words(3) }));
    }

    #[test]
    fn nothing_asked_is_nothing_found() {
        assert_eq!((fit(&[], &words(2)), answer(&[], &words(0))), (0.0, 0.0));
    }
}
