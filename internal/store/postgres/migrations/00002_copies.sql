-- +goose Up

-- Holds a row while everything is being copied into this database from another one.
CREATE TABLE unfinished_copy (
    id     smallint PRIMARY KEY CHECK (id = 1),
    source text NOT NULL
);
