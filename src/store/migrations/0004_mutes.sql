-- Mutes. What one covers is its scope; one is on for each.
CREATE TABLE mutes (
    id      TEXT   NOT NULL PRIMARY KEY,
    scope   TEXT   NOT NULL,
    is_on   BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    body    TEXT   NOT NULL
);
CREATE UNIQUE INDEX mutes_on ON mutes (scope) WHERE is_on = 1;

-- The incidents that stood while a mute covered them: what its summary tells.
CREATE TABLE muted_incidents (
    mute     TEXT NOT NULL,
    incident TEXT NOT NULL,
    PRIMARY KEY (mute, incident)
);
