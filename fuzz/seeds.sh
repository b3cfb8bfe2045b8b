#!/bin/sh
# Fills corpus/ of the targets with the recorded messages, one file each.
set -eu
cd "$(dirname "$0")"
for target in decode frame message texts; do
    mkdir -p "corpus/$target"
    for file in ../tests/captures/*.txt; do
        name=$(basename "$file" .txt)
        while read -r call hex; do
            printf '%s' "$hex" | xxd -r -p > "corpus/$target/$name-$call"
        done < "$file"
    done
done
