//! One folder an incident and one file a part, whatever happens in between.

use domain::ports::{Content, Part, Refusal};
use harness::fakes::Fault;
use harness::fakes::drive::FOLDER;

use super::{done, fake, order, outlet, refused, text};

const FILES: &str = "/drive/v3/files";
const UPLOADS: &str = "/upload/drive/v3/files";

#[tokio::test]
async fn only_what_differs_is_written() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let made = done(&outlet, order(1, None, &[text("a", "1"), text("b", "1"), text("c", "1")])).await;
    for (attempt, known) in [(1, made.external_id.as_deref()), (2, None), (1, Some("nothing"))] {
        let again = done(&outlet, order(attempt, known, &[text("a", "1"), text("b", "2"), text("c", "1")])).await;
        assert_eq!(again, made);
    }
    let writes: Vec<(String, usize)> = fake.items().into_iter().map(|item| (item.name, item.writes)).collect();
    let expected = [("INC-7 It is down", 0), ("a.txt", 1), ("b.txt", 2), ("c.txt", 1)].map(|(name, writes)| (name.to_owned(), writes));
    assert_eq!(writes, expected);
    assert_eq!((&fake.file("b.txt").content[..], fake.file("b.txt").mime_type.as_str()), (&b"2"[..], "text/plain"));
    assert_eq!(fake.violations(), [""; 0]);
}

#[tokio::test]
async fn an_answer_that_gets_lost_makes_nothing_twice() {
    for fault in [Fault::DoneThenCut, Fault::DoneThenSilent, Fault::DoneThenGarbage] {
        for path in [FILES, UPLOADS] {
            let fake = fake().await;
            let outlet = outlet(&fake);
            // Not even while the search does not know what was made.
            fake.lag(true);
            fake.fail_next(1, "POST", path, fault);
            let refusal = refused(&outlet, order(1, None, &[text("a", "1")])).await;
            assert!(matches!(refusal, Refusal::Unclear(_)), "{fault:?}: {refusal:?}");
            done(&outlet, order(2, None, &[text("a", "2")])).await;
            assert_eq!((fake.items().len(), &fake.file("a.txt").content[..]), (2, &b"2"[..]), "{fault:?}");
            // Nor by a worker that finds it.
            fake.lag(false);
            done(&super::outlet(&fake), order(3, None, &[text("a", "3")])).await;
            assert_eq!((fake.items().len(), &fake.file("a.txt").content[..]), (2, &b"3"[..]), "{fault:?}");
        }
    }
}

/// A file of nine MiB.
fn large(folder: &tempfile::TempDir) -> (Part, Vec<u8>) {
    use sha2::{Digest, Sha256};
    let bytes: Vec<u8> = (0..9_u32 << 20).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let path = folder.path().join("large");
    std::fs::write(&path, &bytes).unwrap();
    let (sha256, length) = (hex::encode(Sha256::digest(&bytes)), bytes.len() as u64);
    let content = Content::Stored { path, media_type: "application/octet-stream".to_owned(), length, sha256 };
    (Part { key: "files/1".to_owned(), name: "dump.bin".to_owned(), content }, bytes)
}

#[tokio::test]
async fn a_large_file_goes_in_pieces_and_on_from_where_it_was_cut() {
    let folder = tempfile::tempdir().unwrap();
    let (part, bytes) = large(&folder);
    let begins = |fake: &harness::fakes::DriveFake| {
        let puts = fake.requests_to("PUT", UPLOADS);
        let ranges: Vec<String> = puts.iter().map(|put| put.header("content-range").unwrap_or_default().to_owned()).collect();
        ranges.into_iter().filter(|range| range.starts_with("bytes 0-")).count()
    };
    for (fault, from_the_start) in [(Fault::DoneThenCut, 1), (Fault::Cut, 2), (Fault::ServerError, 2), (Fault::Garbage, 2)] {
        let fake = fake().await;
        fake.fail_next(1, "PUT", UPLOADS, fault);
        done(&outlet(&fake), order(1, None, std::slice::from_ref(&part))).await;
        assert!(fake.file("dump.bin").content[..] == bytes[..], "{fault:?}");
        assert_eq!((begins(&fake), fake.items().len()), (from_the_start, 2), "{fault:?}");
        assert_eq!(fake.violations(), [""; 0]);
    }
    // What arrived in an attempt that failed is not sent again by the next.
    let fake = fake().await;
    let outlet = outlet(&fake);
    fake.fail_next(1, "PUT", UPLOADS, Fault::DoneThenCut);
    fake.fail_next(1, "PUT", UPLOADS, Fault::Unavailable);
    let refusal = refused(&outlet, order(1, None, std::slice::from_ref(&part))).await;
    assert!(matches!(refusal, Refusal::Later { .. }), "{refusal:?}");
    done(&outlet, order(2, None, std::slice::from_ref(&part))).await;
    assert!(fake.file("dump.bin").content[..] == bytes[..]);
    assert_eq!(begins(&fake), 1);
    // Nor is it when it is there.
    fake.forget_requests();
    done(&outlet, order(1, None, std::slice::from_ref(&part))).await;
    assert_eq!(fake.requests_to("PUT", UPLOADS).len() + fake.requests_to("PATCH", UPLOADS).len(), 0);
}

#[tokio::test]
async fn what_people_do_stands() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let made = done(&outlet, order(1, None, &[text("a", "1"), text("b", "1")])).await;
    let id = made.external_id.clone().unwrap();
    fake.person_changes(&id, |folder| {
        "The big one".clone_into(&mut folder.name);
        "1AnotherFolder".clone_into(&mut folder.parent);
    });
    let (a, b) = (fake.file("a.txt").id, fake.file("b.txt").id);
    fake.person_changes(&a, |file| "better.txt".clone_into(&mut file.name));
    fake.person_changes(&b, |file| file.trashed = true);
    assert_eq!(done(&outlet, order(1, Some(&id), &[text("a", "2"), text("b", "2"), text("c", "2")])).await, made);
    assert_eq!(&fake.file("better.txt").content[..], b"2");
    assert_eq!((&fake.file("b.txt").content[..], fake.file("c.txt").parent), (&b"1"[..], id.clone()));
    assert_eq!(fake.folders()[0].name, "The big one");
}

#[tokio::test]
async fn a_folder_in_the_bin_stays_there() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let made = done(&outlet, order(1, None, &[text("a", "1")])).await;
    let id = made.external_id.clone().unwrap();
    fake.person_changes(&id, |folder| folder.trashed = true);
    for known in [Some(id.as_str()), None] {
        let refusal = refused(&outlet, order(1, known, &[text("a", "2")])).await;
        assert!(matches!(&refusal, Refusal::Never(why) if why.contains("bin") && why.contains("restore")), "{refusal:?}");
    }
    assert_eq!((fake.items().len(), &fake.file("a.txt").content[..]), (2, &b"1"[..]));
    fake.person_changes(&id, |folder| folder.trashed = false);
    assert_eq!(done(&outlet, order(1, None, &[text("a", "2")])).await, made);
    // Deleted for good, it is made anew.
    fake.person_deletes(&id);
    let refusal = refused(&outlet, order(1, Some(&id), &[text("a", "3")])).await;
    assert!(matches!(refusal, Refusal::Later { .. }), "{refusal:?}");
    let anew = done(&super::outlet(&fake), order(2, Some(&id), &[text("a", "3")])).await;
    assert!(anew.external_id != made.external_id && fake.folders()[0].parent == FOLDER);
}

#[tokio::test]
async fn of_two_folders_the_older_is_used() {
    let fake = fake().await;
    let outlet = outlet(&fake);
    let made = done(&outlet, order(1, None, &[])).await;
    let again = fake.folder_again(made.external_id.as_deref().unwrap());
    assert_eq!(done(&outlet, order(1, None, &[text("a", "1")])).await, made);
    assert_eq!(Some(fake.file("a.txt").parent), made.external_id);
    fake.person_deletes(made.external_id.as_deref().unwrap());
    assert_eq!(done(&outlet, order(1, None, &[text("b", "1")])).await.external_id, Some(again));
}
