-- +goose Up
-- Revisions of which the inputs were purged from the archive, or are being so.
CREATE TABLE purges (
    supplier  TEXT NOT NULL,
    batch     TEXT NOT NULL,
    revision  BIGINT NOT NULL,
    purged_at TEXT NOT NULL,
    PRIMARY KEY (supplier, batch, revision),
    FOREIGN KEY (supplier, batch, revision) REFERENCES revisions (supplier, batch, revision)
);
CREATE INDEX claims_by_dossier ON claims (dossier);

-- +goose Down
DROP INDEX claims_by_dossier;
DROP TABLE purges;
