-- +goose Up

-- Positions in the log that consumers keep under names.
CREATE TABLE cursors (
    workspace_id uuid NOT NULL,
    name         text COLLATE "C" NOT NULL,
    position     bigint NOT NULL,
    updated_at   timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, name)
);
