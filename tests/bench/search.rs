//! Searches for two words: what is asked, what a right answer is, and the same by hand: as it was done before Muster kept words (`LIKE`), and by
//! the full text search of PostgreSQL.
//!
//! Half of the searches are for two of the words that nearly every incident has, half for one of them and the name of a host that ten have.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sea_orm::sqlx::{self, AssertSqlSafe, ConnectOptions, Row, Sqlite};
use serde_json::{Value, json};

use crate::data::{self, HOSTED, Incidents, Random};
use crate::store::{Place, Store, sqlite_options};

/// Incidents of a page.
const PAGE: usize = 50;

const SEARCH: &str = "query Search($text: String!) { incidents(filter: { text: $text }, first: 50) { nodes { id reference name status severity reportedAt } } }";

/// Two words, chosen by `random` for one of `scale` incidents.
fn question(scale: usize, random: &mut Random) -> [String; 2] {
    let words = data::words();
    let mut common = || words[random.below(words.len())].to_owned();
    let (first, second) = (common(), common());
    let second = if random.below(2) == 0 { second } else { data::host(1 + random.below(scale)) };
    [first, second]
}

fn body([first, second]: &[String; 2]) -> String {
    json!({ "query": SEARCH, "variables": { "text": format!("{first} {second}") } }).to_string()
}

/// A body that asks for two words.
pub fn request(scale: usize, random: &mut Random) -> String {
    body(&question(scale, random))
}

/// A search for a common and a rare word, and whether an answer to it is exactly right.
pub fn example(scale: usize) -> (String, Box<dyn Fn(&str) -> Result<()>>) {
    let asked = ["database".to_owned(), data::host(scale / 2)];
    (body(&asked), Box::new(move |answer| check(answer, &found(scale, &asked))))
}

/// The references of the incidents near the middle that have all of `asked`, newest first.
fn found(scale: usize, asked: &[String; 2]) -> Vec<String> {
    let near = Incidents::new(scale).skip((scale / 2).saturating_sub(HOSTED)).take(2 * HOSTED);
    let says = |incident: &data::Incident, word: &str| {
        let texts = [&incident.name, &incident.summary].into_iter().chain(incident.events.iter().map(|event| &event.text));
        texts.flat_map(|text| text.split(' ')).any(|said| said.starts_with(word))
    };
    let all = near.filter(|incident| asked.iter().all(|word| says(incident, word)));
    let mut found: Vec<String> = all.map(|incident| format!("INC-{}", incident.number)).collect();
    found.reverse();
    found.truncate(PAGE);
    found
}

fn check(answer: &str, expected: &[String]) -> Result<()> {
    let answer: Value = serde_json::from_str(answer)?;
    let nodes = answer["data"]["incidents"]["nodes"].as_array().with_context(|| format!("nothing was searched: {answer:.500}"))?;
    let came: Vec<&str> = nodes.iter().filter_map(|node| node["reference"].as_str()).collect();
    ensure!(!expected.is_empty() && came == expected, "the search found {came:?} instead of {expected:?}");
    Ok(())
}

/// The condition that an incident of the plain tables says what `pattern` stands for.
fn like(pattern: &str) -> String {
    format!(
        "(i.title LIKE {pattern} OR i.summary LIKE {pattern} \
         OR EXISTS (SELECT 1 FROM timeline_event t WHERE t.incident_id = i.id AND t.body LIKE {pattern}))"
    )
}

fn by_like(first: &str, second: &str) -> String {
    let (first, second) = (like(first), like(second));
    format!(
        "SELECT i.id, i.reference, i.title, i.status, i.severity, i.opened_at FROM incident i WHERE {first} AND {second} \
             ORDER BY i.opened_at DESC, i.id DESC LIMIT {PAGE}"
    )
}

/// What pgbench calls the two words.
fn chosen() -> (String, [String; 2]) {
    let words = data::words();
    let array = format!("(array['{}'])", words.join("','"));
    let count = words.len();
    let set = format!("\\set a random(1, {count})\n\\set b random(1, {count})\n\\set r random(0, 1)\n\\set h random(1, :n)\n");
    let second = format!("(CASE WHEN :r = 0 THEN {array}[:b] ELSE 'host' || lpad((:h / {HOSTED})::text, 5, '0') END)");
    (set, [format!("{array}[:a]"), second])
}

/// A script for pgbench that searches as it was done before.
pub fn like_script() -> String {
    let (set, [first, second]) = chosen();
    let pattern = |word: &str| format!("('%' || {word} || '%')");
    format!("{set}{};\n", by_like(&pattern(&first), &pattern(&second)))
}

/// A script for pgbench that asks the full text search.
pub fn words_script() -> String {
    let (set, [first, second]) = chosen();
    format!(
        "{set}SELECT i.id, i.reference, i.title, i.status, i.severity, i.opened_at FROM document d JOIN incident i ON i.id = d.incident_id \
         WHERE d.words @@ to_tsquery('simple', {first} || ':* & ' || {second} || ':*') \
         ORDER BY i.opened_at DESC, i.id DESC LIMIT {PAGE};\n"
    )
}

/// Makes what the full text search of PostgreSQL asks: the words of each incident as one document, and an index of them.
pub async fn index(plain: &Place) -> Result<()> {
    let Place::Postgres(_) = plain else { return Ok(()) };
    let made = "DROP TABLE IF EXISTS document; \
        CREATE TABLE document AS SELECT i.id AS incident_id, to_tsvector('simple', i.title || ' ' || i.summary || ' ' || \
        coalesce((SELECT string_agg(t.body, ' ') FROM timeline_event t WHERE t.incident_id = i.id), '')) AS words FROM incident i; \
        CREATE INDEX document_words ON document USING gin (words);";
    Store::execute(plain, made).await?;
    Store::execute(plain, "VACUUM ANALYZE document").await
}

/// How often a second the plain tables of the SQLite file are searched as it was done before.
pub async fn rate(file: &Path, scale: usize, duration: Duration) -> Result<f64> {
    let mut connection = sqlite_options(file).connect().await?;
    let (mut random, sql) = (Random::new(1), by_like("?1", "?2"));
    let (begun, mut done, mut found) = (Instant::now(), 0, 0);
    while begun.elapsed() < duration {
        let [first, second] = question(scale, &mut random).map(|word| format!("%{word}%"));
        let query = sqlx::query::<Sqlite>(AssertSqlSafe(sql.clone())).bind(first).bind(second);
        for row in query.fetch_all(&mut connection).await? {
            found += row.try_get::<String, _>(2)?.len();
        }
        done += 1;
    }
    ensure!(found > 0, "the yardstick found nothing");
    Ok(f64::from(done) / begun.elapsed().as_secs_f64())
}
