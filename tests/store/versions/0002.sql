-- What version 2 wrote otherwise than version 1: which bot a highest count is of.
INSERT INTO highest_seen (bot, environment, name, healthy, body) VALUES
    ('sha256:0d', 'production', 'faq', 1, '{"bot":{"id":"a very long id","name":"faq"},"environment":"production"}');
