-- The operation that a line tells of, so that its end is told wherever its beginning was.
ALTER TABLE timeline ADD COLUMN operation TEXT;
CREATE INDEX timeline_by_operation ON timeline (operation) WHERE operation IS NOT NULL;

-- The storm on whose card an incident stands, and whose thread so tells what happens to it.
ALTER TABLE incidents ADD COLUMN storm TEXT;
