#!/bin/sh
# One would expect: with `PRAGMA secure_delete = ON`, SQLite overwrites what is deleted or shortened, so that once the change is committed the old
# text is in none of the database's files.
#
# What happens in WAL mode: the commit writes pages without the text at the end of the log, and leaves the older pages where they are: in the log, and in the
# database if they had got there. A checkpoint, as SQLite makes by itself every thousand pages, cleans the database and leaves the log as
# it is, to be overwritten from its beginning some day. Only a checkpoint that truncates the log takes the text out of it.
#
# Why it matters here: an administrator redacts a password, and whoever copies the data folder an hour later still has it. Muster turns secure_delete on
# and truncates the log right after a redaction; a test looks for the text in every file of the data folder.
#
# Versions: SQLite 3.54.1, as in apsw 3.54.1.0. Needs python3 with venv.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check apsw==3.54.1.0
cat > look.py <<'END'
import os

import apsw

SECRET = b"the password is on the wall"


def where():
    return [name for name in ("notes", "notes-wal") if SECRET in open(name, "rb").read()] or ["nowhere"]


db = apsw.Connection("notes")
one = lambda statement: next(db.execute(statement))[0]
one("PRAGMA journal_mode = WAL")
assert one("PRAGMA secure_delete = ON") == 1
db.execute("CREATE TABLE note (text TEXT)")
db.execute("INSERT INTO note VALUES (?)", (SECRET.decode(),))
one("PRAGMA wal_checkpoint(PASSIVE)")
print("written:", *where())
db.execute("UPDATE note SET text = ''")
print("taken out:", *where())
one("PRAGMA wal_checkpoint(PASSIVE)")
print("after a checkpoint:", *where())
one("PRAGMA wal_checkpoint(TRUNCATE)")
print("after one that truncates:", *where())
END
found=$(venv/bin/python look.py)
echo "$found"
expected='written: notes notes-wal
taken out: notes notes-wal
after a checkpoint: notes-wal
after one that truncates: nowhere'
[ "$found" = "$expected" ] || { echo "This has changed."; exit 1; }
