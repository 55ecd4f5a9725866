-- +goose Up

-- Holds a row while everything is being copied into this database from another one.
CREATE TABLE unfinished_copy (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    source TEXT NOT NULL
) STRICT;
