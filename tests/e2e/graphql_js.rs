//! What failed fields do to an answer, compared with graphql-js byte by byte, for the same schema and failures over each protocol.

use api::transport::{Credential, Gateway, Operation, Refusal, Transport};
use api::{CallerAddress, TransportLimits};
use async_graphql::{Error, ErrorExtensions, Interface, Object, Response, Result, Schema, Subscription, Union};
use futures_util::stream::{self, BoxStream, StreamExt};
use futures_util::{SinkExt, Stream};
use harness::{browser, node};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};
use tokio_util::sync::CancellationToken;

fn fails<T>(name: &str) -> Result<T> {
    Err(Error::new(format!("no {name}")).extend_with(|_, extensions| extensions.set("code", "FORBIDDEN")))
}

struct Crate(u8);

#[Object(name = "Box")]
impl Crate {
    async fn label(&self) -> &str {
        "box"
    }

    async fn maybe(&self) -> Result<Option<String>> {
        tokio::task::yield_now().await;
        fails("maybe")
    }

    async fn sure(&self) -> Result<String> {
        fails("sure")
    }

    async fn inner(&self) -> Option<Crate> {
        tokio::task::yield_now().await;
        self.0.checked_sub(1).map(Crate)
    }

    async fn firm(&self) -> Crate {
        Crate(self.0.saturating_sub(1))
    }
}

struct Item(i32);

#[Object]
impl Item {
    async fn n(&self) -> i32 {
        // The fields that come later are ready sooner.
        tokio::task::yield_now().await;
        self.0
    }

    async fn even(&self) -> Result<Option<bool>> {
        if self.0 % 2 == 0 { Ok(Some(true)) } else { fails("even") }
    }

    async fn odd(&self) -> Result<bool> {
        if self.0 % 2 == 1 { Ok(true) } else { fails("odd") }
    }
}

struct Cat;

#[Object]
impl Cat {
    async fn name(&self) -> Result<Option<String>> {
        Ok(Some("Tom".to_owned()))
    }

    async fn lives(&self) -> Result<Option<i32>> {
        fails("lives")
    }

    async fn owner(&self) -> Result<String> {
        fails("owner")
    }
}

struct Dog;

#[Object]
impl Dog {
    async fn name(&self) -> Result<Option<String>> {
        fails("name")
    }

    async fn good(&self) -> bool {
        true
    }
}

#[derive(Interface)]
#[graphql(field(name = "name", ty = "Option<String>"))]
enum Pet {
    Cat(Cat),
    Dog(Dog),
}

#[derive(Union)]
enum Animal {
    Cat(Cat),
    Dog(Dog),
}

struct Query;

#[Object]
impl Query {
    async fn label(&self) -> &str {
        "root"
    }

    async fn maybe(&self) -> Result<Option<String>> {
        fails("maybe")
    }

    async fn sure(&self) -> Result<String> {
        fails("sure")
    }

    async fn nothing(&self) -> Option<String> {
        None
    }

    #[graphql(name = "box")]
    async fn crate_(&self) -> Option<Crate> {
        tokio::task::yield_now().await;
        Some(Crate(2))
    }

    async fn firm(&self) -> Crate {
        Crate(2)
    }

    async fn items(&self) -> Vec<Item> {
        (0..3).map(Item).collect()
    }

    async fn holes(&self) -> Vec<Option<Item>> {
        vec![Some(Item(0)), None, Some(Item(2))]
    }

    async fn strict(&self) -> Option<Vec<Item>> {
        Some((0..3).map(Item).collect())
    }

    async fn grid(&self) -> Vec<Option<Vec<Item>>> {
        vec![Some(vec![Item(0), Item(1)]), Some(vec![Item(2)])]
    }

    async fn animals(&self) -> Vec<Option<Animal>> {
        vec![Some(Animal::Cat(Cat)), Some(Animal::Dog(Dog))]
    }

    async fn pet(&self, dog: bool) -> Option<Pet> {
        Some(if dog { Pet::Dog(Dog) } else { Pet::Cat(Cat) })
    }
}

struct Bump(i32);

#[Object]
impl Bump {
    async fn total(&self) -> i32 {
        self.0
    }

    async fn maybe(&self) -> Result<Option<String>> {
        fails("maybe")
    }

    async fn sure(&self) -> Result<String> {
        fails("sure")
    }
}

struct Mutation;

#[Object]
impl Mutation {
    async fn bump(&self, by: i32) -> Option<Bump> {
        Some(Bump(by))
    }

    async fn refuse(&self) -> Result<Option<Bump>> {
        fails("refuse")
    }

    async fn must(&self) -> Result<Bump> {
        fails("must")
    }
}

struct Ticks;

#[Subscription(name = "Subscription")]
impl Ticks {
    async fn tick(&self) -> impl Stream<Item = Item> {
        stream::once(async { Item(1) })
    }
}

type Failing = Schema<Query, Mutation, Ticks>;

#[derive(Clone)]
struct Server(Failing);

impl Gateway for Server {
    type Caller = ();

    fn sdl(&self) -> String {
        self.0.sdl()
    }

    async fn authenticate(&self, _: Credential, _: CallerAddress) -> std::result::Result<(), Refusal> {
        Ok(())
    }

    fn identity((): &()) -> Option<u128> {
        None
    }

    async fn execute(&self, (): (), operation: Operation) -> Response {
        self.0.execute(operation.into_request()).await
    }

    fn subscribe(&self, (): (), operation: Operation) -> BoxStream<'static, Response> {
        self.0.execute_stream(operation.into_request()).boxed()
    }
}

const OPERATIONS: [&str; 35] = [
    "{ label nothing maybe }",
    "{ maybe }",
    "{ sure }",
    "{ label sure }",
    "{ one: maybe two: label three: maybe }",
    "{ box { label maybe } label }",
    "query Named { box { label maybe } label }",
    "query Named { box { sure } label }",
    "{ box { maybe } }",
    "{ box { sure } }",
    "{ box { inner { label maybe inner { label inner { sure label } } } } }",
    "{ box { inner { firm { sure } label } label } label }",
    "{ firm { firm { sure } } }",
    "{ firm { label firm { maybe label } } }",
    "{ items { n even } }",
    "{ items { even n } label }",
    "{ items { odd } }",
    "{ holes { n even } }",
    "{ holes { odd n } }",
    "{ strict { n odd } label }",
    "{ grid { n even } }",
    "{ grid { n odd } label }",
    "{ animals { __typename ... on Cat { name lives } ... on Dog { good name } } }",
    "{ animals { ... on Cat { owner } ... on Dog { good } } }",
    "{ animals { ... on Pet { name } } }",
    "{ animals { ... on Dog { name } } }",
    "{ pet(dog: true) { name } cat: pet(dog: false) { name ... on Cat { lives } ... on Dog { good } } }",
    "{ pet(dog: false) { ... on Dog { good } } }",
    "query($yes: Boolean = true) { box { label @skip(if: $yes) } nothing @include(if: $yes) label @skip(if: true) }",
    "{ ...All label } fragment All on Query { box { ...Box } maybe } fragment Box on Box { maybe label }",
    "{ box { label } ... on Query { box { maybe inner { label } } } box { inner { maybe } } }",
    "{ maybe maybe }",
    "mutation { first: bump(by: 1) { total maybe } refuse { total } second: bump(by: 2) { sure } third: bump(by: 3) { total } }",
    "mutation { bump(by: 1) { total } must { total } }",
    "subscription { tick { odd even n } }",
];

/// What graphql-js answers to each operation, as text.
fn expected(sdl: &str) -> Vec<String> {
    let operations: Vec<Value> = OPERATIONS.iter().map(|query| json!({ "query": query })).collect();
    let input = json!({ "sdl": sdl, "operations": operations }).to_string();
    node("graphql_js.mjs", &[], &input).lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn answers_with_failed_fields_equal_those_of_graphql_js() {
    let server = Server(Schema::build(Query, Mutation, Ticks).finish());
    let expected = expected(&server.sdl());
    assert_eq!(expected.len(), OPERATIONS.len());

    let transport = Transport::new(server, TransportLimits::default(), None, CancellationToken::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let router = transport.router();
    tokio::spawn(async move { axum::serve(listener, router).await });

    let mut wrong = Vec::new();
    for (query, expected) in OPERATIONS.iter().zip(&expected) {
        let mut answers = vec![("events", by_events(&base, query).await), ("WebSocket", by_websocket(&base, query).await)];
        if !query.starts_with("subscription") {
            answers.push(("HTTP", by_http(&base, query).await));
        }
        for (protocol, answer) in answers {
            if answer != *expected {
                wrong.push(format!("{query}\n  {protocol}:  {answer}\n  graphql-js: {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn by_http(base: &str, query: &str) -> String {
    let body = json!({ "query": query }).to_string();
    let request = browser().post(format!("{base}/graphql")).header("content-type", "application/json").body(body);
    request.send().await.unwrap().text().await.unwrap()
}

async fn by_events(base: &str, query: &str) -> String {
    let body = json!({ "query": query }).to_string();
    let request = browser().post(format!("{base}/graphql/stream")).header("content-type", "application/json").body(body);
    let text = request.header("accept", "text/event-stream").send().await.unwrap().text().await.unwrap();
    let data = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap_or_default();
    data.to_owned()
}

async fn by_websocket(base: &str, query: &str) -> String {
    let mut request = format!("{base}/graphql").replacen("http", "ws", 1).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": { "query": query } });
    for message in [json!({ "type": "connection_init" }), subscribe] {
        socket.send(Message::text(message.to_string())).await.unwrap();
    }
    while let Some(Ok(message)) = socket.next().await {
        let text = message.into_text().unwrap_or_default();
        if let Some(payload) = text.strip_prefix(r#"{"type":"next","id":"1","payload":"#) {
            return payload.strip_suffix('}').unwrap_or_default().to_owned();
        }
    }
    String::new()
}
