-- One row that is written to find out whether anything can be: an update of nothing is done on a full disk, too.
CREATE TABLE writable (
    id     BIGINT NOT NULL PRIMARY KEY,
    writes BIGINT NOT NULL
);
INSERT INTO writable (id, writes) VALUES (1, 0);

-- What keeps alerts out of a channel, as long as it does: one trouble at a time for each channel.
CREATE TABLE troubles (
    channel BIGINT NOT NULL PRIMARY KEY,
    body    TEXT   NOT NULL
);
