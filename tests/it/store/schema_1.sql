PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
PRAGMA application_id = 0x61736b64;
PRAGMA user_version = 1;
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

INSERT INTO meta VALUES ('cookie_key', x'07070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707070707');
INSERT INTO conversation VALUES (
    1, x'00000000000000000000000000000011', x'00000000000000000000000000000001', 'A question?', 1000, 3000, NULL
);
INSERT INTO turn VALUES (
    1, x'00000000000000000000000000000001', x'00000000000000000000000000000021', 1, NULL, 1000, 'lab', 'small', '{"temperature":0.5}', 'stop', NULL, NULL, NULL,
    10, 4, 100, 900, 1900, NULL, 'A question?',
    '[{"n":1,"title":"A source","excerpt":"Its text.","score":0.5}]', x'001a5104', 'An answer.', 'Hmm'
);
INSERT INTO turn (owner, id, conversation, parent, asked, endpoint, model, options, question)
    VALUES (x'00000000000000000000000000000001', x'00000000000000000000000000000022', 1, 1, 2000, 'lab', 'small', '{}', 'And more?');
INSERT INTO piece (turn, first, saved, marks, text) VALUES (2, 1, 3000, x'19', 'So ');
INSERT INTO search (rowid, owner, question, answer) SELECT n, 'o' || hex(owner), question, answer FROM turn WHERE n = 1;
INSERT INTO search_title (rowid, owner, title) SELECT n, 'o' || hex(owner), title FROM conversation;
