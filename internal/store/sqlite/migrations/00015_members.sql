-- +goose Up

-- People who sign in to the console.
CREATE TABLE members (
    id         BLOB PRIMARY KEY,
    email      TEXT NOT NULL UNIQUE, -- in lower case
    name       TEXT NOT NULL,
    password   TEXT NOT NULL,        -- its hash, with what it takes to compare
    language   TEXT NOT NULL,
    operator   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER
) STRICT;

-- Who has which role in which workspace.
CREATE TABLE memberships (
    workspace_id BLOB NOT NULL,
    member_id    BLOB NOT NULL,
    role         TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, member_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX memberships_member ON memberships (member_id);

CREATE TABLE sessions (
    id         BLOB PRIMARY KEY,
    token      BLOB NOT NULL UNIQUE, -- its hash
    member_id  BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    address    TEXT NOT NULL,
    agent      TEXT NOT NULL
) STRICT;

CREATE INDEX sessions_member ON sessions (member_id);

-- Browsers in which somebody has signed in before, by the hash of a token that they keep.
CREATE TABLE member_devices (
    member_id BLOB NOT NULL,
    token     BLOB NOT NULL,
    seen_at   INTEGER NOT NULL,
    PRIMARY KEY (member_id, token)
) STRICT, WITHOUT ROWID;

-- One-time links: setting up, invitations, new passwords.
CREATE TABLE member_links (
    id              BLOB PRIMARY KEY,
    token           BLOB NOT NULL UNIQUE, -- its hash
    kind            TEXT NOT NULL,
    email           TEXT NOT NULL,
    workspace_id    BLOB,
    role            TEXT NOT NULL,
    operator        INTEGER NOT NULL,
    created_by      BLOB,
    created_by_name TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL
) STRICT;
