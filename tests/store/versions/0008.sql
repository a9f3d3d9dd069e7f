-- What version 8 added: the list that somebody looks through. (What it chains, it chains at its first start.)
INSERT INTO audit_views (id, seen_at, body) VALUES
    ('v0mjs9dp0dsshk5a', 1800000000000, '{"id":"v0mjs9dp0dsshk5a","filter":{"environment":"production","bot":null,"person":null,"verdict":"denied","action":null,"since":null},"through":1}');
