-- Keys that HSMs are about to make, noted before: whichever no record names when nobody is at it any more is destroyed.

CREATE TABLE doubt (
    object TEXT NOT NULL,
    backend TEXT NOT NULL,
    spec TEXT NOT NULL,
    PRIMARY KEY (object, backend)
) STRICT, WITHOUT ROWID;
