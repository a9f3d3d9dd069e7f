-- What version 11 added: a stop that may still be carried out.
INSERT INTO doubts (step_key, due_at, body) VALUES
    ('botswain-p93d1zdpxcg7kgc2-1', 1800000009000, '{"key":"botswain-p93d1zdpxcg7kgc2-1","operation":"p93d1zdpxcg7kgc2","connector":"orders-2","action":{"do":"stop"},"requester":{"id":1,"name":"Olga"},"reason":null,"since":"2027-01-15T08:00:09Z"}');
