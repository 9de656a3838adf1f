//! Differences between texts, and the merge of what people wrote with what the facts say since. Pure.

use std::collections::HashSet;

use similar::{Algorithm, ChangeTag, DiffTag, MergeResolution, TextDiff, TextMerge};

/// How alike lines must be for one to be an edited form of the other; 1 is the same.
const ALIKE: f32 = 0.6;

/// Whether a part of a text is in both of two texts, or only in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextChange {
    /// In both.
    Kept,
    /// Only in the later one.
    Added,
    /// Only in the earlier one.
    Removed,
}

/// A part of a text that was compared with another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Whether it is in both, or only in one.
    pub change: TextChange,
    /// The text.
    pub text: String,
}

/// How `after` differs from `before`: read without the removed parts it is the one, without the added parts the other. Line by line, and
/// within lines that became others word by word.
pub fn changes(before: &str, after: &str) -> Vec<Part> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let mut parts: Vec<Part> = Vec::new();
    let mut add = |change: TextChange, text: &str| match parts.last_mut() {
        Some(last) if last.change == change => last.text.push_str(text),
        _ => parts.push(Part { change, text: text.to_owned() }),
    };
    for change in TextDiff::configure().algorithm(Algorithm::Patience).diff_slices(&old, &new).ops() {
        let (removed, added) = (&old[change.old_range()], &new[change.new_range()]);
        match change.tag() {
            DiffTag::Equal => add(TextChange::Kept, &removed.concat()),
            // As many lines as before: each is likely to be the one in its place.
            DiffTag::Replace if removed.len() == added.len() => {
                removed.iter().zip(added).for_each(|(removed, added)| by_words(removed, added, &mut add));
            }
            DiffTag::Replace => by_words(&removed.concat(), &added.concat(), &mut add),
            DiffTag::Delete => add(TextChange::Removed, &removed.concat()),
            DiffTag::Insert => add(TextChange::Added, &added.concat()),
        }
    }
    parts
}

/// Tells `add` how `added` differs from `removed` word by word; as two texts if they have little in common, which is read more easily than
/// scraps of both.
fn by_words(removed: &str, added: &str, add: &mut impl FnMut(TextChange, &str)) {
    let words = TextDiff::configure().algorithm(Algorithm::Patience).diff_words(removed, added);
    if words.ratio() < ALIKE {
        add(TextChange::Removed, removed);
        add(TextChange::Added, added);
        return;
    }
    for word in words.iter_all_changes() {
        let change = match word.tag() {
            ChangeTag::Equal => TextChange::Kept,
            ChangeTag::Insert => TextChange::Added,
            ChangeTag::Delete => TextChange::Removed,
        };
        add(change, word.value());
    }
}

/// A text that has taken in what the facts say since it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merge {
    /// The text.
    pub text: String,
    /// In how many places both had changed: there what the person wrote stands before what the facts say, for somebody to choose.
    pub conflicts: usize,
}

/// Merges, line by line, what changed from `written_from` to `prefill` into `body`. Nothing of the body is lost.
pub fn merge(written_from: &str, body: &str, prefill: &str) -> Merge {
    let [base, ours, theirs] = [written_from, body, prefill].map(|text| format!("{text}\n"));
    let merged = TextMerge::from_lines(&*base, &*ours, &*theirs);
    let mut text = String::with_capacity(ours.len() + theirs.len());
    for region in merged.regions() {
        let ours = region.ours_range().filter_map(|line| merged.ours_line(line));
        let theirs = region.theirs_range().filter_map(|line| merged.theirs_line(line));
        match region.resolution() {
            MergeResolution::Theirs => text.extend(theirs),
            MergeResolution::Conflict => text.extend(ours.chain(theirs)),
            _ => text.extend(ours),
        }
    }
    Merge { text: text.trim().to_owned(), conflicts: merged.conflict_count() }
}

/// Pairs of lines that are compared at most: a text that needs more is for a person.
const COMPARISONS: usize = 50_000;

/// Whether lines of these lengths can be alike enough.
fn may_be_alike(one: &str, other: &str) -> bool {
    // Shares of short texts are exact.
    #[expect(clippy::cast_precision_loss)]
    let most = 2.0 * one.len().min(other.len()) as f32 / (one.len() + other.len()) as f32;
    most > ALIKE
}

/// `body`, which people wrote from `written_from`, the facts about all, with `theirs`, the facts about one, in the place of those about
/// all. Lines that are in neither are somebody's own words, and stay. `None` if a fact about all was edited, so that nobody but a person can tell
/// what of it is about whom.
pub fn of_one(written_from: &str, body: &str, theirs: &str) -> Option<String> {
    let is_blank = |line: &&str| line.trim().is_empty();
    let (old, new): (Vec<&str>, Vec<&str>) = (written_from.lines().collect(), theirs.lines().collect());
    let (known, kept): (HashSet<&str>, HashSet<&str>) = (old.iter().copied().collect(), new.iter().copied().collect());
    let own: Vec<&str> = body.lines().filter(|line| !is_blank(line) && !known.contains(line)).collect();
    let mut left = COMPARISONS;
    for line in own {
        let (mut of_all, mut of_one) = (0.0, 0.0);
        for fact in old.iter().filter(|fact| !is_blank(fact) && may_be_alike(fact, line)) {
            left = left.checked_sub(1)?;
            let likeness = TextDiff::from_words(*fact, line).ratio();
            let side = if kept.contains(fact) { &mut of_one } else { &mut of_all };
            *side = likeness.max(*side);
        }
        if of_all > ALIKE && of_all > of_one {
            return None;
        }
    }
    // Each line of the facts about all, with the swap that it goes in; and what stands in the place of each swap.
    let mut facts: Vec<(&str, Option<usize>)> = Vec::with_capacity(old.len());
    let mut swaps: Vec<&[&str]> = Vec::new();
    for change in TextDiff::from_slices(&old, &new).ops() {
        let is_kept = change.tag() == DiffTag::Equal;
        facts.extend(old[change.old_range()].iter().map(|line| (*line, (!is_kept).then_some(swaps.len()))));
        if !is_kept {
            swaps.push(&new[change.new_range()]);
        }
    }
    let mut text = String::with_capacity(body.len());
    for line in body.lines() {
        let place = if is_blank(&line) { None } else { facts.iter().position(|(fact, _)| *fact == line) };
        let lines: &[&str] = match place.map(|place| facts.remove(place).1) {
            // All of what stands in its place comes where the first of it was.
            Some(Some(swap)) => std::mem::take(&mut swaps[swap]),
            // Said more often than the facts do.
            None if known.contains(line) && !kept.contains(line) && !is_blank(&line) => &[],
            Some(None) | None => &[line],
        };
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
    }
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn changes_are_told_word_by_word() {
        let parts = changes("it lasted five hours", "it lasted nearly six hours");
        let side = |left_out: TextChange| parts.iter().filter(|part| part.change != left_out).map(|part| &*part.text).collect::<String>();
        assert_eq!(side(TextChange::Added), "it lasted five hours");
        assert_eq!(side(TextChange::Removed), "it lasted nearly six hours");
        assert!(parts.iter().any(|part| part.change == TextChange::Removed && part.text == "five"), "{parts:?}");
    }

    #[test]
    fn lines_are_told_whole_where_they_are_others() {
        let told = changes("# a\n\nWe saw it at one.\nAll of it is here.\n\nend", "# a\n\nNothing in common.\nAll of this is here.\n\nend");
        let shown: Vec<(TextChange, &str)> = told.iter().map(|part| (part.change, part.text.as_str())).collect();
        assert_eq!(
            shown,
            [
                (TextChange::Kept, "# a\n\n"),
                (TextChange::Removed, "We saw it at one.\n"),
                (TextChange::Added, "Nothing in common.\n"),
                (TextChange::Kept, "All of "),
                (TextChange::Removed, "it"),
                (TextChange::Added, "this"),
                (TextChange::Kept, " is here.\n\nend")
            ]
        );
        let moved = changes("one\ntwo words\nthree\n", "three\none\ntwo words\n");
        assert!(moved.iter().all(|part| part.text.ends_with('\n')), "a line that was moved is not cut: {moved:?}");
    }

    proptest! {
        #[test]
        fn both_texts_are_in_their_difference(before in "[ab\n ]{0,30}", after in "[ab\n ]{0,30}") {
            let parts = changes(&before, &after);
            let side = |left_out: TextChange| parts.iter().filter(|part| part.change != left_out).map(|part| &*part.text).collect::<String>();
            prop_assert_eq!(side(TextChange::Added), before);
            prop_assert_eq!(side(TextChange::Removed), after);
        }
    }

    #[test]
    fn new_facts_come_into_a_text_that_was_written_elsewhere() {
        let merged = merge("a\nb\nc", "a\nb\nc, as Kim saw", "a2\nb\nc");
        assert_eq!(merged, Merge { text: "a2\nb\nc, as Kim saw".into(), conflicts: 0 });
    }

    #[test]
    fn where_both_changed_both_stand() {
        let merged = merge("a\nb", "a\nours", "a\ntheirs");
        assert_eq!(merged, Merge { text: "a\nours\ntheirs".into(), conflicts: 1 });
    }

    proptest! {
        /// R26: nothing that a person wrote is lost.
        #[test]
        fn every_line_that_a_person_wrote_stays(base in lines(), ours in lines(), theirs in lines()) {
            let merged = merge(&base, &ours, &theirs);
            let was_written = |line: &&str| !base.lines().any(|known| known == *line);
            for line in ours.lines().filter(was_written).filter(|line| !line.is_empty()) {
                prop_assert!(merged.text.lines().any(|kept| kept == line), "{line:?} is not in {:?}", merged.text);
            }
        }
    }

    fn lines() -> impl Strategy<Value = String> {
        proptest::collection::vec("[a-d]{1,2}", 0..8).prop_map(|lines| lines.join("\n"))
    }

    #[test]
    fn facts_about_one_take_the_place_of_facts_about_all() {
        let all = "| What | How much |\n| --- | --- |\n| Lasted | 1 h |\n| Failed | 12 |\n| Clients | 2 |\n\nBoth shops.";
        let one = "| What | How much |\n| --- | --- |\n| Lasted | 1 h |";
        for (body, told) in [
            (format!("{all}\n\nNobody lost data."), Some(format!("{one}\n\n\nNobody lost data."))),
            (format!("Sorry.\n\n{all}"), Some(format!("Sorry.\n\n{one}"))),
            ("Their own words.".to_owned(), Some("Their own words.".to_owned())),
            (all.replace("| Clients | 2 |", "| Clients | 2 of 40 |"), None),
            (all.replace("| Lasted | 1 h |", "| Lasted | 61 min |"), Some(one.replace("| Lasted | 1 h |", "| Lasted | 61 min |"))),
        ] {
            assert_eq!(of_one(all, &body, one), told, "{body}");
        }
        let sorry = "- slow\n  We are sorry.\n- slower\n  We are sorry.";
        let theirs = of_one(sorry, &format!("{sorry}\n\nOurs."), "- slow\n  We are sorry.");
        assert_eq!(theirs.as_deref(), Some("- slow\n  We are sorry.\n\nOurs."), "a line that is said to all and to one stays for one");
        let renamed = of_one("INC-1 at Bexley\n\nSites: a, b", "INC-1 at Bexley\n\nSites: a, b\n\nFixed.", "INC-1\n\nSites: a");
        assert_eq!(renamed.as_deref(), Some("INC-1\n\nSites: a\n\nFixed."));
    }

    proptest! {
        /// Whatever was written from whatever, no fact about all alone is left, and somebody's own words are.
        #[test]
        fn no_fact_about_all_is_left(
            all in prop::collection::vec("[a-z]{2,5} [0-9]{1,3}", 0..6),
            one in prop::collection::vec("[a-z]{2,5} [0-9]{1,3}", 0..6),
            kept in prop::collection::vec(any::<bool>(), 6),
            words in prop::collection::vec("[A-Z ]{0,20}", 0..4),
        ) {
            let body: Vec<&str> = all.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(fact, _)| fact.as_str()).chain(words.iter().map(String::as_str)).collect();
            let told = of_one(&all.join("\n"), &body.join("\n"), &one.join("\n"));
            let told = told.as_deref().unwrap_or_default();
            for fact in all.iter().filter(|fact| !one.contains(fact)) {
                prop_assert!(told.lines().all(|line| line != fact), "{fact} in {told}");
            }
        }
    }
}
