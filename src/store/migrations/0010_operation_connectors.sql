-- An operation has any number of connectors: what is looked up by a connector's id.
CREATE TABLE operation_connectors (
    connector TEXT   NOT NULL,
    operation TEXT   NOT NULL,
    opened_at BIGINT NOT NULL,
    PRIMARY KEY (connector, opened_at, operation)
);
INSERT INTO operation_connectors (connector, operation, opened_at) SELECT connector, id, opened_at FROM operations;
DROP INDEX operations_by_connector;
ALTER TABLE operations DROP COLUMN connector;
