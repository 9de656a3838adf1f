//! A real WordPress, which `tests/tools.sh` fetches.

use domain::ports::{Outlet, Refusal};
use harness::wordpress::Wordpress;
use reqwest::Method;
use serde_json::{Value, json};
use worker::outlets::client::CallLimits;
use worker::outlets::wordpress::{PostStatus, WordpressOutlet};

use super::{MARKER, WordpressSettings, done, order, refused, settings};

fn outlet(blog: &Wordpress, role: &str, password: &str) -> WordpressOutlet {
    let (user, password) = (format!("muster-{role}"), password.to_owned());
    let settings = WordpressSettings { user, password, ..settings(blog.url()) };
    // PHP's own server takes its time.
    WordpressOutlet::with_limits(&settings, CallLimits::default()).unwrap()
}

async fn only(blog: &Wordpress) -> Value {
    let posts = blog.posts().await;
    let [post] = &posts[..] else { panic!("one post: {posts:?}") };
    post.clone()
}

#[tokio::test]
async fn a_real_wordpress_has_one_post_whatever_happens() {
    let blog = Wordpress::start().await;
    let author = outlet(&blog, "author", blog.password("author"));
    let html = "<p>It was [audio src=\"http://x/y.mp3\"]\nand \u{1f525}</p>\n<table><tbody><tr><td>1</td></tr></tbody></table>";
    let made = done(&author, order(1, None, html)).await;
    let post = only(&blog).await;
    let id = post["id"].as_u64().unwrap().to_string();
    assert_eq!(
        (&post["slug"], &post["status"], &post["title"]["rendered"]),
        (&json!(MARKER), &json!("publish"), &json!("INC-7: a &lt; b &amp; c"))
    );
    assert_eq!((made.external_id.as_ref(), made.external_url), (Some(&id), Some(format!("{}/{MARKER}/", blog.url()))));
    let shown = post["content"]["rendered"].as_str().unwrap();
    assert!(!shown.contains("<audio") && !shown.contains("<br") && shown.contains("<td>1</td>") && shown.contains('\u{1f525}'), "{shown}");
    let names = blog.as_editor(Method::GET, &format!("categories?post={id}&orderby=id"), json!(null)).await;
    assert_eq!((&names[0]["name"], &names[1]["name"], names.as_array().unwrap().len()), (&json!("Incidents"), &json!("R&amp;D"), 2));

    // Known by its number, and found by its marker.
    for known in [Some(&*id), None] {
        assert_eq!(done(&author, order(1, known, &format!("<p>{known:?}</p>"))).await.external_id.as_ref(), Some(&id));
        assert!(only(&blog).await["content"]["raw"].as_str().unwrap().contains(&format!("<p>{known:?}</p>")));
    }

    // A person moves it to the bin.
    blog.as_editor(Method::DELETE, &format!("posts/{id}"), json!(null)).await;
    for known in [Some(&*id), None] {
        let refusal = refused(&author, order(1, known, "<p>bin</p>")).await;
        assert!(matches!(&refusal, Refusal::Never(why) if why.contains("bin")), "{refusal:?}");
    }
    assert_eq!(only(&blog).await["status"], "trash");
    // Restores it, and it is brought up to date again: a draft as long as the person leaves it one.
    blog.as_editor(Method::POST, &format!("posts/{id}"), json!({ "status": "draft" })).await;
    assert_eq!(done(&author, order(1, None, "<p>back</p>")).await.external_id.as_ref(), Some(&id));
    assert_eq!((&only(&blog).await["status"], &only(&blog).await["slug"]), (&json!("draft"), &json!(MARKER)));
    // And deletes it for good.
    blog.as_editor(Method::DELETE, &format!("posts/{id}?force=true"), json!(null)).await;
    let anew = done(&author, order(1, Some(&id), "<p>anew</p>")).await;
    assert_eq!(
        (anew.external_id.as_deref(), &only(&blog).await["slug"]),
        (only(&blog).await["id"].as_u64().map(|id| id.to_string()).as_deref(), &json!(MARKER))
    );
    assert_ne!(anew.external_id.as_ref(), Some(&id));

    // With notices before everything, as success and as refusal.
    blog.be_noisy(true);
    assert_eq!(done(&author, order(1, anew.external_id.as_deref(), "<p>noise</p>")).await.external_id, anew.external_id);
    assert_eq!(done(&author, order(1, Some(&id), "<p>noisy still</p>")).await.external_id, anew.external_id, "a 404 as a 200");
    let wrong = outlet(&blog, "author", "wrong");
    assert!(matches!(refused(&wrong, order(1, None, "<p>x</p>")).await, Refusal::Locked(_)), "a 401 as a 200");
    blog.be_noisy(false);
    assert!(only(&blog).await["content"]["raw"].as_str().unwrap().contains("noisy still"));
}

#[tokio::test]
async fn a_real_wordpress_says_who_may_what() {
    let blog = Wordpress::start().await;
    let wrong = outlet(&blog, "author", "wrong");
    let refusal = refused(&wrong, order(1, Some("4"), "<p>x</p>")).await;
    assert!(matches!(&refusal, Refusal::Locked(why) if why.contains("wordpress.password")), "{refusal:?}");
    assert!(wrong.check().await[0].problem.as_ref().is_some_and(|why| why.contains("Authorization header")));
    let contributor = outlet(&blog, "contributor", blog.password("contributor"));
    let refusal = refused(&contributor, order(1, None, "<p>x</p>")).await;
    assert!(matches!(&refusal, Refusal::Locked(why) if why.contains("contributor")), "{refusal:?}");
    assert_eq!(blog.posts().await, [] as [Value; 0]);

    let author = outlet(&blog, "author", blog.password("author"));
    let findings = author.check().await;
    assert!(findings.len() == 3 && findings.iter().all(|finding| finding.problem.is_none()), "{findings:?}");
    assert!(!findings[1].what.contains("scripts"), "{findings:?}");
    let administrator = outlet(&blog, "administrator", blog.password("administrator"));
    assert!(administrator.check().await[1].what.contains("scripts"));

    // An editor's draft is found by no author, and an administrator's post is changed by none.
    let theirs = done(&administrator, order(1, None, "<p>theirs</p>")).await;
    for known in [theirs.external_id.as_deref(), None] {
        let refusal = refused(&author, order(1, known, "<p>mine</p>")).await;
        assert!(matches!(&refusal, Refusal::Never(why) if why.contains("author")), "{refusal:?}");
    }

    // Blanks in the password, as WordPress shows it, and a draft.
    let spaced: Vec<String> = blog.password("author").as_bytes().chunks(4).map(|part| String::from_utf8_lossy(part).into_owned()).collect();
    let drafts = WordpressSettings {
        user: "muster-author".to_owned(),
        password: spaced.join(" "),
        status: PostStatus::Draft,
        categories: Vec::new(),
        ..settings(blog.url())
    };
    blog.as_editor(Method::DELETE, &format!("posts/{}?force=true", theirs.external_id.unwrap()), json!(null)).await;
    let drafts = WordpressOutlet::with_limits(&drafts, CallLimits::default()).unwrap();
    let made = done(&drafts, order(1, None, "<p>draft</p>")).await;
    assert_eq!(done(&drafts, order(2, None, "<p>again</p>")).await.external_id, made.external_id);
    assert_eq!((&only(&blog).await["status"], &only(&blog).await["slug"]), (&json!("draft"), &json!(MARKER)));
}
