-- What version 7 added: what happened to an incident, a line that is being told and one that waits.
INSERT INTO timeline (card, id, at, place, body, trying, message) VALUES
    ('b6mjs9dp0dsshk5a', 't0mjs9dp0dsshk5a', 1800000000000, 64, '{"at":"2027-01-15T08:00:00Z","what":{"was":"opened","stands":{"about":"bot","level":"at_risk","healthy":1,"total":2,"minimum":2,"unread":0},"calls":true,"outlasted":false}}', 1, NULL),
    ('b6mjs9dp0dsshk5a', 't1mjs9dp0dsshk5a', 1800000001000, 128, '{"at":"2027-01-15T08:00:01Z","what":{"was":"reminded"}}', 0, NULL);
INSERT INTO threads (card, thread, continues, parts, last_message, first_tried_at, attempts, due_at, leased_by, leased_until) VALUES
    ('b6mjs9dp0dsshk5a', 5, NULL, 0, NULL, 1800000000000, 0, 0, '77v76fqe23efzabv', 1800000060000);
