-- What few values tell apart is kept in memory, read from the bodies at the start: these columns were extracts.

DROP INDEX object_storage;
ALTER TABLE object DROP COLUMN storage;
ALTER TABLE object DROP COLUMN state;
ALTER TABLE object DROP COLUMN activation_date;
ALTER TABLE object DROP COLUMN deactivation_date;
ALTER TABLE object DROP COLUMN algorithm;
ALTER TABLE object DROP COLUMN length;
ALTER TABLE object DROP COLUMN usage_mask;
