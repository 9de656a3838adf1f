//! The routes under `/_fake/` that both fakes share, for use with curl.

use std::time::Duration;

use serde_json::{Value, json};

use super::faults::Fault;
use super::front::Front;
use super::http::{Reply, Request};

pub(super) fn answer(front: &Front, request: &Request) -> Option<Reply> {
    let body = request.json().unwrap_or_default();
    let number = |name: &str| body[name].as_u64();
    match (request.method.as_str(), request.segments()[1..].first().copied()?) {
        ("POST", "faults") => return Some(set_faults(front, &body)),
        ("DELETE", "faults") => front.stop_failing(),
        ("POST", "latency") => front.set_latency(number("millis").filter(|millis| *millis > 0).map(Duration::from_millis)),
        ("POST", "advance") => front.advance(Duration::from_secs(number("seconds")?)),
        ("GET", "requests") => return Some(requests(front)),
        ("GET", "violations") => return Some(Reply::json(200, &json!(front.violations()))),
        _ => return None,
    }
    Some(done())
}

pub(super) fn done() -> Reply {
    Reply::text(200, "done\n")
}

fn set_faults(front: &Front, body: &Value) -> Reply {
    let mut kinds = Vec::new();
    let names = body["fault"].as_str().map(|name| vec![name]);
    for name in names.unwrap_or_else(|| Fault::ALL.map(Fault::name).to_vec()) {
        let Some(kind) = Fault::named(name) else {
            return Reply::text(400, &format!("no such fault; there are {}\n", Fault::ALL.map(Fault::name).join(", ")));
        };
        kinds.push(kind);
    }
    match (body["percent"].as_u64(), body["next"].as_u64(), &kinds[..]) {
        (Some(percent), None, kinds) => front.fail_at_random(body["seed"].as_u64().unwrap_or(1), percent, kinds),
        (None, Some(next), [fault]) => {
            let (method, path) = (body["method"].as_str().unwrap_or_default(), body["path"].as_str().unwrap_or_default());
            front.fail_next(usize::try_from(next).unwrap_or(usize::MAX), method, path, *fault);
        }
        _ => return Reply::text(400, "say `percent`, or `next` and `fault`\n"),
    }
    done()
}

fn requests(front: &Front) -> Reply {
    let line = |received: super::Received| {
        json!({
            "method": received.method, "path": received.path, "query": received.query, "status": received.status,
            "fault": received.fault.map(Fault::name), "body": String::from_utf8_lossy(&received.body),
        })
    };
    Reply::json(200, &front.requests().into_iter().map(line).collect())
}
