//! The ops docs (S9) as they are read: from a repository that the test makes with the real `git`, and from a folder.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use domain::known::ops::{self, Reading, Taken};
use domain::limits::OPS_PAGE_BYTES;
use harness::drive::text;
use harness::process::Home;
use harness::{Client, TestApp, both_dbs};
use serde_json::{Value, json};
use tempfile::TempDir;
use worker::ops_docs::{Branch, OpsDocs, Remote};

both_dbs![
    a_repository_is_read_and_followed_when_it_is_rewritten,
    what_is_no_page_is_named_and_links_are_not_followed,
    what_was_read_stays_when_it_can_not_be_read_again,
    a_page_keeps_its_id_and_what_is_gone_is_not_found,
];

const MINUTE: Duration = Duration::from_secs(60);

/// A repository that others push to.
struct Repository {
    folder: TempDir,
}

impl Repository {
    fn new() -> Self {
        let repository = Self { folder: tempfile::tempdir().unwrap() };
        git(repository.folder.path(), &["init", "--quiet", "--bare", "--initial-branch=main", "ops.git"]);
        git(repository.folder.path(), &["init", "--quiet", "--initial-branch=main", "work"]);
        repository
    }

    fn address(&self) -> PathBuf {
        self.folder.path().join("ops.git")
    }

    fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let file = self.work().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, content).unwrap();
    }

    /// Commits everything, in place of all that was before if `anew`, and pushes it by force.
    fn push(&self, anew: bool) {
        if anew {
            git(&self.work(), &["checkout", "--quiet", "--orphan", "anew"]);
            git(&self.work(), &["add", "--all"]);
            git(&self.work(), &["commit", "--quiet", "--message", "anew"]);
            git(&self.work(), &["branch", "--force", "main", "HEAD"]);
            git(&self.work(), &["checkout", "--quiet", "main"]);
            git(&self.work(), &["branch", "--delete", "--force", "anew"]);
        } else {
            git(&self.work(), &["add", "--all"]);
            git(&self.work(), &["commit", "--quiet", "--message", "more"]);
        }
        git(&self.work(), &["push", "--quiet", "--force", self.address().to_str().unwrap(), "main"]);
    }

    fn docs(&self) -> OpsDocs {
        OpsDocs::Git(Remote::read(self.address().to_str().unwrap()).unwrap(), Branch::read("main").unwrap())
    }
}

fn git(folder: &Path, arguments: &[&str]) {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=Ops", "-c", "user.email=ops@example.org", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("git can be run");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

async fn reading(app: &TestApp, docs: &OpsDocs, known: Option<&str>) -> Option<Reading> {
    docs.read(known, app.data_dir()).await.unwrap()
}

async fn take(app: &TestApp, docs: &OpsDocs) -> Taken {
    ops::take(&app.system(), reading(app, docs, None).await.unwrap()).await.unwrap()
}

async fn paths(by: &Client) -> Vec<String> {
    let pages = by.query("{ opsPages { nodes { path } } }", json!({})).await;
    pages["opsPages"]["nodes"].as_array().unwrap().iter().map(|page| text(page, "path").to_owned()).collect()
}

/// A commit that was read is not read again; one that took the place of all before is read like any other; and nothing is left behind.
async fn a_repository_is_read_and_followed_when_it_is_rewritten(app: &TestApp) {
    let (vic, repository) = (app.viewer("Vic").await, Repository::new());
    repository.write("a.md", "# Alpha\n\nThe turbine stops.\n");
    repository.write("sub/b.md", "# Beta\n");
    repository.push(false);
    let docs = repository.docs();
    assert_eq!(take(app, &docs).await, Taken { changed: 2, gone: 0 });
    assert_eq!(paths(&vic).await, ["a.md", "sub/b.md"]);
    let mark = ops::status(&app.system()).await.unwrap().mark.unwrap();
    assert!(reading(app, &docs, Some(&mark)).await.is_none(), "nothing has changed");
    std::fs::remove_file(repository.work().join("sub/b.md")).unwrap();
    repository.write("c.md", "# Gamma\n");
    repository.push(true);
    let again = reading(app, &docs, Some(&mark)).await.expect("it was rewritten");
    assert_ne!(again.mark.as_deref(), Some(mark.as_str()));
    assert_eq!(ops::take(&app.system(), again).await.unwrap(), Taken { changed: 1, gone: 1 });
    assert_eq!(paths(&vic).await, ["a.md", "c.md"]);
    let left: Vec<_> = std::fs::read_dir(app.data_dir()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("ops-docs-")), "{left:?}");
}

async fn what_is_no_page_is_named_and_links_are_not_followed(app: &TestApp) {
    let (vic, repository) = (app.viewer("Vic").await, Repository::new());
    repository.write("good.md", "---\nalert: Good\n---\n# Good\n");
    repository.write("broken.md", "---\nalert: [unclosed\n---\n# Broken\n\nThe turbine stops.\n");
    repository.write("huge.md", "x".repeat(OPS_PAGE_BYTES + 1));
    repository.write("latin.md", [0xe9, 0x0a]);
    repository.write("picture.png", [0; 10]);
    repository.write(".github/hidden.md", "# Hidden\n");
    std::os::unix::fs::symlink("/etc/passwd", repository.work().join("passwd.md")).unwrap();
    std::os::unix::fs::symlink("good.md", repository.work().join("link.md")).unwrap();
    // Whoever reads it runs nothing of it.
    repository.write(".gitattributes", "*.md filter=evil\n");
    repository.push(false);
    take(app, &repository.docs()).await;
    assert_eq!(paths(&vic).await, ["broken.md", "good.md"]);
    let docs = vic.query("{ opsDocs { pages problem unread { path problem } } }", json!({})).await;
    let unread: Vec<(&str, &str)> =
        docs["opsDocs"]["unread"].as_array().unwrap().iter().map(|file| (text(file, "path"), text(file, "problem"))).collect();
    for (path, part) in [
        ("broken.md", "front matter can't be read"),
        ("huge.md", "more than 256 KiB"),
        ("latin.md", "not UTF-8"),
        ("link.md", "is a link"),
        ("passwd.md", "is a link"),
    ] {
        assert!(unread.iter().any(|(known, problem)| *known == path && problem.contains(part)), "{path}: {unread:?}");
    }
    assert_eq!((unread.len(), &docs["opsDocs"]["pages"]), (5, &json!(2)));
    let found = vic.query("{ knownEvents(text: \"turbine stops\") { path } }", json!({})).await;
    assert_eq!(found["knownEvents"][0]["path"], "broken.md", "what is wrong with its front matter takes nothing from its text");
}

/// What was read before stays, people see why, and it is tried again: soon at first, later after that.
async fn what_was_read_stays_when_it_can_not_be_read_again(app: &TestApp) {
    let (ctx, vic, repository) = (app.system(), app.viewer("Vic").await, Repository::new());
    repository.write("a.md", "# Alpha\n");
    repository.push(false);
    assert!(ops::due(&ctx).await.unwrap().is_some(), "never read yet");
    take(app, &repository.docs()).await;
    assert_eq!(ops::due(&ctx).await.unwrap(), None);
    app.advance(MINUTE * 7);
    assert!(ops::due(&ctx).await.unwrap().is_some());
    std::fs::rename(repository.address(), repository.folder.path().join("gone")).unwrap();
    let problem = repository.docs().read(None, app.data_dir()).await.unwrap_err();
    assert!(problem.starts_with("git says: "), "{problem}");
    ops::failed(&ctx, &problem).await.unwrap();
    assert_eq!(paths(&vic).await, ["a.md"]);
    let status = vic.query("{ opsDocs { pages readAt problem } }", Value::Null).await["opsDocs"].take();
    assert_eq!((text(&status, "problem"), &status["pages"]), (problem.as_str(), &json!(1)));
    app.advance(MINUTE * 2);
    assert!(ops::due(&ctx).await.unwrap().is_some(), "it is tried again soon");
    for _ in 0..6 {
        ops::failed(&ctx, &problem).await.unwrap();
    }
    app.advance(MINUTE * 20);
    assert_eq!(ops::due(&ctx).await.unwrap(), None, "and after many failures, later");
    app.advance(MINUTE * 50);
    assert!(ops::due(&ctx).await.unwrap().is_some());
    ops::unchanged(&ctx).await.unwrap();
    assert_eq!(vic.query("{ opsDocs { problem } }", Value::Null).await["opsDocs"]["problem"], Value::Null);
    let wrong =
        OpsDocs::Git(Remote::read(repository.folder.path().join("gone").to_str().unwrap()).unwrap(), Branch::read("other").unwrap());
    assert!(wrong.read(None, app.data_dir()).await.unwrap_err().contains("has no branch other"));
}

async fn a_page_keeps_its_id_and_what_is_gone_is_not_found(app: &TestApp) {
    let (vic, folder) = (app.viewer("Vic").await, tempfile::tempdir().unwrap());
    let write = |path: &str, page: &str| std::fs::write(folder.path().join(path), page).unwrap();
    write("a.md", "# Alpha\n\nThe turbine stops.\n");
    write("b.md", "# Beta\n\nThe boiler leaks.\n");
    let docs = OpsDocs::Folder(folder.path().to_owned());
    assert_eq!(take(app, &docs).await, Taken { changed: 2, gone: 0 });
    assert_eq!(take(app, &docs).await, Taken { changed: 0, gone: 0 });
    let page = async || vic.query("{ opsPage(path: \"a.md\") { id title } }", Value::Null).await["opsPage"].take();
    let before = page().await;
    write("a.md", "# Anew\n\nThe generator stops.\n");
    std::fs::remove_file(folder.path().join("b.md")).unwrap();
    assert_eq!(take(app, &docs).await, Taken { changed: 1, gone: 1 });
    let after = page().await;
    assert_eq!((&after["id"], text(&after, "title")), (&before["id"], "Anew"));
    for (words, count) in [("turbine", 0), ("boiler", 0), ("generator", 1)] {
        let found = vic.query("query($text: String!) { knownEvents(text: $text) { path } }", json!({ "text": words })).await;
        assert_eq!(found["knownEvents"].as_array().unwrap().len(), count, "{words}");
    }
}

/// What `muster check ops-docs` says, and its exit code.
fn check(folder: &Path, place: &[(&str, &str)]) -> (Option<i32>, String) {
    let home = Home::new(folder, "sqlite:none.db");
    let output = home.command(&["check", "ops-docs"]).envs(place.iter().copied()).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[test]
fn a_check_says_what_can_be_read_and_what_is_wrong() {
    let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
    repository.write("good.md", "# Good\n");
    repository.write("broken.md", "---\nseverity: awful\n---\n# Broken\n");
    repository.push(false);
    let address = repository.address();
    let address = address.to_str().unwrap();
    let (code, said) = check(folder.path(), &[("MUSTER_OPS_DOCS__GIT", address)]);
    assert_eq!(code, Some(1), "{said}");
    for part in [
        "ops-docs: ok: The ops docs can be read from",
        "ops-docs: PROBLEM: Every page is as it should be: no. 1 of them",
        "note: 2 pages",
        "note: broken.md: its severity awful is none of critical",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    repository.write("broken.md", "---\nseverity: major\n---\n# Mended\n");
    repository.push(false);
    let (code, said) = check(folder.path(), &[("MUSTER_OPS_DOCS__GIT", address)]);
    assert!(code == Some(0) && said.contains("ok: Every page is as it should be"), "{said}");
    let (code, said) = check(folder.path(), &[("MUSTER_OPS_DOCS__GIT", address), ("MUSTER_OPS_DOCS__BRANCH", "other")]);
    assert!(code == Some(1) && said.contains("has no branch other"), "{said}");
    let (code, said) = check(folder.path(), &[("MUSTER_OPS_DOCS__PATH", folder.path().to_str().unwrap())]);
    assert!(code == Some(1) && said.contains("There is no page"), "{said}");
    let nowhere = folder.path().join("nowhere");
    let (code, said) = check(folder.path(), &[("MUSTER_OPS_DOCS__PATH", nowhere.to_str().unwrap())]);
    assert!(code == Some(1) && said.contains("ops-docs: PROBLEM: The ops docs can't be read from"), "{said}");
    let (code, said) = check(folder.path(), &[]);
    assert!(code == Some(1) && said.contains("set ops_docs.path or ops_docs.git"), "{said}");
    // A password is said by nobody, whatever becomes of it.
    let secret = "https://bot:hunter2@127.0.0.1:1/ops.git";
    let (code, said) = check(folder.path(), &[("MUSTER_OPS_DOCS__GIT", secret)]);
    assert!(code == Some(1) && said.contains("git says: ") && !said.contains("hunter2"), "{said}");
}
