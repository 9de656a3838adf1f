//! Parsed documents, cached for the next request with the same text.
//!
//! Every handler calls [`Documents::prepare`] once per request, after authentication and before
//! the gateway. Guarantees: a request that comes out has a document that parsed and passed
//! [`super::limits`], an operation that exists, and every variable that may not be null; only
//! documents that passed are cached, within a limit of bytes, so a hot query is parsed once.

use std::collections::HashSet;
use std::sync::Arc;

use async_graphql::{
    Name, Positioned, Request, ServerError, Value, Variables,
    parser::{
        Error as ParseError, parse_query,
        types::{DocumentOperations, ExecutableDocument, InlineFragment, OperationDefinition, OperationType, Selection, SelectionSet},
    },
};
use domain::documents::DocumentSet;
use domain::error::code;
use moka::future::Cache;

use super::{
    completion::{Asked, ask_for_kinds},
    gateway::MayRun,
    limits::{TransportLimits, check_document, check_text, check_variables},
    operation::Operation,
    params::{NamedDocument, Params, brief},
    response::refused,
    types::Types,
};

/// Memory of a parsed token, on the generous side: a lone field name takes 184 bytes plus its
/// text.
const BYTES_PER_TOKEN: usize = 256;

/// A bounded cache from query text to its checked document.
#[derive(Debug)]
pub(super) struct Documents {
    limits: Arc<TransportLimits>,
    types: Arc<Types>,
    trusted: Arc<DocumentSet>,
    cache: Cache<Box<str>, Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    document: Arc<ExecutableDocument>,
    /// Places of the text where a variable stands.
    variables: usize,
    /// The variables that decide whether something is selected.
    switches: Arc<HashSet<Name>>,
    bytes: u32,
}

/// A request that is ready for the gateway.
#[derive(Debug)]
pub(super) struct Prepared {
    /// What it runs.
    pub(super) operation: Operation,
    /// The name of the operation, if it has one.
    pub(super) name: Option<Name>,
    /// What the answer must have.
    pub(super) asked: Asked,
}

impl Documents {
    /// An empty cache of `limits.document_cache_bytes`, for a schema with `types`; clients may name the `trusted` documents by id.
    pub(super) fn new(limits: Arc<TransportLimits>, types: Arc<Types>, trusted: Arc<DocumentSet>) -> Self {
        let cache = Cache::builder().max_capacity(limits.document_cache_bytes).weigher(|_, entry: &Entry| entry.bytes).build();
        Self { limits, types, trusted, cache }
    }

    /// Parses and checks the request's query, or takes both from the cache.
    ///
    /// # Errors
    /// `FORBIDDEN` for what the caller may not run; `QUERY_TOO_COMPLEX` for a limit; `BAD_USER_INPUT` for a syntax error, an unknown operation name,
    /// a missing variable or a mutation that is selected twice under one name.
    pub(super) async fn prepare(&self, params: Params, may_run: &MayRun) -> Result<Prepared, ServerError> {
        let request = self.admit(params, may_run)?;
        let entry = self.entry(&request.query).await?;
        let (name, operation) = select(&entry.document.operations, request.operation_name.as_deref())?;
        require_variables(&operation.node, &request.variables, &entry.switches)?;
        check_variables(&request.variables, entry.variables, &self.limits)?;
        let (name, kind) = (name.cloned(), operation.node.ty);
        let asked = Asked::new(Arc::clone(&entry.document), request.operation_name.clone(), &request.variables, Arc::clone(&self.types));
        if kind == OperationType::Mutation
            && let Some((name, places)) = asked.repeated()
        {
            let message = format!("`{name}` is selected twice and would be done twice. Select it once, or give each an alias of its own.");
            let mut error = refused(code::BAD_USER_INPUT, message);
            error.locations = places;
            return Err(error);
        }
        Ok(Prepared { operation: Operation::new(request, entry.document, kind), name, asked })
    }

    /// The request with its text, if the caller may run it.
    fn admit(&self, Params { mut request, document }: Params, may_run: &MayRun) -> Result<Request, ServerError> {
        let known = match may_run {
            MayRun::Anything | MayRun::Trusted => &self.trusted,
            MayRun::These(documents) => documents,
        };
        match (document, may_run) {
            (Some(named), _) => {
                request.query = known.find(&named.id).ok_or_else(|| unknown(&named, may_run))?.to_string();
                Ok(request)
            }
            (None, MayRun::Anything) => Ok(request),
            (None, _) if known.has(&request.query) => Ok(request),
            (None, MayRun::Trusted) => Err(refused(
                code::FORBIDDEN,
                "This server runs only documents that its operator has listed (trusted_documents), and this is none of them. It must be the \
                 same to the letter, or named by `documentId`.",
            )),
            (None, MayRun::These(_)) => Err(refused(
                code::FORBIDDEN,
                "This token runs only the documents that it was made for, and this is none of them. It must be the same to the letter, or \
                 named by `documentId`, the SHA-256 of its text.",
            )),
        }
    }

    async fn entry(&self, text: &str) -> Result<Entry, ServerError> {
        if let Some(entry) = self.cache.get(text).await {
            return Ok(entry);
        }
        let shape = check_text(text, &self.limits)?;
        let mut document = parse_query(text).map_err(syntax_error)?;
        check_document(&document, &self.limits)?;
        show_directives_of_typenames(&mut document);
        ask_for_kinds(&mut document, &self.types);
        let bytes = shape.tokens.saturating_mul(BYTES_PER_TOKEN).saturating_add(2 * text.len());
        let switches = Arc::new(switches(&document));
        let entry =
            Entry { document: Arc::new(document), variables: shape.variables, switches, bytes: u32::try_from(bytes).unwrap_or(u32::MAX) };
        if text.len() <= self.limits.cached_query_bytes {
            self.cache.insert(text.into(), entry.clone()).await;
        }
        Ok(entry)
    }
}

/// Fails unless `text` is a GraphQL document that this server would read.
///
/// # Errors
/// What is wrong with it.
pub fn check_syntax(text: &str) -> Result<(), String> {
    let limits = TransportLimits::default();
    let document = check_text(text, &limits).and_then(|_| parse_query(text).map_err(syntax_error));
    document.and_then(|document| check_document(&document, &limits)).map_err(|error| error.message)
}

/// Refuses the id of a document that nobody has listed.
fn unknown(NamedDocument { id, sends_text }: &NamedDocument, may_run: &MayRun) -> ServerError {
    match may_run {
        // The words by which Apollo and urql know that they must send the text itself.
        MayRun::Anything if *sends_text => refused("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported"),
        MayRun::Anything => refused(code::BAD_USER_INPUT, format!("There is no document `{}`; send its text as `query`.", brief(id))),
        MayRun::Trusted => {
            let message = format!("There is no document `{}`; whoever runs this server must add it to trusted_documents.", brief(id));
            refused(code::FORBIDDEN, message)
        }
        MayRun::These(_) => refused(code::FORBIDDEN, format!("This token was not made for the document `{}`.", brief(id))),
    }
}

/// The parser's error without its drawing of the query, which repeats a whole line of the text.
fn syntax_error(error: ParseError) -> ServerError {
    let mut error = ServerError::from(error);
    if let Some((_, expected)) = error.message.rsplit_once("\n  = ") {
        error.message = format!("Syntax error: {expected}");
    }
    error
}

type Selected<'a> = (Option<&'a Name>, &'a Positioned<OperationDefinition>);

/// The operation to run, with its name.
fn select<'a>(operations: &'a DocumentOperations, name: Option<&str>) -> Result<Selected<'a>, ServerError> {
    let known = || {
        let mut names: Vec<&str> = operations.iter().filter_map(|(name, _)| name).map(Name::as_str).collect();
        names.sort_unstable();
        names.join(", ")
    };
    match (operations, name) {
        (DocumentOperations::Single(operation), None) => Ok((None, operation)),
        (DocumentOperations::Single(_), Some(name)) => Err(refused(
            code::BAD_USER_INPUT,
            format!("There is no operation `{name}`: the query's only operation has no name. Omit `operationName`."),
        )),
        (DocumentOperations::Multiple(named), Some(name)) => named
            .get_key_value(name)
            .map(|(name, operation)| (Some(name), operation))
            .ok_or_else(|| refused(code::BAD_USER_INPUT, format!("There is no operation `{name}` in the query; it has {}.", known()))),
        (DocumentOperations::Multiple(named), None) => match (named.len(), named.iter().next()) {
            (1, Some((name, operation))) => Ok((Some(name), operation)),
            _ => Err(refused(code::BAD_USER_INPUT, format!("Set `operationName` to the operation to run: {}.", known()))),
        },
    }
}

/// Rewrites `__typename @include(if: $x)` to `... @include(if: $x) { __typename }`. async-graphql does
/// not validate fields named `__typename`, and would call a variable unused that only they use.
fn show_directives_of_typenames(document: &mut ExecutableDocument) {
    match &mut document.operations {
        DocumentOperations::Single(operation) => wrap(&mut operation.node.selection_set.node),
        DocumentOperations::Multiple(named) => {
            for operation in named.values_mut() {
                wrap(&mut operation.node.selection_set.node);
            }
        }
    }
    for fragment in document.fragments.values_mut() {
        wrap(&mut fragment.node.selection_set.node);
    }
}

fn wrap(set: &mut SelectionSet) {
    for selection in &mut set.items {
        let pos = selection.pos;
        match &mut selection.node {
            Selection::Field(field) if field.node.name.node == "__typename" => {
                let directives = std::mem::take(&mut field.node.directives);
                if directives.is_empty() {
                    continue;
                }
                let bare = Positioned::new(selection.node.clone(), pos);
                let selection_set = Positioned::new(SelectionSet { items: vec![bare] }, pos);
                let inline = InlineFragment { type_condition: None, directives, selection_set };
                selection.node = Selection::InlineFragment(Positioned::new(inline, pos));
            }
            Selection::Field(field) => wrap(&mut field.node.selection_set.node),
            Selection::InlineFragment(inline) => wrap(&mut inline.node.selection_set.node),
            Selection::FragmentSpread(_) => {}
        }
    }
}

/// The variables in `@skip(if: $x)` and `@include(if: $x)`.
fn switches(document: &ExecutableDocument) -> HashSet<Name> {
    let mut found = HashSet::new();
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    let mut sets: Vec<&SelectionSet> = operations.chain(fragments).collect();
    while let Some(set) = sets.pop() {
        for selection in &set.items {
            for directive in
                selection.node.directives().iter().filter(|directive| ["skip", "include"].contains(&&*directive.node.name.node))
            {
                // A constant has no variable to stumble over.
                found.extend(directive.node.get_argument("if").and_then(|value| value.node.clone().into_const_with(Err).err()));
            }
            match &selection.node {
                Selection::Field(field) => sets.push(&field.node.selection_set.node),
                Selection::InlineFragment(inline) => sets.push(&inline.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    found
}

/// Refuses a request that lacks a variable its operation requires. async-graphql would
/// notice only where the variable is used, in the middle of the execution, and of `switches` not at all.
fn require_variables(operation: &OperationDefinition, variables: &Variables, switches: &HashSet<Name>) -> Result<(), ServerError> {
    for definition in &operation.variable_definitions {
        let (name, ty) = (&definition.node.name.node, &definition.node.var_type.node);
        if ty.nullable && !switches.contains(name) {
            continue;
        }
        let problem = match variables.get(name) {
            None if definition.node.default_value.is_none() => "is missing",
            Some(Value::Null) => "may not be null",
            _ => continue,
        };
        let mut error =
            refused(code::BAD_USER_INPUT, format!("The variable `${name}` of type `{ty}` {problem}; give it a value in `variables`."));
        error.locations = vec![definition.pos];
        if let Some(extensions) = &mut error.extensions {
            extensions.set("field", name.as_str());
        }
        return Err(error);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents() -> Documents {
        let mut trusted = DocumentSet::default();
        trusted.add_named("A", "{ a }");
        Documents::new(Arc::new(TransportLimits { cached_query_bytes: 100, ..Default::default() }), Arc::default(), Arc::new(trusted))
    }

    async fn prepare(documents: &Documents, request: Request) -> Result<Prepared, ServerError> {
        documents.prepare(Params { request, document: None }, &MayRun::Anything).await
    }

    async fn message(query: &str, name: Option<&str>) -> String {
        let mut request = Request::new(query);
        request.operation_name = name.map(Into::into);
        prepare(&documents(), request).await.expect_err("it is refused").message
    }

    #[tokio::test]
    async fn a_hot_text_is_parsed_once_and_a_long_one_is_not_kept() {
        let documents = documents();
        let first = documents.entry("{ a }").await.expect("it parses");
        let again = documents.entry("{ a }").await.expect("it is known");
        assert!(Arc::ptr_eq(&first.document, &again.document));

        let long = format!("{{ {} }}", "a ".repeat(60));
        let first = documents.entry(&long).await.expect("it parses");
        let again = documents.entry(&long).await.expect("it parses");
        assert!(!Arc::ptr_eq(&first.document, &again.document));
    }

    #[tokio::test]
    async fn a_syntax_error_says_what_was_expected() {
        let text = message("{ a(", None).await;
        assert!(text.starts_with("Syntax error: expected"), "{text}");
    }

    #[tokio::test]
    async fn refused_texts_are_not_kept() {
        let documents = documents();
        for text in ["{ a", "{ ...A } fragment A on Q { ...A }"] {
            assert!(documents.entry(text).await.is_err());
        }
        documents.cache.run_pending_tasks().await;
        assert_eq!(documents.cache.entry_count(), 0);
    }

    #[tokio::test]
    async fn the_operation_is_found_by_name() {
        let prepared = prepare(&documents(), Request::new("query A { a } mutation B { b }").operation_name("B")).await.expect("it exists");
        assert_eq!(prepared.operation.kind(), OperationType::Mutation);
        assert!(message("query A { a } query B { b }", None).await.contains("A, B"));
        assert!(message("query A { a }", Some("C")).await.contains("it has A"));
        assert!(message("{ a }", Some("C")).await.contains("Omit `operationName`"));
    }

    #[tokio::test]
    async fn what_would_be_done_twice_is_refused() {
        for text in [
            "mutation { a { b } a { c } }",
            "mutation M { a { b } a { c } }",
            "mutation { a { b } ...F } fragment F on M { a { c } }",
            "mutation { a { b } ... { a { c } } }",
        ] {
            assert!(message(text, None).await.contains("would be done twice"), "{text}");
        }
        let documents = documents();
        for text in [
            "{ a { b } a { c } }",
            "mutation { a { b } c: a { c } }",
            "mutation { a { b } a @skip(if: true) { c } }",
            "mutation { __typename ...F } fragment F on M { __typename }",
        ] {
            assert!(prepare(&documents, Request::new(text)).await.is_ok(), "{text}");
        }
    }

    #[tokio::test]
    async fn variables_that_may_not_be_null_are_required() {
        let text = "query($id: ID!, $n: Int! = 3, $o: Int) { a(id: $id, n: $n, o: $o) }";
        assert!(message(text, None).await.contains("`$id` of type `ID!` is missing"));
        let given = |json| Request::new(text).variables(Variables::from_json(json));
        let documents = documents();
        assert!(prepare(&documents, given(serde_json::json!({"id": "1"}))).await.is_ok());
        for text in ["query($s: Boolean) { a @include(if: $s) }", "query($s: Boolean) { ...F } fragment F on Q { b { a @skip(if: $s) } }"] {
            assert!(message(text, None).await.contains("`$s` of type `Boolean` is missing"));
        }
        assert!(prepare(&documents, Request::new("query($s: Boolean = true, $t: Boolean) { a(t: $t) @include(if: $s) }")).await.is_ok());
        for wrong in [serde_json::json!({"id": null}), serde_json::json!({"id": "1", "n": null})] {
            let error = prepare(&documents, given(wrong)).await.expect_err("null");
            assert!(error.message.contains("may not be null"), "{}", error.message);
        }
    }

    #[tokio::test]
    async fn callers_run_what_they_may() {
        let own = MayRun::These(Arc::new(["{ b }"].into_iter().collect()));
        let documents = documents();
        let text = |text: &str| Params { request: Request::new(text), document: None };
        let named =
            |id: &str, sends_text| Params { request: Request::new(""), document: Some(NamedDocument { id: id.to_owned(), sends_text }) };
        for (params, may_run, problem) in [
            (text("{ c }"), &MayRun::Anything, None),
            (named("A", false), &MayRun::Anything, None),
            (named("B", false), &MayRun::Anything, Some("There is no document `B`")),
            (named("B", true), &MayRun::Anything, Some("PersistedQueryNotSupported")),
            (text("{ a }\n"), &MayRun::Trusted, None),
            (named("A", true), &MayRun::Trusted, None),
            (text("{a}"), &MayRun::Trusted, Some("trusted_documents")),
            (named("B", true), &MayRun::Trusted, Some("trusted_documents")),
            (text("{ b }"), &own, None),
            (text("{ a }"), &own, Some("the documents that it was made for")),
            (text("{ b } { a }"), &own, Some("the documents that it was made for")),
            (named("A", false), &own, Some("not made for the document `A`")),
        ] {
            let said = format!("{params:?}");
            match (documents.prepare(params, may_run).await, problem) {
                (Ok(_), None) => {}
                (Err(error), Some(problem)) => assert!(error.message.contains(problem), "{said}: {}", error.message),
                (prepared, _) => panic!("{said}: {prepared:?}"),
            }
        }
    }
}
