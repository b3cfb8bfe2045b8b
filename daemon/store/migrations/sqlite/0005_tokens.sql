-- Vaults as PKCS#11 tokens: the label that the security officer gave, and whether the token may be initialized anew.

ALTER TABLE vault ADD COLUMN token_label TEXT;
ALTER TABLE vault ADD COLUMN may_be_initialized INTEGER NOT NULL DEFAULT 0;

-- Objects that end with the run of the program that made them, as long as they are there.
CREATE TABLE session (
    object INTEGER PRIMARY KEY REFERENCES object (row),
    run TEXT NOT NULL
) STRICT;

CREATE INDEX session_run ON session (run);
