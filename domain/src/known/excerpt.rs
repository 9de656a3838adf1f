//! The sentence that matters: that of a text which says the most of what is asked. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::page::passages;
use super::words::{Place, words};

/// Characters of an excerpt: two lines of a page.
const CHARS: usize = 240;
/// What code is worth beside a sentence.
const CODE: f64 = 0.6;

/// The sentence of `markdown` that says the most of `asked`: stems, and what each is worth. The first one, if none says anything of it.
pub fn excerpt(markdown: &str, asked: &BTreeMap<&str, f64>) -> String {
    let mut best: Option<(f64, String)> = None;
    for passage in passages(markdown) {
        let factor = match passage.place {
            // It is shown already.
            Place::Title | Place::Heading => continue,
            Place::Code => CODE,
            Place::Body => 1.0,
        };
        for sentence in sentences(&passage.text) {
            let stems: BTreeSet<String> = words(sentence).into_iter().map(|word| word.stem).collect();
            let worth = factor * stems.iter().filter_map(|stem| asked.get(stem.as_str())).sum::<f64>();
            if best.as_ref().is_none_or(|(most, _)| worth > *most) {
                best = Some((worth, shortened(sentence)));
            }
        }
    }
    best.map(|(_, sentence)| sentence).unwrap_or_default()
}

fn sentences(text: &str) -> Vec<&str> {
    let (mut found, mut from) = (Vec::new(), 0);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let ends = matches!(c, '.' | '!' | '?') && chars.peek().is_none_or(|(_, next)| next.is_whitespace());
        if ends {
            let to = at + c.len_utf8();
            found.push(text[from..to].trim());
            from = to;
        }
    }
    found.push(text[from..].trim());
    found.retain(|sentence| !sentence.is_empty());
    found
}

fn shortened(sentence: &str) -> String {
    if sentence.chars().count() <= CHARS {
        return sentence.to_owned();
    }
    let cut: String = sentence.chars().take(CHARS - 1).collect();
    let whole = cut.rsplit_once(' ').map_or(cut.as_str(), |(whole, _)| whole);
    format!("{whole}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_that_says_the_most_is_taken() {
        let text = "# Disks\n\nFind out first. Old releases fill the disk! Nothing else.\n\n- `docker system prune` is safe, v1.2 too\n";
        let asked = |stems: &[&'static str]| stems.iter().map(|stem| (*stem, 1.0)).collect::<BTreeMap<_, _>>();
        assert_eq!(excerpt(text, &asked(&["releas", "disk"])), "Old releases fill the disk!");
        assert_eq!(excerpt(text, &asked(&["prune"])), "docker system prune is safe, v1.2 too");
        assert_eq!(excerpt(text, &asked(&["nowher"])), "Find out first.");
        assert_eq!(excerpt("# Only a title", &asked(&["titl"])), "");
    }

    #[test]
    fn a_long_sentence_is_cut_between_words() {
        let cut = excerpt(&"word ".repeat(100), &BTreeMap::new());
        assert!(cut.ends_with("word…") && cut.chars().count() <= CHARS, "{cut}");
    }
}
