-- What version 6 added: what keeps alerts out of a channel.
INSERT INTO troubles (channel, body) VALUES
    (900, '{"id":"00000000000000tr","channel":900,"obstacle":{"kind":"no_permission"},"since":"2027-01-15T08:00:00Z","mended_at":null,"unseen":[]}');
