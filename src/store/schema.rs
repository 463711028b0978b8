//! The file's form, as a list of steps from one version to the next.
//!
//! A step that was released is never changed; `tests/it/store/schema_*.sql` keeps a file of each version.

use rusqlite::Connection;

/// What askd's files carry in their header ("askd"), so that no other program's file is taken for one.
pub(super) const APPLICATION: i32 = i32::from_be_bytes(*b"askd");

/// The steps; a file's `user_version` says how many of them it has taken.
const STEPS: [&str; 4] = [VERSION_1, VERSION_2, VERSION_3, VERSION_4];

/// The version that this binary writes.
pub(super) const VERSION: i32 = STEPS.len() as i32;

/// Large texts stand last in their row, so that reading what is before them skips their pages.
///
/// A turn names its parent by row, and has no foreign key to it: turns go with their whole conversation, and such a
/// key would want an index of its own. `search` and `search_title` hold no texts, only where their words are. A turn
/// is in `search` from its end on. `spaced` is [`super::script`]'s. `share` says about how many bytes each owner's turns
/// take, 256 for what goes with each; it costs a row's update for a question and another for its end. A turn's `bytes`
/// are stored, so that none of its texts is read for them, and counted by what Debian 12's sqlite3 knows too, so that its
/// `PRAGMA integrity_check` takes the file.
const VERSION_1: &str = "
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE conversation (
    n INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    owner BLOB NOT NULL,
    title TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    deleted INTEGER,
    UNIQUE (owner, id)
) STRICT;
CREATE INDEX conversation_listed ON conversation (owner, updated);
CREATE INDEX conversation_aged ON conversation (updated);
CREATE INDEX conversation_deleted ON conversation (deleted) WHERE deleted IS NOT NULL;

CREATE TABLE turn (
    n INTEGER PRIMARY KEY,
    owner BLOB NOT NULL,
    id BLOB NOT NULL,
    conversation INTEGER NOT NULL REFERENCES conversation (n) ON DELETE CASCADE,
    parent INTEGER,
    asked INTEGER NOT NULL,
    endpoint TEXT NOT NULL,
    model TEXT NOT NULL,
    options TEXT NOT NULL,
    outcome TEXT,
    error_code TEXT,
    error_message TEXT,
    error_retry_ms INTEGER,
    prompt_tokens INTEGER,
    completion_tokens INTEGER,
    first_chunk_ms INTEGER,
    total_ms INTEGER,
    ended INTEGER,
    cause TEXT,
    bytes INTEGER AS (
        256 + length(CAST(question AS BLOB)) + ifnull(length(CAST(sources AS BLOB)), 0)
        + ifnull(length(CAST(answer AS BLOB)), 0) + ifnull(length(CAST(reasoning AS BLOB)), 0)
    ) STORED,
    question TEXT NOT NULL,
    sources TEXT,
    marks BLOB,
    answer TEXT,
    reasoning TEXT,
    UNIQUE (owner, id)
) STRICT;
CREATE INDEX turn_of ON turn (conversation);
CREATE INDEX turn_running ON turn (conversation) WHERE outcome IS NULL;

CREATE TABLE share (
    owner BLOB PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX share_most ON share (bytes);
CREATE TRIGGER turn_in AFTER INSERT ON turn BEGIN
    INSERT INTO share VALUES (NEW.owner, NEW.bytes) ON CONFLICT (owner) DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER turn_grows AFTER UPDATE OF sources, answer, reasoning ON turn BEGIN
    UPDATE share SET bytes = bytes + NEW.bytes - OLD.bytes WHERE owner = NEW.owner;
END;
CREATE TRIGGER turn_out AFTER DELETE ON turn BEGIN
    UPDATE share SET bytes = bytes - OLD.bytes WHERE owner = OLD.owner;
    DELETE FROM share WHERE owner = OLD.owner AND bytes <= 0;
END;

CREATE TABLE piece (
    turn INTEGER NOT NULL REFERENCES turn (n) ON DELETE CASCADE,
    first INTEGER NOT NULL,
    saved INTEGER NOT NULL,
    marks BLOB NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (turn, first)
) STRICT;

CREATE VIEW searchable AS
    SELECT n, 'o' || hex(owner) AS owner, spaced(question) AS question, spaced(answer) AS answer FROM turn;
CREATE VIRTUAL TABLE search USING fts5 (
    owner, question, answer,
    content = 'searchable', content_rowid = 'n', tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3'
);
CREATE VIEW searchable_title AS
    SELECT n, 'o' || hex(owner) AS owner, spaced(title) AS title FROM conversation;
CREATE VIRTUAL TABLE search_title USING fts5 (
    owner, title,
    content = 'searchable_title', content_rowid = 'n', tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3'
);
";

/// Sign-ins and tokens, by the hashes of their secrets.
const VERSION_2: &str = "
CREATE TABLE credential (
    hash BLOB PRIMARY KEY,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    user TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER,
    proof BLOB NOT NULL
) STRICT, WITHOUT ROWID;
";

/// The tokens of a day, by who spent them.
const VERSION_3: &str = "
CREATE TABLE spent (
    day INTEGER NOT NULL,
    who BLOB NOT NULL,
    tokens INTEGER NOT NULL,
    PRIMARY KEY (day, who)
) STRICT, WITHOUT ROWID;
";

/// When an answer's own words began, behind thinking.
const VERSION_4: &str = "ALTER TABLE turn ADD COLUMN first_word_ms INTEGER;";

/// The version of a file; 0: it is new.
pub(super) fn version(db: &Connection) -> rusqlite::Result<i32> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Brings a file to [`VERSION`], all steps or none.
pub(super) fn migrate(db: &mut Connection) -> rusqlite::Result<()> {
    let from = version(db)?;
    if from >= VERSION {
        return Ok(());
    }
    let transaction = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for step in &STEPS[usize::try_from(from).unwrap_or(0)..] {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}
