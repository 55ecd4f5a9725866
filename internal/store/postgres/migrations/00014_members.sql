-- +goose Up

-- People who sign in to the console.
CREATE TABLE members (
    id         uuid PRIMARY KEY,
    email      text NOT NULL UNIQUE COLLATE "C", -- in lower case
    name       text NOT NULL,
    password   text NOT NULL,        -- its hash, with what it takes to compare
    language   text NOT NULL,
    operator   boolean NOT NULL,
    created_at timestamptz NOT NULL,
    seen_at    timestamptz
);

-- Who has which role in which workspace.
CREATE TABLE memberships (
    workspace_id uuid NOT NULL,
    member_id    uuid NOT NULL,
    role         text NOT NULL,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, member_id)
);

CREATE INDEX memberships_member ON memberships (member_id);

CREATE TABLE sessions (
    id         uuid PRIMARY KEY,
    token      bytea NOT NULL UNIQUE, -- its hash
    member_id  uuid NOT NULL,
    created_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    address    text NOT NULL,
    agent      text NOT NULL
);

CREATE INDEX sessions_member ON sessions (member_id);

-- Browsers in which somebody has signed in before, by the hash of a token that they keep.
CREATE TABLE member_devices (
    member_id uuid NOT NULL,
    token     bytea NOT NULL,
    seen_at   timestamptz NOT NULL,
    PRIMARY KEY (member_id, token)
);

-- One-time links: setting up, invitations, new passwords.
CREATE TABLE member_links (
    id              uuid PRIMARY KEY,
    token           bytea NOT NULL UNIQUE, -- its hash
    kind            text NOT NULL,
    email           text NOT NULL,
    workspace_id    uuid,
    role            text NOT NULL,
    operator        boolean NOT NULL,
    created_by      uuid,
    created_by_name text NOT NULL,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL
);
