-- The SQL is what SQLite and PostgreSQL have in common. Instants are UTC texts
-- of one width, so that they sort; an absent text is '', never NULL.

-- +goose Up
CREATE TABLE audit (
    number   BIGINT PRIMARY KEY,
    at       TEXT NOT NULL,
    kind     TEXT NOT NULL,
    subject  TEXT NOT NULL,
    content  TEXT NOT NULL,
    previous TEXT NOT NULL,
    digest   TEXT NOT NULL UNIQUE
);

CREATE TABLE runs (
    number   BIGINT PRIMARY KEY,
    started  TEXT NOT NULL,
    software TEXT NOT NULL,
    state    TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'interrupted'))
);

CREATE TABLE run_registers (
    run       BIGINT NOT NULL REFERENCES runs (number),
    name      TEXT NOT NULL,
    sha256    TEXT NOT NULL,
    row_count BIGINT NOT NULL,
    PRIMARY KEY (run, name)
);

CREATE TABLE receptions (
    object_key  TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    received_at TEXT NOT NULL,
    PRIMARY KEY (object_key, sha256)
);

CREATE TABLE facts (
    sha256    TEXT NOT NULL,
    extractor TEXT NOT NULL,
    body      BYTEA NOT NULL,
    PRIMARY KEY (sha256, extractor)
);

CREATE TABLE revisions (
    supplier       TEXT NOT NULL,
    batch          TEXT NOT NULL,
    revision       BIGINT NOT NULL,
    kind           TEXT NOT NULL,
    status         TEXT NOT NULL,
    received_at    TEXT NOT NULL,
    digest         TEXT NOT NULL,
    entry          BIGINT NOT NULL REFERENCES audit (number),
    body           TEXT NOT NULL,
    receipt_sha256 TEXT NOT NULL DEFAULT '',
    archived       BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (supplier, batch, revision),
    CHECK (archived = 0 OR receipt_sha256 <> '')
);
CREATE INDEX revisions_by_digest ON revisions (supplier, batch, digest);
CREATE INDEX revisions_in_hand ON revisions (entry) WHERE archived = 0;

CREATE TABLE claims (
    id          TEXT PRIMARY KEY,
    kind        TEXT NOT NULL,
    supplier    TEXT NOT NULL,
    batch       TEXT NOT NULL,
    revision    BIGINT NOT NULL,
    row_number  BIGINT NOT NULL,
    finess      TEXT NOT NULL,
    siret       TEXT NOT NULL,
    order_ref   TEXT NOT NULL,
    decision    TEXT NOT NULL CHECK (decision IN ('accepted', 'rejected', 'to_complete', 'under_review')),
    state       TEXT NOT NULL CHECK (state IN ('current', 'superseded')),
    received_at TEXT NOT NULL,
    dossier     TEXT NOT NULL,
    entry       BIGINT NOT NULL REFERENCES audit (number),
    FOREIGN KEY (supplier, batch, revision) REFERENCES revisions (supplier, batch, revision),
    CHECK (kind <> 'advance' OR (decision = 'accepted') = (dossier <> '')),
    CHECK (state = 'current' OR decision <> 'accepted')
);
CREATE INDEX claims_by_finess ON claims (finess);
CREATE INDEX claims_by_siret ON claims (siret);
CREATE INDEX claims_by_order ON claims (supplier, order_ref);

CREATE TABLE decisions (
    claim      TEXT NOT NULL REFERENCES claims (id),
    supplier   TEXT NOT NULL,
    batch      TEXT NOT NULL,
    revision   BIGINT NOT NULL,
    entry      BIGINT NOT NULL REFERENCES audit (number),
    body       TEXT NOT NULL,
    PRIMARY KEY (claim, revision),
    FOREIGN KEY (supplier, batch, revision) REFERENCES revisions (supplier, batch, revision)
);
CREATE INDEX decisions_by_revision ON decisions (supplier, batch, revision);

CREATE TABLE document_uses (
    sha256 TEXT NOT NULL,
    role   TEXT NOT NULL,
    claim  TEXT NOT NULL REFERENCES claims (id),
    PRIMARY KEY (sha256, role, claim)
);

CREATE TABLE dossiers (
    number   TEXT PRIMARY KEY,
    sequence BIGINT NOT NULL UNIQUE CHECK (sequence > 0),
    claim    TEXT NOT NULL UNIQUE REFERENCES claims (id),
    finess   TEXT NOT NULL CHECK (finess <> ''),
    state    TEXT NOT NULL CHECK (state IN ('open', 'closed'))
);
-- AF §4.2: a pharmacy is funded once.
CREATE UNIQUE INDEX dossiers_one_per_pharmacy ON dossiers (finess) WHERE state = 'open';

-- +goose Down
DROP TABLE dossiers;
DROP TABLE document_uses;
DROP TABLE decisions;
DROP TABLE claims;
DROP TABLE revisions;
DROP TABLE facts;
DROP TABLE receptions;
DROP TABLE run_registers;
DROP TABLE runs;
DROP TABLE audit;
