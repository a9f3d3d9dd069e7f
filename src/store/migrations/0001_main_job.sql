-- Types and statements here and in the queries are those that SQLite and PostgreSQL share.
-- Times are milliseconds since the epoch. Bodies are JSON; the columns beside them are what claims and searches need.

CREATE TABLE requests (
    id         TEXT   NOT NULL PRIMARY KEY,
    state      TEXT   NOT NULL,
    expires_at BIGINT NOT NULL,
    body       TEXT   NOT NULL
);
CREATE INDEX requests_by_expiry ON requests (state, expires_at);

CREATE TABLE operations (
    id           TEXT   NOT NULL PRIMARY KEY,
    request      TEXT   NOT NULL UNIQUE,
    connector    TEXT   NOT NULL,
    opened_at    BIGINT NOT NULL,
    is_open      BIGINT NOT NULL,
    due_at       BIGINT NOT NULL,
    leased_by    TEXT,
    leased_until BIGINT NOT NULL,
    body         TEXT   NOT NULL
);
CREATE INDEX operations_due ON operations (is_open, due_at);
CREATE INDEX operations_by_connector ON operations (connector, opened_at);

-- What an open operation holds; the primary key is the claim.
CREATE TABLE operation_scopes (
    scope     TEXT NOT NULL PRIMARY KEY,
    operation TEXT NOT NULL
);

CREATE TABLE audit (
    about   TEXT   NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL,
    person  BIGINT NOT NULL,
    verdict TEXT   NOT NULL,
    body    TEXT   NOT NULL
);
CREATE INDEX audit_by_time ON audit (at);

CREATE TABLE incidents (
    id        TEXT   NOT NULL PRIMARY KEY,
    subject   TEXT   NOT NULL,
    is_open   BIGINT NOT NULL,
    opened_at BIGINT NOT NULL,
    version   BIGINT NOT NULL,
    body      TEXT   NOT NULL
);
-- One open incident for each subject.
CREATE UNIQUE INDEX incidents_open ON incidents (subject) WHERE is_open = 1;

-- The highest count of healthy connectors ever seen of a bot in an environment.
CREATE TABLE highest_seen (
    bot         TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    healthy     BIGINT NOT NULL,
    PRIMARY KEY (bot, environment)
);

-- One row for each message of the bot: what it must say, and what was sent of it.
CREATE TABLE outbox (
    slot           TEXT   NOT NULL PRIMARY KEY,
    reference      TEXT   NOT NULL UNIQUE,
    replies_to     TEXT,
    channel        BIGINT NOT NULL,
    notice         TEXT   NOT NULL,
    version        BIGINT NOT NULL,
    sent_version   BIGINT NOT NULL,
    sent_digest    TEXT,
    message        BIGINT,
    generation     BIGINT NOT NULL,
    first_tried_at BIGINT,
    attempts       BIGINT NOT NULL,
    waiting_since  BIGINT NOT NULL,
    due_at         BIGINT NOT NULL,
    leased_by      TEXT,
    leased_until   BIGINT NOT NULL,
    gave_up        TEXT
);
CREATE INDEX outbox_waiting ON outbox (due_at) WHERE version > sent_version;
CREATE INDEX outbox_in_flight ON outbox (channel) WHERE leased_until > 0;
