-- What version 20 added: a change that is counted.
INSERT INTO changes (scope, opened_at, operation) VALUES
    ('person:1', 1800000000000, 'p93d1zdpxcg7kgc2'),
    ('environment:production', 1800000000000, 'p93d1zdpxcg7kgc2');
