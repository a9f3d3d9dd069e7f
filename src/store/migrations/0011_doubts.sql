-- Calls that may still be carried out though their operations are over: nobody counts on their connectors meanwhile.
CREATE TABLE doubts (
    step_key TEXT   NOT NULL PRIMARY KEY,
    due_at   BIGINT NOT NULL,
    body     TEXT   NOT NULL
);
