-- What version 4 wrote besides: a mute that is on, and what it covers.
INSERT INTO mutes (id, scope, is_on, ends_at, body) VALUES
    ('m0mjs9dp0dsshk5a', 'environment:production', 1, 1800003600000, '{"id":"m0mjs9dp0dsshk5a","scope":{"environment":"production","bot":null},"by":{"id":1,"name":"Olga"},"reason":"new settings","at":"2027-01-15T08:00:00Z","until":"2027-01-15T09:00:00Z","channel":900,"ended":null}');
INSERT INTO muted_incidents (mute, incident) VALUES ('m0mjs9dp0dsshk5a', 'b6mjs9dp0dsshk5a');
