-- Boards. One is on for each environment in each channel.
CREATE TABLE boards (
    id    TEXT   NOT NULL PRIMARY KEY,
    place TEXT   NOT NULL,
    is_on BIGINT NOT NULL,
    body  TEXT   NOT NULL
);
CREATE UNIQUE INDEX boards_on ON boards (place) WHERE is_on = 1;
