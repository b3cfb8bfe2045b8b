-- Vaults, clients and objects.

CREATE TABLE vault (
    name TEXT NOT NULL PRIMARY KEY,
    backend TEXT NOT NULL,
    locked_by_default INTEGER NOT NULL,
    strict INTEGER NOT NULL,
    created INTEGER NOT NULL,
    user_pin TEXT,
    so_pin TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE client (
    vault TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    spki_sha256 BLOB NOT NULL,
    serial TEXT NOT NULL,
    issued INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    revoked INTEGER,
    PRIMARY KEY (vault, name)
) STRICT, WITHOUT ROWID;

-- What is small and what few values tell apart: conditions on these columns are answered by walking them, newest first.
-- The row number is the order of creation, and is never used twice because no object is ever deleted.
CREATE TABLE object (
    row INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    vault TEXT NOT NULL,
    owner TEXT NOT NULL,
    object_type INTEGER NOT NULL,
    storage INTEGER NOT NULL, -- one bit of Storage Status Mask
    state INTEGER, -- as of the last change; the two dates tell it for a time
    activation_date INTEGER,
    deactivation_date INTEGER,
    algorithm INTEGER,
    length INTEGER,
    usage_mask INTEGER,
    revision INTEGER NOT NULL
) STRICT;

CREATE INDEX object_storage ON object (vault, storage);

-- What is large: the truth of which the other columns and tables are extracts.
CREATE TABLE body (
    object INTEGER PRIMARY KEY REFERENCES object (row),
    spec TEXT,
    custody INTEGER NOT NULL,
    backend TEXT,
    value BLOB,
    attributes BLOB NOT NULL
) STRICT;

-- Destroyed keys whose deletion an HSM still owes: few, and looked for often.
CREATE INDEX body_doomed ON body (object) WHERE custody = 4;

-- What many values tell apart: a number for dates, else bytes.
CREATE TABLE attribute (
    vault TEXT NOT NULL,
    kind INTEGER NOT NULL, -- the tag; that of Attribute for vendors' attributes
    value ANY NOT NULL,
    object INTEGER NOT NULL REFERENCES object (row),
    PRIMARY KEY (vault, kind, value, object)
) STRICT, WITHOUT ROWID;

-- The names of objects that are not destroyed: the key is the rule that a vault has each of them once.
CREATE TABLE name (
    vault TEXT NOT NULL,
    value TEXT NOT NULL,
    type INTEGER NOT NULL,
    object INTEGER NOT NULL REFERENCES object (row),
    PRIMARY KEY (vault, value, type)
) STRICT, WITHOUT ROWID;
