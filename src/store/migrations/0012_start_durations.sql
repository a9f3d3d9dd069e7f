-- How long starts took until they were seen healthy, the last ones of each bot in each environment. A step's key names its start.
CREATE TABLE start_durations (
    step_key    TEXT   NOT NULL PRIMARY KEY,
    bot         TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    ended_at    BIGINT NOT NULL,
    took_ms     BIGINT NOT NULL
);
CREATE INDEX start_durations_by_bot ON start_durations (bot, environment, ended_at);
