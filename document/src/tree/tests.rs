use super::*;

fn blocks(markdown: &str) -> Vec<Block> {
    parse(markdown, Vec::new()).1
}

fn words(text: &str) -> Vec<Inline> {
    vec![Inline::Text { text: text.to_owned() }]
}

fn said(markdown: &str) -> String {
    match blocks(markdown).as_slice() {
        [Block::Paragraph { text }] => plain(text),
        blocks => panic!("{markdown}: {blocks:?}"),
    }
}

fn picture(name: &str) -> Picture {
    let words = vec!["Two things.".to_owned()];
    Picture { name: name.to_owned(), title: name.to_owned(), svg: String::new(), words, png: None, width: 1.0, height: 1.0 }
}

#[test]
fn headings_begin_below_the_title_and_skip_none() {
    let (title, blocks) = parse("# Title *of it*\n\n#### a\n\n# b\n\n##\n\n### c\n\n###### d\n\n## e", Vec::new());
    assert_eq!(title.as_deref(), Some("Title of it"));
    let headings: Vec<(u8, String)> = blocks
        .iter()
        .map(|block| match block {
            Block::Heading { level, text } => (*level, plain(text)),
            block => panic!("{block:?}"),
        })
        .collect();
    let headings: Vec<(u8, &str)> = headings.iter().map(|(level, text)| (*level, text.as_str())).collect();
    assert_eq!(headings, [(2, "a"), (2, "b"), (3, "c"), (4, "d"), (2, "e")]);
    assert_eq!(parse("Words.\n\n# late", Vec::new()).0, None);
}

#[test]
fn html_and_links_that_lead_elsewhere_are_words() {
    for (markdown, text) in [
        ("a <b onclick=x>c</b>", "a <b onclick=x>c</b>"),
        ("<script>\nalert(1)\n</script>", "<script> alert(1) </script>"),
        ("[run](javascript:alert(1)) [it](data:text/html,x)", "run it"),
        ("![](https://example.org/p.gif) ![a *cat*](cat.png)", "Picture without description: https://example.org/p.gif a cat"),
        ("a\u{0}\u{202e}b", "ab"),
    ] {
        assert_eq!(said(markdown), text);
    }
    let link = |to: &str, of: &str| vec![Inline::Link { to: to.to_owned(), of: words(of) }];
    for (markdown, text) in [
        ("<https://example.org/a>", link("https://example.org/a", "https://example.org/a")),
        ("<ops@example.org>", link("mailto:ops@example.org", "ops@example.org")),
        ("[](https://example.org)", link("https://example.org/", "https://example.org/")),
        ("[a][1]\n\n[1]: https://example.org", link("https://example.org/", "a")),
    ] {
        assert_eq!(blocks(markdown), [Block::Paragraph { text }]);
    }
}

#[test]
fn pictures_stand_where_the_text_has_them_or_at_its_beginning() {
    let shown = |markdown: &str| {
        let (_, blocks) = parse(markdown, vec![picture("strip"), picture("severity")]);
        blocks
            .iter()
            .map(|block| match block {
                Block::Picture(picture) => picture.name.clone(),
                Block::Heading { text, .. } | Block::Paragraph { text } => plain(text),
                block => panic!("{block:?}"),
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(shown("# Title\n\nWords."), ["strip", "severity", "Words."]);
    assert_eq!(shown("Words.\n\n![see](severity)"), ["strip", "Words.", "severity"]);
    assert_eq!(shown("See ![it](strip) here."), ["strip", "severity", "See it here."]);
}

#[test]
fn lists_tables_and_code_are_as_they_were_written() {
    let item = |text: &str| vec![Block::Paragraph { text: words(text) }];
    assert_eq!(blocks("3. a\n4. b"), [Block::List { start: Some(3), items: vec![item("a"), item("b")] }]);
    assert_eq!(blocks("- a\n\n- b"), [Block::List { start: None, items: vec![item("a"), item("b")] }]);
    let nested = vec![Block::Paragraph { text: words("a") }, Block::List { start: None, items: vec![item("b")] }];
    assert_eq!(blocks("- a\n  - b"), [Block::List { start: None, items: vec![nested] }]);
    assert_eq!(blocks("-\n- "), [Block::List { start: None, items: vec![vec![], vec![]] }]);
    assert_eq!(
        blocks("|a|b|c|\n|-|:-:|-:|\n|1|2|3|\n|4|"),
        [Block::Table {
            columns: vec![Align::Start, Align::Center, Align::End],
            head: vec![words("a"), words("b"), words("c")],
            rows: vec![vec![words("1"), words("2"), words("3")], vec![words("4"), vec![], vec![]]],
        }]
    );
    assert_eq!(blocks("```sh\na\n\n  b\n"), [Block::Code { text: "a\n\n  b".to_owned() }]);
    assert_eq!(said("a  \nb\nc"), "a b c");
}

#[test]
fn what_stands_too_deep_is_taken_out() {
    fn depth(blocks: &[Block]) -> usize {
        let below = |block: &Block| match block {
            Block::Quote { blocks } => depth(blocks) + 1,
            Block::List { items, .. } => items.iter().map(|item| depth(item)).max().unwrap_or_default() + 1,
            _ => 0,
        };
        blocks.iter().map(below).max().unwrap_or_default()
    }
    for markdown in [format!("{} end", ">".repeat(50_000)), format!("{}end", "- ".repeat(2_000)), format!("{}end", "1. > ".repeat(2_000))] {
        let blocks = blocks(&markdown);
        assert!(depth(&blocks) <= DEEPEST);
        assert!(format!("{blocks:?}").contains("end"));
    }
    let strong = format!("{}end{}", "**a *b ".repeat(500), "* c**".repeat(500));
    assert!(said(&strong).contains("end"));
    let deep = "- a\n  - b\n    - c\n      - d\n        - e\n          - f\n            - g\n            - h";
    assert!(format!("{:?}", blocks(deep)).contains("g\" }, Break, Text { text: \"h"), "{:?}", blocks(deep));
}
