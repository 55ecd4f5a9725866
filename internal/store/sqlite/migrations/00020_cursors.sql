-- +goose Up

-- Positions in the log that consumers keep under names.
CREATE TABLE cursors (
    workspace_id BLOB NOT NULL,
    name         TEXT NOT NULL,
    position     INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, name)
) STRICT, WITHOUT ROWID;
