//! Open files: each connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a process needs beside connections of clients: its database, outside systems, files, standard streams.
const SPARE: usize = 128;

/// Raises the limit of open files as far as it goes without rights, and returns how many connections of clients are possible: `wanted`, or
/// as many as there are files for.
pub fn connections(wanted: usize) -> usize {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Where it can't be raised, it stays what it was.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let files = getrlimit(Resource::Nofile).current.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX));
    let possible = files.saturating_sub(SPARE).max(1);
    if possible < wanted {
        tracing::warn!(possible, wanted, "the limit of open files (ulimit -n) allows fewer connections than max_connections");
    }
    possible.min(wanted)
}
