-- What version 19 added: somebody said to an operation that nothing more is to be begun.
UPDATE operations SET wish = '{"id":"w0mjs9dp0dsshk5a","wish":"halt","by":{"id":41,"name":"Olga"},"at":"2027-01-15T08:00:00Z"}' WHERE is_open = 1;
