-- What happened to each incident, line by line, as the thread of its card tells it.
CREATE TABLE timeline (
    card    TEXT   NOT NULL,
    id      TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    -- The order of what happened at the same time.
    place   BIGINT NOT NULL,
    body    TEXT   NOT NULL,
    -- 1 while it is part of the message that is being sent.
    trying  BIGINT NOT NULL,
    -- The message in which it stands; 0 once it was left out.
    message BIGINT,
    PRIMARY KEY (card, id)
);
CREATE INDEX timeline_waiting ON timeline (card) WHERE message IS NULL;

-- The thread of each card that has something to tell: as an id, that of the message on which it was started.
CREATE TABLE threads (
    card           TEXT   NOT NULL PRIMARY KEY,
    thread         BIGINT,
    continues      BIGINT,
    parts          BIGINT NOT NULL,
    last_message   BIGINT,
    first_tried_at BIGINT,
    attempts       BIGINT NOT NULL,
    due_at         BIGINT NOT NULL,
    leased_by      TEXT,
    leased_until   BIGINT NOT NULL
);
CREATE INDEX threads_in_flight ON threads (leased_by) WHERE leased_until > 0;

-- The message that takes no more edits, and that this one goes on from.
ALTER TABLE outbox ADD COLUMN continues BIGINT;
