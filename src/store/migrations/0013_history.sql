-- How each connector was, from a moment on: one row for each change. Ids are as other tables have them that are searched.
CREATE TABLE states (
    bot         TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    connector   TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    name        TEXT   NOT NULL,
    state       TEXT   NOT NULL,
    PRIMARY KEY (bot, environment, connector, at)
);
CREATE INDEX states_by_time ON states (at);

-- When the fleet could be read, stretch by stretch.
CREATE TABLE watched (
    began_at BIGINT NOT NULL PRIMARY KEY,
    last_at  BIGINT NOT NULL
);
