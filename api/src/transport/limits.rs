//! What a request may cost before any resolver runs.
//!
//! [`super::documents`] calls [`check_text`] before a query text is parsed and [`check_document`] on
//! the parsed document; the handlers read the remaining numbers of [`TransportLimits`].
//!
//! Guarantees: both checks are linear in the length of the text, whatever it contains. A text that
//! passes [`check_text`] cannot exhaust the stack of the parser (which recurses with the nesting of
//! brackets and looks at its own depth limit only afterwards). A fragment counts as often as it is
//! used, so a document whose fragments multiply is refused without being expanded.

use std::{collections::HashMap, time::Duration};

use async_graphql::{
    Positioned, ServerError, Value, Variables,
    parser::types::{ExecutableDocument, FragmentDefinition, Selection, SelectionSet},
};
use domain::error::code;

use super::{
    lexer::{Shape, scan},
    response::refused,
};

/// Limits of the transport; [`Default`] suits one organisation's server.
#[derive(Clone, Debug)]
pub struct TransportLimits {
    /// Bytes of an HTTP request body; more is answered with 413.
    pub body_bytes: usize,
    /// Time a client has to send the whole body; later is answered with 408.
    pub body_timeout: Duration,
    /// Requests in one batch (a JSON array).
    pub batch: usize,
    /// Bytes of one query text.
    pub query_bytes: usize,
    /// Lexical tokens of one query text.
    pub tokens: usize,
    /// Brackets open at the same time in a query text, and selection sets nested in each other once
    /// fragments are expanded. At most 32: async-graphql itself refuses more.
    pub nesting: usize,
    /// Fields nested in each other. The introspection query of graphql-js needs 15.
    pub depth: usize,
    /// Fields and fragments selected in a document, each fragment counted as often as it is used.
    pub selections: usize,
    /// Aliases in a document, counted like `selections`.
    pub aliases: usize,
    /// Directives on one field or fragment.
    pub directives: usize,
    /// Approximate bytes of the variables in memory, times the places in the query where variables
    /// occur: async-graphql copies a variable's value wherever it is used.
    pub variable_bytes: usize,
    /// Approximate bytes of memory for cached documents.
    pub document_cache_bytes: u64,
    /// Longest query text, in bytes, whose document is cached.
    pub cached_query_bytes: usize,
    /// Bytes of one WebSocket message from a client; more closes the connection with 1009.
    pub message_bytes: usize,
    /// Operations open at the same time on one WebSocket.
    pub operations: usize,
    /// Time from the WebSocket's opening to `connection_init`; later closes it with 4408.
    pub init_timeout: Duration,
    /// How often a WebSocket peer is pinged, well within the time after which proxies cut a silent connection (some after 30 s). One from whom
    /// nothing has come by the next ping is cut off.
    pub ping_interval: Duration,
    /// Time one message may wait for a slow reader before its WebSocket or event stream is cut.
    pub write_timeout: Duration,
    /// Time between two comments that keep an event stream open through proxies.
    pub keep_alive: Duration,
}

impl Default for TransportLimits {
    fn default() -> Self {
        Self {
            body_bytes: 1 << 20,
            body_timeout: Duration::from_secs(30),
            batch: 10,
            query_bytes: 64 << 10,
            tokens: 8_000,
            nesting: 32,
            depth: 15,
            selections: 1_000,
            aliases: 100,
            directives: 8,
            variable_bytes: 64 << 20,
            document_cache_bytes: 32 << 20,
            cached_query_bytes: 16 << 10,
            message_bytes: 256 << 10,
            operations: 100,
            init_timeout: Duration::from_secs(10),
            ping_interval: Duration::from_secs(15),
            write_timeout: Duration::from_secs(15),
            keep_alive: Duration::from_secs(15),
        }
    }
}

/// Checks a query text before it is parsed.
///
/// # Errors
/// `QUERY_TOO_COMPLEX` when the text is too long, has too many tokens or nests brackets too deeply.
pub(super) fn check_text(text: &str, limits: &TransportLimits) -> Result<Shape, ServerError> {
    within("bytes of query text", text.len(), limits.query_bytes)?;
    let shape = scan(text.as_bytes());
    within("tokens", shape.tokens, limits.tokens)?;
    within("levels of nested brackets", shape.nesting, limits.nesting)?;
    Ok(shape)
}

/// Checks the variables of a request whose query uses variables in `places` places.
///
/// # Errors
/// `QUERY_TOO_COMPLEX` if their copies would take too much memory.
pub(super) fn check_variables(variables: &Variables, places: usize, limits: &TransportLimits) -> Result<(), ServerError> {
    let bytes: usize = variables.values().map(weight).sum();
    within("bytes of variables, times their uses,", bytes.saturating_mul(places), limits.variable_bytes)
}

fn weight(value: &Value) -> usize {
    let inner: usize = match value {
        Value::String(text) => text.len(),
        Value::List(items) => items.iter().map(weight).sum(),
        Value::Object(fields) => fields.iter().map(|(name, value)| name.len() + weight(value)).sum(),
        _ => 0,
    };
    size_of::<Value>() + inner
}

/// Checks a parsed document: depth, selections, aliases, directives, nesting, fragment cycles.
///
/// All operations of the document count, including those that this request does not run, since all of
/// them are validated; fragments that no operation uses must pass on their own.
///
/// # Errors
/// `QUERY_TOO_COMPLEX` for a limit, `BAD_USER_INPUT` for a fragment that spreads itself.
pub(super) fn check_document(document: &ExecutableDocument, limits: &TransportLimits) -> Result<(), ServerError> {
    let mut meter = Meter { document, limits, fragments: HashMap::with_capacity(document.fragments.len()) };
    let mut total = Cost::default();
    for (_, operation) in document.operations.iter() {
        meter.directives(operation.node.directives.len())?;
        total.add(meter.selection_set(&operation.node.selection_set, 1)?);
    }
    total.check(limits)?;
    for (name, fragment) in &document.fragments {
        meter.fragment(name, fragment, 1)?.check(limits)?;
    }
    Ok(())
}

/// `usize::MAX` stands for a number that was not counted to the end.
fn within(what: &str, actual: usize, limit: usize) -> Result<(), ServerError> {
    if actual <= limit {
        return Ok(());
    }
    let actual = if actual == usize::MAX { "more".to_owned() } else { actual.to_string() };
    Err(refused(
        code::QUERY_TOO_COMPLEX,
        format!(
            "The query is too complex: at most {limit} {what} are allowed, this one has {actual}. \
             Ask for less at once, or split it into several requests."
        ),
    ))
}

const NESTING: &str = "levels of nested selections";

/// What a selection set costs once its fragments are expanded; counts saturate.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    selections: usize,
    aliases: usize,
    depth: usize,
    nesting: usize,
}

impl Cost {
    fn add(&mut self, other: Self) {
        self.selections = self.selections.saturating_add(other.selections);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.depth = self.depth.max(other.depth);
        self.nesting = self.nesting.max(other.nesting);
    }

    fn check(&self, limits: &TransportLimits) -> Result<(), ServerError> {
        within("levels of fields", self.depth, limits.depth)?;
        within("selected fields and fragments", self.selections, limits.selections)?;
        within("aliases", self.aliases, limits.aliases)?;
        within(NESTING, self.nesting, limits.nesting)
    }
}

struct Meter<'a> {
    document: &'a ExecutableDocument,
    limits: &'a TransportLimits,
    /// The cost of each fragment seen so far; `None` while it is being measured.
    fragments: HashMap<&'a str, Option<Cost>>,
}

impl<'a> Meter<'a> {
    /// `level` counts the selection sets around this one and itself; it bounds the recursion.
    fn selection_set(&mut self, set: &'a Positioned<SelectionSet>, level: usize) -> Result<Cost, ServerError> {
        if level > self.limits.nesting && !set.node.items.is_empty() {
            within(NESTING, usize::MAX, self.limits.nesting)?;
        }
        let mut total = Cost::default();
        for selection in &set.node.items {
            self.directives(selection.node.directives().len())?;
            let mut cost = match &selection.node {
                Selection::Field(field) => {
                    let mut cost = self.selection_set(&field.node.selection_set, level + 1)?;
                    cost.depth += 1;
                    cost.aliases = cost.aliases.saturating_add(usize::from(field.node.alias.is_some()));
                    cost
                }
                Selection::InlineFragment(inline) => self.selection_set(&inline.node.selection_set, level + 1)?,
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    match self.document.fragments.get_key_value(name.as_str()) {
                        Some((name, fragment)) => self.fragment(name, fragment, level + 1)?,
                        // Unknown fragments are for the validator to report.
                        None => Cost::default(),
                    }
                }
            };
            cost.selections = cost.selections.saturating_add(1);
            cost.nesting += 1;
            total.add(cost);
        }
        Ok(total)
    }

    fn fragment(&mut self, name: &'a str, fragment: &'a Positioned<FragmentDefinition>, level: usize) -> Result<Cost, ServerError> {
        match self.fragments.get(name) {
            Some(Some(cost)) => return Ok(*cost),
            Some(None) => {
                return Err(refused(
                    code::BAD_USER_INPUT,
                    format!("The fragment `{name}` spreads itself; remove the cycle from the query."),
                ));
            }
            None => {}
        }
        self.fragments.insert(name, None);
        self.directives(fragment.node.directives.len())?;
        let cost = self.selection_set(&fragment.node.selection_set, level)?;
        self.fragments.insert(name, Some(cost));
        Ok(cost)
    }

    fn directives(&self, count: usize) -> Result<(), ServerError> {
        within("directives in one place", count, self.limits.directives)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use async_graphql::parser::parse_query;

    use super::*;

    fn check(text: &str) -> Result<(), String> {
        let limits = TransportLimits::default();
        check_text(text, &limits)
            .and_then(|_| check_document(&parse_query(text).expect("the text parses"), &limits))
            .map_err(|error| error.message)
    }

    fn nested(open: &str, leaf: &str, close: &str, levels: usize) -> String {
        format!("{}{leaf}{}", open.repeat(levels), close.repeat(levels))
    }

    #[test]
    fn deep_texts_are_refused_before_the_parser_sees_them() {
        let limits = TransportLimits { query_bytes: 1 << 20, tokens: 1 << 20, ..Default::default() };
        for text in [
            nested("{a", "", "}", 10_000),
            nested("{... ", "{a}", "}", 10_000),
            format!("{{ a(b: {}) }}", nested("[", "1", "]", 10_000)),
            format!("{{ a(b: {}) }}", nested("{c:", "1", "}", 10_000)),
            format!("query($v: {}) {{ a }}", nested("[", "Int", "]", 10_000)),
            format!("query($v: Int = {}) {{ a }}", nested("[", "1", "]", 10_000)),
            "{".repeat(10_000),
        ] {
            let error = check_text(&text, &limits).expect_err("too deep");
            assert!(error.message.contains("at most 32 levels"), "{}", error.message);
        }
    }

    #[test]
    fn the_parser_survives_what_passes() {
        let limits = TransportLimits::default();
        for text in [
            nested("{a", "", "}", limits.nesting),
            format!("{{ a(b: {}) }}", nested("[", "1", "]", limits.nesting - 2)),
            format!("{{ a(b: {}) }}", nested("{c:", "1", "}", limits.nesting - 2)),
            format!("query($v: {}) {{ a }}", nested("[", "Int", "]", limits.nesting - 1)),
        ] {
            check_text(&text, &limits).expect("within the limit");
            let _ = parse_query(&text);
        }
    }

    #[test]
    fn depth_counts_fields_through_fragments() {
        let deep = |levels: usize| format!("{{ ...F }} fragment F on Q {}", nested("{a", "", "}", levels));
        let limit = TransportLimits::default().depth;
        assert_eq!(check(&deep(limit)), Ok(()));
        let message = check(&deep(limit + 1)).expect_err("one level too many");
        assert!(message.contains(&format!("at most {limit} levels of fields")), "{message}");
        assert!(message.contains(&format!("this one has {}", limit + 1)), "{message}");
    }

    #[test]
    fn fragments_count_as_often_as_they_are_used() {
        let mut bomb = String::from("{ ...F0 }");
        for n in 0..25 {
            write!(bomb, " fragment F{n} on Q {{ ...F{m} ...F{m} ...F{m} }}", m = n + 1).expect("writing to a string");
        }
        bomb.push_str(" fragment F25 on Q { a }");
        assert!(check(&bomb).expect_err("3^25 fields").contains("at most 1000 selected"));
    }

    #[test]
    fn empty_fragments_multiply_too() {
        let mut bomb = String::from("{ ...F0 }");
        for n in 0..70 {
            write!(bomb, " fragment F{n} on Q {{ ...F{m} ...F{m} }}", m = n + 1).expect("writing to a string");
        }
        assert!(check(&bomb).expect_err("2^70 spreads").contains("has more"));
    }

    #[test]
    fn cycles_and_long_chains_of_fragments_end() {
        let cycle = "{ ...A } fragment A on Q { b { ...B } } fragment B on Q { ...A }";
        assert!(check(cycle).expect_err("a cycle").contains("spreads itself"));

        let mut chain = String::from("{ ...F0 }");
        for n in 0..800 {
            write!(chain, " fragment F{n} on Q {{ ...F{} }}", n + 1).expect("writing to a string");
        }
        assert!(check(&chain).expect_err("a chain").contains("levels of nested selections"));
    }

    #[test]
    fn aliases_fields_and_directives_have_limits() {
        let fields = |n: usize, field: &str| (0..n).fold(String::from("{"), |text, i| text + &field.replace('#', &i.to_string())) + "}";
        assert_eq!(check(&fields(100, " a#: b")), Ok(()));
        assert!(check(&fields(101, " a#: b")).expect_err("aliases").contains("100 aliases"));
        assert_eq!(check(&fields(1000, " a#")), Ok(()));
        assert!(check(&fields(1001, " a#")).expect_err("fields").contains("1001"));
        let many = format!("{{ a {} }}", "@skip(if: false) ".repeat(9));
        assert!(check(&many).expect_err("directives").contains("8 directives"));
    }

    #[test]
    fn large_variables_may_not_be_used_often() {
        let limits = TransportLimits::default();
        let variables = |value: serde_json::Value| Variables::from_json(serde_json::json!({ "v": value }));
        let text = variables("x".repeat(900_000).into());
        assert!(check_variables(&text, 20, &limits).is_ok());
        assert!(check_variables(&text, 1_000, &limits).is_err());
        let numbers = variables(vec![1; 400_000].into());
        assert!(check_variables(&numbers, 10, &limits).is_err());
    }

    #[test]
    fn introspection_of_graphql_js_passes() {
        let of_type = nested(" ofType { kind name", "", " }", 9);
        let text = format!(
            "query IntrospectionQuery {{ __schema {{ queryType {{ name }} types {{ ...FullType }}
               directives {{ name args(includeDeprecated: true) {{ ...InputValue }} }} }} }}
             fragment FullType on __Type {{ kind name fields(includeDeprecated: true) {{ name
               args {{ ...InputValue }} type {{ ...TypeRef }} }} inputFields {{ ...InputValue }}
               possibleTypes {{ ...TypeRef }} }}
             fragment InputValue on __InputValue {{ name type {{ ...TypeRef }} defaultValue }}
             fragment TypeRef on __Type {{ kind name {of_type} }}"
        );
        assert_eq!(check(&text), Ok(()));
    }
}
