-- What version 13 added: a connector that was healthy, then was stopped, and one that is gone; and that somebody looked.
INSERT INTO states (bot, environment, connector, at, name, state) VALUES
    ('billing', 'production', 'billing-1', 1800000000000, 'billing-1', 'healthy'),
    ('billing', 'production', 'billing-1', 1800000060000, 'billing-1', 'stopped'),
    ('billing', 'production', 'billing-2', 1800000000000, 'billing-2', 'gone');
INSERT INTO watched (began_at, last_at) VALUES (1800000000000, 1800000120000);
