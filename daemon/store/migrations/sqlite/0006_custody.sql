-- Whether a vault's new locked keys are kept here, wrapped under a key of its HSM, instead of in it.

ALTER TABLE vault ADD COLUMN wrapped INTEGER NOT NULL DEFAULT 0;
