-- Freezes: one is on for each environment.
CREATE TABLE freezes (
    id          TEXT   NOT NULL PRIMARY KEY,
    environment TEXT   NOT NULL,
    is_on       BIGINT NOT NULL,
    ends_at     BIGINT NOT NULL,
    body        TEXT   NOT NULL
);
CREATE UNIQUE INDEX freezes_on ON freezes (environment) WHERE is_on = 1;
