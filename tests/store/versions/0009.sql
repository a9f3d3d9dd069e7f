-- What version 9 added: a freeze that is on.
INSERT INTO freezes (id, environment, is_on, ends_at, body) VALUES
    ('f0mjs9dp0dsshk5a', 'production', 1, 1800003600000, '{"id":"f0mjs9dp0dsshk5a","environment":"production","by":{"id":1,"name":"Olga"},"reason":"the sale","at":"2027-01-15T08:00:00Z","until":"2027-01-15T09:00:00Z","channel":900,"ended":null}');
