-- What version 18 added: nothing to what is written.
SELECT 1;
