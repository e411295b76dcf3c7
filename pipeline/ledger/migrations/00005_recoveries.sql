-- +goose Up
-- The events of recoveries (AF §6.2 end, §7), each with an entry of its own.
CREATE TABLE recoveries (
    entry     BIGINT PRIMARY KEY REFERENCES audit (number),
    dossier   TEXT NOT NULL REFERENCES dossiers (number),
    status    TEXT NOT NULL CHECK (status IN ('notified', 'observed', 'settled', 'ordered', 'pending')),
    supplier  TEXT NOT NULL,
    on_day    TEXT NOT NULL,           -- yyyy-mm-dd, Paris
    told      BIGINT NOT NULL,         -- 1: the supplier is told of it
    body      TEXT NOT NULL,
    published TEXT NOT NULL DEFAULT '' -- SHA-256 of the SHA256SUMS of what was published of its supplier's day
);
CREATE INDEX recoveries_by_dossier ON recoveries (dossier);
CREATE INDEX recoveries_by_day ON recoveries (supplier, on_day) WHERE told = 1;
CREATE INDEX recoveries_in_hand ON recoveries (entry) WHERE told = 1 AND published = '';
-- A dossier is ordered to repay once.
CREATE UNIQUE INDEX recoveries_one_order ON recoveries (dossier) WHERE status = 'ordered';

-- +goose Down
DROP TABLE recoveries;
