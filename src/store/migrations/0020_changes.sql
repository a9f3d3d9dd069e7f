-- What was begun within the last minutes that takes something away, once for its person and once for each environment: counted
-- before and as another one begins.
CREATE TABLE changes (
    scope     TEXT   NOT NULL,
    opened_at BIGINT NOT NULL,
    operation TEXT   NOT NULL,
    PRIMARY KEY (scope, opened_at, operation)
);
CREATE INDEX changes_by_time ON changes (opened_at);
-- It is asked no longer which operations were begun lately.
DROP INDEX operations_by_time;
