-- What version 16 added: the operation that a line tells of, and the storm on whose card an incident stands. Nothing of it
-- need be there: what was written before has neither.
UPDATE timeline SET operation = 'a6mjs9dp0dsshk5a' WHERE id = 't1mjs9dp0dsshk5a';
UPDATE incidents SET storm = NULL;
