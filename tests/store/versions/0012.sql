-- What version 12 added: how long a start took.
INSERT INTO start_durations (step_key, bot, environment, ended_at, took_ms) VALUES
    ('botswain-77v76fqe23efzabv-0', 'billing', 'production', 1800000000000, 95000);
