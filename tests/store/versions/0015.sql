-- What version 15 added: what is missing in the guild.
INSERT INTO setup (id, body) VALUES
    (1, '{"id":"s0mjs9dp0dsshk5a","since":"2027-01-15T08:00:00Z","lacks":[{"lack":"permissions","channel":900,"name":"alerts","purpose":"alerts","is_thread":false,"missing":["embed_links"]},{"lack":"no_commands"}],"whole_at":null}');
