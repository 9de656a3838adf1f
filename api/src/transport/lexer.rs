//! A first look at a query text before it is parsed.
//!
//! [`super::limits::check_text`] calls [`scan`]. Guarantee: no bracket that the parser will descend
//! into is missed. The scan is linear and does not recurse.

/// Size of a query text.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Shape {
    pub(super) tokens: usize,
    /// Most brackets of any kind open at the same time.
    pub(super) nesting: usize,
    /// Places where a variable is defined or used.
    pub(super) variables: usize,
}

/// Counts tokens and open brackets. It has to see strings and comments exactly as the parser does,
/// or a bracket could hide from it; in a malformed text it may count more, never less.
pub(super) fn scan(text: &[u8]) -> Shape {
    let mut shape = Shape::default();
    let (mut at, mut open) = (0, 0usize);
    while let Some(&byte) = text.get(at) {
        let rest = &text[at..];
        at += match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => {
                at += 1;
                continue;
            }
            b'#' => {
                at += run(rest, |b| b != b'\n' && b != b'\r');
                continue;
            }
            b'"' => string_length(rest),
            b'{' | b'[' | b'(' => {
                open += 1;
                shape.nesting = shape.nesting.max(open);
                1
            }
            b'}' | b']' | b')' => {
                open = open.saturating_sub(1);
                1
            }
            b'$' => {
                shape.variables += 1;
                1
            }
            b'.' => run(rest, |b| b == b'.'),
            b if is_word(b) => run(rest, is_word),
            _ => 1,
        };
        shape.tokens += 1;
    }
    shape
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn run(text: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    text.iter().take_while(|byte| belongs(**byte)).count()
}

/// Length of the string token at the start of `text`.
fn string_length(text: &[u8]) -> usize {
    if text.starts_with(b"\"\"\"") {
        // The parser reads a block string without an end as an empty string and continues after it.
        return block_string_length(text).unwrap_or(2);
    }
    let mut at = 1;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\n' | b'\r' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

fn block_string_length(text: &[u8]) -> Option<usize> {
    let mut at = 3;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with(b"\"\"\"") {
            return Some(at + 3);
        }
        at += if rest.starts_with(b"\\\"\"\"") { 4 } else { 1 };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_comments_hide_brackets() {
        let text = "{ a(b: \"}{{\\\"{\", c: \"\"\"{ \\\"\"\" { \"\"\") # {{{\n }";
        assert_eq!(scan(text.as_bytes()), Shape { tokens: 11, nesting: 2, variables: 0 });
    }

    #[test]
    fn an_open_block_string_hides_nothing() {
        let text = format!("{{ a(b: [\"\"\" x \" {}", "[".repeat(50));
        assert_eq!(scan(text.as_bytes()).nesting, 53);
    }
}
