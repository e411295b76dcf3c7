-- +goose Up
-- What a balance or a completion declares: a day yyyy-mm-dd, and the nature of a declaration.
ALTER TABLE claims ADD COLUMN completed_on TEXT NOT NULL DEFAULT '';
ALTER TABLE claims ADD COLUMN nature TEXT NOT NULL DEFAULT '';
-- A dossier has one accepted balance (DOS-03).
CREATE UNIQUE INDEX claims_one_balance ON claims (dossier) WHERE kind = 'balance' AND decision = 'accepted';

-- +goose Down
DROP INDEX claims_one_balance;
ALTER TABLE claims DROP COLUMN nature;
ALTER TABLE claims DROP COLUMN completed_on;
