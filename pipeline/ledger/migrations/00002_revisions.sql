-- +goose Up
ALTER TABLE revisions ADD COLUMN cause TEXT NOT NULL DEFAULT '' CHECK (cause IN ('', 'review', 'reprocess'));
-- Keys of inputs that others took the place of in the inbox before they were archived: lines.
ALTER TABLE revisions ADD COLUMN replaced TEXT NOT NULL DEFAULT '';

-- The revision in which the row was first evaluated; revision is that of its standing.
ALTER TABLE claims ADD COLUMN first_revision BIGINT NOT NULL DEFAULT 0;
UPDATE claims SET first_revision = revision;
-- 1: its last decision waits for another supplier's claim (BEN-04).
ALTER TABLE claims ADD COLUMN waiting BIGINT NOT NULL DEFAULT 0;
UPDATE claims SET waiting = 1 WHERE decision = 'under_review' AND id IN (SELECT claim FROM decisions WHERE body LIKE '%"code":"BEN-04"%');
CREATE INDEX claims_waiting ON claims (finess) WHERE waiting = 1;
CREATE INDEX claims_by_batch ON claims (supplier, batch, first_revision);
CREATE INDEX claims_under_review ON claims (received_at) WHERE decision = 'under_review';

-- A claim whose acceptance was taken back may be accepted anew, under another number.
ALTER TABLE dossiers RENAME TO dossiers_before;
CREATE TABLE dossiers (
    number   TEXT PRIMARY KEY,
    sequence BIGINT NOT NULL UNIQUE CHECK (sequence > 0),
    claim    TEXT NOT NULL REFERENCES claims (id),
    finess   TEXT NOT NULL CHECK (finess <> ''),
    state    TEXT NOT NULL CHECK (state IN ('open', 'closed'))
);
INSERT INTO dossiers SELECT number, sequence, claim, finess, state FROM dossiers_before;
DROP TABLE dossiers_before;
CREATE INDEX dossiers_by_claim ON dossiers (claim);
-- AF §4.2: a pharmacy is funded once.
CREATE UNIQUE INDEX dossiers_one_per_pharmacy ON dossiers (finess) WHERE state = 'open';

CREATE TABLE reviews (
    entry   BIGINT PRIMARY KEY REFERENCES audit (number),
    claim   TEXT NOT NULL REFERENCES claims (id),
    verdict TEXT NOT NULL CHECK (verdict IN ('accept', 'reject', 'complete')),
    reason  TEXT NOT NULL,
    by_name TEXT NOT NULL,
    at      TEXT NOT NULL,
    settled BIGINT NOT NULL DEFAULT 0 -- the revision that published it; 0: the next run will
);
CREATE INDEX reviews_by_claim ON reviews (claim);
CREATE INDEX reviews_in_hand ON reviews (entry) WHERE settled = 0;

-- Unchanged content that was dropped again and goes to the archive.
CREATE TABLE repeats (
    supplier TEXT NOT NULL,
    batch    TEXT NOT NULL,
    digest   TEXT NOT NULL,
    inputs   TEXT NOT NULL,
    archived BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (supplier, batch, digest)
);
CREATE INDEX repeats_in_hand ON repeats (supplier, batch) WHERE archived = 0;

ALTER TABLE facts ADD COLUMN read_at TEXT NOT NULL DEFAULT ''; -- start of the run that read them

-- +goose Down
ALTER TABLE facts DROP COLUMN read_at;
DROP TABLE repeats;
DROP TABLE reviews;
DROP INDEX dossiers_by_claim;
DROP INDEX claims_under_review;
DROP INDEX claims_by_batch;
DROP INDEX claims_waiting;
ALTER TABLE claims DROP COLUMN waiting;
ALTER TABLE claims DROP COLUMN first_revision;
ALTER TABLE revisions DROP COLUMN replaced;
ALTER TABLE revisions DROP COLUMN cause;
