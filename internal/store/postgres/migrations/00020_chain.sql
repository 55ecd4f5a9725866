-- +goose Up

-- The value of the hash chain over the digests of the log up to the event; zeros: from before the chain.
-- Without a default, a node of an older version gives no positions any more: it would leave the chain out.
ALTER TABLE events ADD COLUMN chain bytea NOT NULL
    DEFAULT '\x0000000000000000000000000000000000000000000000000000000000000000';
ALTER TABLE events ALTER COLUMN chain DROP DEFAULT;

-- The chain's value at the newest event, and the anchor: the newest event that was cut off at the old
-- end. Before the first event stand 32 zeros.
ALTER TABLE event_positions ADD COLUMN chain bytea NOT NULL
    DEFAULT '\x0000000000000000000000000000000000000000000000000000000000000000';
ALTER TABLE event_positions ADD COLUMN anchor_position bigint NOT NULL DEFAULT 0;
ALTER TABLE event_positions ADD COLUMN anchor_chain bytea NOT NULL
    DEFAULT '\x0000000000000000000000000000000000000000000000000000000000000000';
-- The day on which the newest value was written to the server's log; NULL: never.
ALTER TABLE event_positions ADD COLUMN logged_on text;

-- A log that is there already begins its chain behind its newest event.
UPDATE event_positions SET anchor_position = newest;

-- What is left of events that were pruned although older ones are kept.
CREATE TABLE event_digests (
    workspace_id uuid NOT NULL,
    position     bigint NOT NULL,
    digest       bytea NOT NULL,
    chain        bytea NOT NULL,
    PRIMARY KEY (workspace_id, position)
);

-- Up to which position events that are kept for less than the others were looked for, so that each is
-- looked at once. With another policy the search begins anew.
CREATE TABLE event_sweeps (
    workspace_id uuid NOT NULL,
    keep         bigint NOT NULL, -- seconds
    policy       text NOT NULL,
    position     bigint NOT NULL,
    PRIMARY KEY (workspace_id, keep)
);

-- From where each key was used: an IPv4 address, or a /64 of IPv6.
CREATE TABLE key_addresses (
    key_id    uuid NOT NULL,
    address   text NOT NULL,
    last_used timestamptz NOT NULL,
    PRIMARY KEY (key_id, address)
);
