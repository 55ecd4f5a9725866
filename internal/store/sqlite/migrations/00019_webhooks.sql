-- +goose Up

-- The hot types of events that webhook endpoints want, with spaces between them.
ALTER TABLE workspaces ADD COLUMN wanted TEXT NOT NULL DEFAULT '';

-- Addresses that are told about events. Everything in the log up to the position has been sent, or waits
-- in webhook_deliveries.
CREATE TABLE webhook_endpoints (
    workspace_id    BLOB NOT NULL,
    id              BLOB NOT NULL,
    url             TEXT NOT NULL,
    description     TEXT NOT NULL,
    types           TEXT NOT NULL, -- patterns with spaces between them; '': all
    secret          TEXT NOT NULL, -- encrypted if the server has a key for that
    old_secret      TEXT NOT NULL, -- signs, too, until old_until
    old_until       INTEGER,
    created_at      INTEGER NOT NULL,
    tested_at       INTEGER, -- the first test that was answered well; NULL: none yet
    disabled_at     INTEGER,
    disabled_reason TEXT NOT NULL,
    deleted_at      INTEGER, -- until its deliveries are deleted, too
    position        INTEGER NOT NULL,
    failing_since   INTEGER, -- the first of the failures since the last success
    failures        INTEGER NOT NULL, -- how many in a row
    paused_until    INTEGER, -- while it is down: nothing is sent until then
    next_at         INTEGER, -- when the next delivery that waits is due; NULL: none waits
    last_at         INTEGER,
    last_status     INTEGER NOT NULL,
    last_error      TEXT NOT NULL,
    holder          BLOB, -- the node that sends
    fence           INTEGER NOT NULL,
    lease_until     INTEGER,
    PRIMARY KEY (workspace_id, id)
) STRICT, WITHOUT ROWID;

-- What was sent, or will be sent again. An event's body is in the log only.
CREATE TABLE webhook_deliveries (
    workspace_id BLOB NOT NULL,
    endpoint_id  BLOB NOT NULL,
    position     INTEGER NOT NULL, -- of the event in the log
    event_id     BLOB NOT NULL,
    type         TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id   TEXT NOT NULL, -- empty: a user
    status       TEXT NOT NULL,
    tries        INTEGER NOT NULL, -- since it was last asked for
    next_at      INTEGER, -- NULL: it does not wait
    created_at   INTEGER NOT NULL,
    attempts     TEXT NOT NULL, -- JSON, the newest last
    answer       TEXT NOT NULL, -- the beginning of the last answer's body
    PRIMARY KEY (workspace_id, endpoint_id, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX webhook_deliveries_unsent ON webhook_deliveries (workspace_id, endpoint_id, status, position)
    WHERE status <> 'succeeded';
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (workspace_id, endpoint_id, next_at, position)
    WHERE next_at IS NOT NULL;
