-- What somebody said to an operation that is under way, until it is taken in.
ALTER TABLE operations ADD COLUMN wish TEXT;
