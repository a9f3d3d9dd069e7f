-- The record as a chain. What has no place in it yet is sealed as soon as it is written; then these columns, which are all
-- read off its body, are set once. What was written before there was a chain is sealed at the first start.
ALTER TABLE audit ADD COLUMN seq BIGINT;
ALTER TABLE audit ADD COLUMN hash TEXT;
ALTER TABLE audit ADD COLUMN action TEXT;
ALTER TABLE audit ADD COLUMN places TEXT;
CREATE UNIQUE INDEX audit_by_seq ON audit (seq);
CREATE INDEX audit_unsealed ON audit (at) WHERE seq IS NULL;

-- One row: the chain's head, and up to where its records were deleted because of their age.
CREATE TABLE audit_chain (
    id          BIGINT NOT NULL PRIMARY KEY,
    seq         BIGINT NOT NULL,
    hash        TEXT   NOT NULL,
    pruned_seq  BIGINT NOT NULL,
    pruned_hash TEXT   NOT NULL
);
INSERT INTO audit_chain (id, seq, hash, pruned_seq, pruned_hash) VALUES
    (1, 0, '0000000000000000000000000000000000000000000000000000000000000000',
     0, '0000000000000000000000000000000000000000000000000000000000000000');

-- The lists that people look through: buttons carry ids of ours only.
CREATE TABLE audit_views (
    id      TEXT   NOT NULL PRIMARY KEY,
    seen_at BIGINT NOT NULL,
    body    TEXT   NOT NULL
);
