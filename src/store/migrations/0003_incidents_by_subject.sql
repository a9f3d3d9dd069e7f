-- Whether an incident is the last one once more is asked of its subject's last one.
CREATE INDEX incidents_by_subject ON incidents (subject, opened_at);
