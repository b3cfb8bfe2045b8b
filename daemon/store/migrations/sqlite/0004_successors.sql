-- The key that a client has provisioned in the place of its own, until it is first used.

ALTER TABLE client ADD COLUMN next_spki_sha256 BLOB;
ALTER TABLE client ADD COLUMN next_serial TEXT;
ALTER TABLE client ADD COLUMN next_issued INTEGER;
ALTER TABLE client ADD COLUMN next_expires INTEGER;
