-- +goose Up

-- The redemption of a code that was stored first is found through the code's row, which is
-- written for it anyway, the later ones through an index. So a code that is redeemed once, as
-- most are, costs no entry in a scattered place. Those from before this are all in the index.
ALTER TABLE codes ADD COLUMN first_redemption BLOB;
ALTER TABLE redemptions ADD COLUMN later INTEGER NOT NULL DEFAULT 1;

CREATE INDEX redemptions_later ON redemptions (canonical) WHERE later = 1;
DROP INDEX redemptions_code;
