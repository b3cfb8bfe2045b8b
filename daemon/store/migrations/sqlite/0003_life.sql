-- Archives, rotations, and what a vault asks of its new objects.

-- The values of archived objects, apart from the bodies, which are read and kept in memory.
CREATE TABLE archive (
    object INTEGER PRIMARY KEY REFERENCES object (row),
    custody INTEGER NOT NULL,
    backend TEXT,
    value BLOB
) STRICT;

-- Objects that the server rotates by itself, and when.
CREATE TABLE rotation (
    object INTEGER PRIMARY KEY REFERENCES object (row),
    due INTEGER NOT NULL
) STRICT;

CREATE INDEX rotation_due ON rotation (due);

ALTER TABLE vault ADD COLUMN constraints BLOB;
ALTER TABLE vault ADD COLUMN defaults BLOB;
