//! One post an order, whatever happens in between.

use harness::fakes::wordpress::Post;
use harness::fakes::{Fault, WordpressFake};
use worker::outlets::wordpress::{PostStatus, WordpressOutlet};

use super::{LIMITS, MARKER, done, fake, order, outlet, refused, settings};

fn assert_as_described(fake: &WordpressFake) {
    assert_eq!(fake.violations(), [""; 0]);
}

fn only(fake: &WordpressFake) -> Post {
    let [post] = &fake.posts()[..] else { panic!("one post: {:?}", fake.posts()) };
    post.clone()
}

#[tokio::test]
async fn a_post_is_made_once_and_then_brought_up_to_date() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let made = done(&outlet, order(1, None, "<p>It was [audio].</p>")).await;
    let post = only(&fake);
    assert_eq!((post.slug.as_str(), post.status.as_str(), &*post.title), (MARKER, "publish", "INC-7: a &lt; b &amp; c"));
    assert_eq!((&*post.content, &post.categories), ("<!-- wp:html -->\n<p>It was &#91;audio].</p>\n<!-- /wp:html -->", &vec![2, 3]));
    assert_eq!((made.external_id, made.external_url), (Some(post.id.to_string()), Some(format!("{}/{MARKER}/", fake.url()))));
    for (attempt, known) in [(1, Some(post.id.to_string())), (1, None), (2, None), (1, Some("no number".to_owned()))] {
        let html = format!("<p>{attempt} {known:?}</p>");
        let again = done(&outlet, order(attempt, known.as_deref(), &html)).await;
        assert_eq!(again.external_id, Some(post.id.to_string()));
        assert!(only(&fake).content.contains(&html));
    }
    assert_as_described(&fake);
}

#[tokio::test]
async fn what_people_decided_about_the_post_stands() {
    let fake = fake().await;
    let draft = WordpressOutlet::with_limits(
        &super::WordpressSettings { status: PostStatus::Draft, categories: Vec::new(), ..settings(fake.url()) },
        LIMITS,
    )
    .unwrap();
    let made = done(&draft, order(1, None, "<p>1</p>")).await;
    let id = only(&fake).id;
    assert_eq!((only(&fake).status.as_str(), only(&fake).categories), ("draft", vec![1]));
    assert!(made.external_url.is_some_and(|url| url.contains("?p=")));
    fake.person_changes(id, |post| {
        "publish".clone_into(&mut post.status);
        "a-better-address".clone_into(&mut post.slug);
        post.categories = vec![2];
    });
    let again = done(&draft, order(1, Some(&id.to_string()), "<p>2</p>")).await;
    let post = only(&fake);
    assert_eq!((&*post.status, &*post.slug, &post.categories), ("publish", "a-better-address", &vec![2]));
    assert!(post.content.contains("<p>2</p>") && again.external_url.is_some_and(|url| url.ends_with("/a-better-address/")));
    assert_as_described(&fake);
}

#[tokio::test]
async fn an_answer_that_gets_lost_makes_no_second_post() {
    for fault in [Fault::DoneThenCut, Fault::DoneThenSilent, Fault::DoneThenGarbage, Fault::Huge(5 << 20)] {
        let fake = fake().await;
        let outlet = outlet(&fake);
        fake.fail_next(1, "POST", "/wp-json/wp/v2/posts", fault);
        let refusal = refused(&outlet, order(1, None, "<p>1</p>")).await;
        assert!(matches!(refusal, super::Refusal::Unclear(_)), "{fault:?}: {refusal:?}");
        let again = done(&outlet, order(2, None, "<p>2</p>")).await;
        assert_eq!(again.external_id, Some(only(&fake).id.to_string()), "{fault:?}");
    }
}

#[tokio::test]
async fn a_post_in_the_bin_stays_there() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let made = done(&outlet, order(1, None, "<p>1</p>")).await;
    let id = only(&fake).id;
    fake.person_bins(id);
    for known in [made.external_id.as_deref(), None] {
        let refusal = refused(&outlet, order(1, known, "<p>2</p>")).await;
        assert!(matches!(&refusal, super::Refusal::Never(why) if why.contains("bin") && why.contains("restore")), "{refusal:?}");
        assert_eq!((only(&fake).status.as_str(), only(&fake).content.contains("<p>1</p>")), ("trash", true));
    }
    fake.person_restores(id);
    assert_eq!(done(&outlet, order(1, None, "<p>3</p>")).await.external_id, made.external_id);
    assert_as_described(&fake);
}

#[tokio::test]
async fn a_post_that_was_deleted_for_good_is_made_anew() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let made = done(&outlet, order(1, None, "<p>1</p>")).await;
    fake.person_deletes(only(&fake).id);
    // Whose answer gets lost, so that the next attempt must find what this one made.
    fake.fail_next(1, "POST", "/wp-json/wp/v2/posts", Fault::DoneThenCut);
    refused(&outlet, order(1, made.external_id.as_deref(), "<p>2</p>")).await;
    let again = done(&outlet, order(2, made.external_id.as_deref(), "<p>3</p>")).await;
    assert_eq!((again.external_id.clone(), only(&fake).slug.as_str()), (Some(only(&fake).id.to_string()), MARKER));
    assert_ne!(again.external_id, made.external_id);
    assert_as_described(&fake);
}

#[tokio::test]
async fn a_post_of_somebody_else_is_left_alone() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let theirs = fake.person_writes(MARKER, "publish");
    let refusal = refused(&outlet, order(1, None, "<p>1</p>")).await;
    assert!(matches!(&refusal, super::Refusal::Never(why) if why.contains("author")), "{refusal:?}");
    let refusal = refused(&outlet, order(1, Some(&theirs.to_string()), "<p>1</p>")).await;
    assert!(matches!(&refusal, super::Refusal::Never(why) if why.contains("author")), "{refusal:?}");
    assert_eq!(only(&fake).content, "");
}

#[tokio::test]
async fn categories_are_found_among_many_and_asked_for_once() {
    let fake = fake().await;
    fake.add_categories(150);
    let many = super::WordpressSettings { categories: vec!["category 153".to_owned(), "2".to_owned()], ..settings(fake.url()) };
    let outlet = WordpressOutlet::with_limits(&many, LIMITS).unwrap();
    done(&outlet, order(1, None, "<p>1</p>")).await;
    assert_eq!(only(&fake).categories, [153, 2]);
    fake.person_deletes(only(&fake).id);
    done(&outlet, order(1, None, "<p>1</p>")).await;
    assert_eq!(fake.requests_to("GET", "/wp-json/wp/v2/categories").len(), 2, "two pages, once");
    let unknown = super::WordpressSettings { categories: vec!["Reports".to_owned()], ..settings(fake.url()) };
    fake.person_deletes(only(&fake).id);
    let refusal = refused(&WordpressOutlet::with_limits(&unknown, LIMITS).unwrap(), order(1, None, "<p>1</p>")).await;
    assert!(matches!(&refusal, super::Refusal::Never(why) if why.contains("“Reports”") && why.contains("wordpress.categories")));
    assert_eq!(fake.posts(), []);
    assert_as_described(&fake);
}
