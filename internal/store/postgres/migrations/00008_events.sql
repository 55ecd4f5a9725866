-- +goose Up

-- Which events of the workspace are recorded: all, or some, without the hot ones.
ALTER TABLE workspaces ADD COLUMN events text NOT NULL DEFAULT 'some';

-- The log of each workspace: spread by it, as the two tables below are. A user's id stands
-- nowhere but in user_id, so that it can be taken out; the salt goes with it.
CREATE TABLE events (
    workspace_id uuid NOT NULL,
    position     bigint NOT NULL,
    id           uuid NOT NULL,
    type         text NOT NULL,
    at           timestamptz NOT NULL,
    actor_kind   text NOT NULL,
    actor_id     uuid,
    actor_name   text NOT NULL,
    subject_kind text NOT NULL,
    subject_id   text,             -- as it is shown; NULL: a user
    subject_key  text COLLATE "C", -- what it is looked up by; NULL: a user
    user_id      text COLLATE "C", -- the person whom it is about; NULL: nobody, or erased
    request_id   text,
    data         text NOT NULL,    -- a JSON object, kept as it was made
    salt         bytea,            -- NULL: the person was erased
    digest       bytea NOT NULL,   -- SHA-256 of the salt and the body as it was made
    PRIMARY KEY (workspace_id, position)
);

CREATE INDEX events_subject ON events (workspace_id, subject_key, position) WHERE subject_key IS NOT NULL;
CREATE INDEX events_user ON events (workspace_id, user_id, position) WHERE user_id IS NOT NULL;
CREATE INDEX events_erased ON events (at) WHERE type = 'user.erased' AND user_id IS NOT NULL;

-- The newest position of each workspace's log. Only the sequencer writes it.
CREATE TABLE event_positions (
    workspace_id uuid PRIMARY KEY,
    newest       bigint NOT NULL
);

-- Events that have no position yet. They are written here by the transaction of what they tell
-- of, and taken out by the sequencer once they are committed.
CREATE TABLE event_queue (
    workspace_id uuid NOT NULL,
    id           uuid NOT NULL,
    stamp        timestamptz NOT NULL, -- when it was written, by the database's clock
    ordinal      integer NOT NULL,     -- of those of one transaction
    type         text NOT NULL,
    at           timestamptz NOT NULL,
    actor_kind   text NOT NULL,
    actor_id     uuid,
    actor_name   text NOT NULL,
    subject_kind text NOT NULL,
    subject_id   text,
    subject_key  text COLLATE "C",
    user_id      text COLLATE "C",
    request_id   text,
    data         text NOT NULL,
    salt         bytea,
    digest       bytea NOT NULL,
    PRIMARY KEY (workspace_id, id)
);

CREATE INDEX event_queue_order ON event_queue (stamp, ordinal, id);

-- Which node gives positions: the one that holds the lease. Each time that another one takes it,
-- the fence grows, and what one with an older fence still wants to do is refused.
CREATE TABLE event_sequencer (
    id     smallint PRIMARY KEY CHECK (id = 1),
    holder uuid NOT NULL,
    fence  bigint NOT NULL,
    until  timestamptz NOT NULL
);

INSERT INTO event_sequencer (id, holder, fence, until)
VALUES (1, '00000000-0000-0000-0000-000000000000', 0, '2000-01-01 00:00:00+00');
