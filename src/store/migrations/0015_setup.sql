-- What is missing in the guild, as long as something is: one row.
CREATE TABLE setup (
    id   BIGINT NOT NULL PRIMARY KEY,
    body TEXT   NOT NULL
);
