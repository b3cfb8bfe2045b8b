-- Keys that find nothing which is not found without them: digests are found in memory, short forms of identifiers by the
-- identifiers, and the name of the policy that every object has by looking at any.

DELETE FROM attribute WHERE kind = 0x420034;

DELETE FROM attribute WHERE kind = 0x420136
    AND lower(hex(value)) = (SELECT replace(id, '-', '') FROM object WHERE row = attribute.object);

DELETE FROM attribute WHERE kind = 0x42005D AND value = CAST('default' AS BLOB);
