-- +goose Up

-- What a change of many codes did to each of them, so that it can be undone. Numbers count from 0 in
-- each change. It is deleted some time after the change was asked for, which its id tells.
CREATE TABLE change_items (
    change_id    uuid NOT NULL,
    workspace_id uuid NOT NULL,
    number       bigint NOT NULL,
    canonical    text NOT NULL COLLATE "C", -- of the code
    was          text NOT NULL,             -- the fields that differ, before: JSON
    became       text NOT NULL,             -- and after
    PRIMARY KEY (change_id, workspace_id, number)
);

-- Marks of people who have redeemed a code of a change that is under way.
CREATE TABLE change_people (
    change_id    uuid NOT NULL,
    workspace_id uuid NOT NULL,
    person       bytea NOT NULL,
    PRIMARY KEY (change_id, workspace_id, person)
);

-- The codes that the request for a change listed, until it has ended.
CREATE TABLE change_lists (
    change_id    uuid NOT NULL,
    workspace_id uuid NOT NULL,
    codes        text NOT NULL, -- canonical forms: a JSON array
    PRIMARY KEY (change_id, workspace_id)
);
