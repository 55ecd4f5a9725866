-- +goose Up

-- What a change of many codes did to each of them, so that it can be undone. Numbers count from 0 in
-- each change. It is deleted some time after the change was asked for, which its id tells.
CREATE TABLE change_items (
    change_id    BLOB NOT NULL,
    workspace_id BLOB NOT NULL,
    number       INTEGER NOT NULL,
    canonical    TEXT NOT NULL, -- of the code
    was          TEXT NOT NULL, -- the fields that differ, before: JSON
    became       TEXT NOT NULL, -- and after
    PRIMARY KEY (change_id, workspace_id, number)
) STRICT, WITHOUT ROWID;

-- Marks of people who have redeemed a code of a change that is under way.
CREATE TABLE change_people (
    change_id    BLOB NOT NULL,
    workspace_id BLOB NOT NULL,
    person       BLOB NOT NULL,
    PRIMARY KEY (change_id, workspace_id, person)
) STRICT, WITHOUT ROWID;

-- The codes that the request for a change listed, until it has ended.
CREATE TABLE change_lists (
    change_id    BLOB NOT NULL,
    workspace_id BLOB NOT NULL,
    codes        TEXT NOT NULL, -- canonical forms: a JSON array
    PRIMARY KEY (change_id, workspace_id)
) STRICT;
