-- What version 14 added: a board that is on.
INSERT INTO boards (id, place, is_on, body) VALUES
    ('a1mjs9dp0dsshk5a', '7:wxh0bkq3k1yr', 1, '{"id":"a1mjs9dp0dsshk5a","environment":"production","channel":7,"by":{"id":41,"name":"Olga"},"at":"2027-01-15T08:00:00Z","shown":null,"ended":null}');
