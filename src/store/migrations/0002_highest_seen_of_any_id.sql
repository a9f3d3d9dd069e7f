-- The bot and the environment as they are written outside, since the columns of the key are short names of long ids.
-- A row without it is from before: there the columns say all.
ALTER TABLE highest_seen ADD COLUMN body TEXT;
