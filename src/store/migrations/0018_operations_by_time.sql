-- Which operations were begun lately is asked before each that takes something away.
CREATE INDEX operations_by_time ON operations (opened_at);
