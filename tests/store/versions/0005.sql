-- What version 5 writes: whether the card mentions the roles stands beside what it says.
UPDATE outbox SET mentions = 1, notice = replace(notice, '"ping":true}', '"ping":false}') WHERE slot = 'card:b6mjs9dp0dsshk5a';
