-- +goose Up

-- The hot types of events that webhook endpoints want, with spaces between them.
ALTER TABLE workspaces ADD COLUMN wanted text NOT NULL DEFAULT '';

-- Addresses that are told about events. Everything in the log up to the position has been sent, or waits
-- in webhook_deliveries.
CREATE TABLE webhook_endpoints (
    workspace_id    uuid NOT NULL,
    id              uuid NOT NULL,
    url             text NOT NULL,
    description     text NOT NULL,
    types           text NOT NULL, -- patterns with spaces between them; '': all
    secret          text NOT NULL, -- encrypted if the server has a key for that
    old_secret      text NOT NULL, -- signs, too, until old_until
    old_until       timestamptz,
    created_at      timestamptz NOT NULL,
    tested_at       timestamptz, -- the first test that was answered well; NULL: none yet
    disabled_at     timestamptz,
    disabled_reason text NOT NULL,
    deleted_at      timestamptz, -- until its deliveries are deleted, too
    position        bigint NOT NULL,
    failing_since   timestamptz, -- the first of the failures since the last success
    failures        integer NOT NULL, -- how many in a row
    paused_until    timestamptz, -- while it is down: nothing is sent until then
    next_at         timestamptz, -- when the next delivery that waits is due; NULL: none waits
    last_at         timestamptz,
    last_status     integer NOT NULL,
    last_error      text NOT NULL,
    holder          uuid, -- the node that sends
    fence           bigint NOT NULL,
    lease_until     timestamptz,
    PRIMARY KEY (workspace_id, id)
);

-- What was sent, or will be sent again. An event's body is in the log only.
CREATE TABLE webhook_deliveries (
    workspace_id uuid NOT NULL,
    endpoint_id  uuid NOT NULL,
    position     bigint NOT NULL, -- of the event in the log
    event_id     uuid NOT NULL,
    type         text NOT NULL,
    subject_kind text NOT NULL,
    subject_id   text NOT NULL, -- empty: a user
    status       text NOT NULL,
    tries        integer NOT NULL, -- since it was last asked for
    next_at      timestamptz, -- NULL: it does not wait
    created_at   timestamptz NOT NULL,
    attempts     text NOT NULL, -- JSON, the newest last
    answer       text NOT NULL, -- the beginning of the last answer's body
    PRIMARY KEY (workspace_id, endpoint_id, position)
);

CREATE INDEX webhook_deliveries_unsent ON webhook_deliveries (workspace_id, endpoint_id, status, position)
    WHERE status <> 'succeeded';
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (workspace_id, endpoint_id, next_at, position)
    WHERE next_at IS NOT NULL;
