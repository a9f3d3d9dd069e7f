-- Whether a card mentions the roles when it is first posted: decided when the incident is opened, and not by what the card
-- says later.
ALTER TABLE outbox ADD COLUMN mentions BIGINT NOT NULL DEFAULT 0;
UPDATE outbox SET mentions = 1 WHERE notice LIKE '{"notice":"card"%"ping":true}';
