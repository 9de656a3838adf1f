//! Socket mode: nothing is lost when Slack asks for another connection, cuts one, or gives out none for a while.

use harness::both_dbs;
use worker::outlets::slack::socket;

use super::*;

both_dbs![what_is_heard_is_stored_before_it_is_acknowledged, a_refresh_loses_nothing, a_socket_that_is_cut_or_refused_is_opened_again,];

/// Listens as long as it lives.
struct Listening(tokio::task::JoinHandle<()>, tokio_util::sync::CancellationToken);

impl Listening {
    async fn to(app: &TestApp, fake: &SlackFake) -> Self {
        let (ctx, slack, shutdown) = (app.system(), Arc::new(outlet(fake)), tokio_util::sync::CancellationToken::new());
        let until = shutdown.clone();
        let listening = tokio::spawn(async move { socket::run(&ctx, &slack, &until).await });
        harness::eventually("a socket", SOON, async || (fake.sockets().0 > 0).then_some(())).await;
        Self(listening, shutdown)
    }

    async fn stop(self) {
        self.1.cancel();
        harness::within("the end of listening", SOON, self.0).await.unwrap();
    }
}

async fn what_is_heard_is_stored_before_it_is_acknowledged(app: &TestApp) {
    let fake = fake().await;
    let listening = Listening::to(app, &fake).await;
    for number in 0..20 {
        fake.types(KIM, GENERAL, "/incident", &format!("note {number}"));
    }
    fake.quiet().await;
    assert!(fake.sent().iter().all(|sent| sent.answer.is_some() && sent.attempts == 1), "{:?}", fake.sent());
    assert_eq!(arrivals(app).await.len(), 20);
    listening.stop().await;
}

async fn a_refresh_loses_nothing(app: &TestApp) {
    let fake = fake().await;
    let listening = Listening::to(app, &fake).await;
    fake.refresh_sockets();
    harness::eventually("a second socket beside the first", SOON, async || (fake.sockets() == (2, 2)).then_some(())).await;
    for number in 0..10 {
        fake.says(KIM, GENERAL, &format!("message {number}"));
    }
    fake.quiet().await;
    assert!(fake.sent().iter().all(|sent| sent.answer.is_some()));
    assert_eq!(arrivals(app).await.len(), 10);
    listening.stop().await;
}

async fn a_socket_that_is_cut_or_refused_is_opened_again(app: &TestApp) {
    let fake = fake().await;
    let listening = Listening::to(app, &fake).await;
    fake.refuse_sockets(true);
    fake.cut_sockets();
    harness::eventually("the end of the socket", SOON, async || (fake.sockets().0 == 0).then_some(())).await;
    fake.refuse_sockets(false);
    harness::eventually("another socket", SOON, async || (fake.sockets().0 == 1).then_some(())).await;
    fake.says(KIM, GENERAL, "after the cut");
    fake.quiet().await;
    assert_eq!(arrivals(app).await.len(), 1);
    listening.stop().await;
}
