-- +goose Up

-- Which events of the workspace are recorded: all, or some, without the hot ones.
ALTER TABLE workspaces ADD COLUMN events TEXT NOT NULL DEFAULT 'some';

-- The log of each workspace. A user's id stands nowhere but in user_id, so that it can be taken
-- out; the salt goes with it.
CREATE TABLE events (
    workspace_id BLOB NOT NULL,
    position     INTEGER NOT NULL,
    id           BLOB NOT NULL,
    type         TEXT NOT NULL,
    at           INTEGER NOT NULL,
    actor_kind   TEXT NOT NULL,
    actor_id     BLOB,
    actor_name   TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id   TEXT,          -- as it is shown; NULL: a user
    subject_key  TEXT,          -- what it is looked up by; NULL: a user
    user_id      TEXT,          -- the person whom it is about; NULL: nobody, or erased
    request_id   TEXT,
    data         TEXT NOT NULL, -- a JSON object
    salt         BLOB,          -- NULL: the person was erased
    digest       BLOB NOT NULL, -- SHA-256 of the salt and the body as it was made
    PRIMARY KEY (workspace_id, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX events_subject ON events (workspace_id, subject_key, position) WHERE subject_key IS NOT NULL;
CREATE INDEX events_user ON events (workspace_id, user_id, position) WHERE user_id IS NOT NULL;
CREATE INDEX events_erased ON events (at) WHERE type = 'user.erased' AND user_id IS NOT NULL;

-- The newest position of each workspace's log.
CREATE TABLE event_positions (
    workspace_id BLOB PRIMARY KEY,
    newest       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Events that have no position yet. Here they get one as they are written, so that none is in
-- this table but those that were copied from an engine where they get it later.
CREATE TABLE event_queue (
    workspace_id BLOB NOT NULL,
    id           BLOB NOT NULL,
    stamp        INTEGER NOT NULL, -- when it was written, by the database's clock
    ordinal      INTEGER NOT NULL, -- of those of one transaction
    type         TEXT NOT NULL,
    at           INTEGER NOT NULL,
    actor_kind   TEXT NOT NULL,
    actor_id     BLOB,
    actor_name   TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id   TEXT,
    subject_key  TEXT,
    user_id      TEXT,
    request_id   TEXT,
    data         TEXT NOT NULL,
    salt         BLOB,
    digest       BLOB NOT NULL,
    PRIMARY KEY (workspace_id, id)
) STRICT, WITHOUT ROWID;
