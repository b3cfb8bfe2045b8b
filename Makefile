# Every way to build, run and test Keyhold. `make` alone lists them.

step := tests/setup/step
nextest := $(shell command -v cargo-nextest)
# The tests' processes: without nextest, cargo runs the same tests, one file after the other.
ifdef nextest
run-tests := cargo nextest run
else
run-tests := cargo test
endif

.PHONY: help run build test test-long lint fuzz bench clean-dev clean
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make run        install what the build needs, build in release mode, run `keyhold dev`
run: build
	@tests/setup/for-run
	@python=$(CURDIR)/target/pykmip/bin/python; [ -x "$$python" ] || python=python3; \
	KEYHOLD_PYTHON="$$python" exec target/release/keyhold dev

## make build      the daemon and the PKCS#11 module in release mode
build:
	@tests/setup/for-build
	cargo build --release --package keyhold --package keyhold-pkcs11

## make test       install the tests' peers, then check style, build, and run every test
test:
	@mkdir -p target && : >target/steps.txt
	@$(step) "Build tools" tests/setup/for-build
	@$(step) "Test peers" tests/setup/for-tests
	@$(MAKE) --no-print-directory lint
	@$(step) "Build" cargo parts
	@$(step) "Tests" $(run-tests) --workspace
	@$(step) "Documentation's tests" cargo test --workspace --doc
	@$(step) "Dependencies" tests/setup/deny
	@echo; cat target/steps.txt

## make lint       format, clippy and documentation, warnings denied
lint:
	@$(step) "Format" cargo fmt --all --check
	@$(step) "Clippy" cargo clippy --workspace --all-targets -- --deny warnings
	@RUSTDOCFLAGS="--deny warnings" $(step) "Documentation" cargo doc --workspace --no-deps --document-private-items

## make test-long  what `make test` has no time for: a thousand kills, sequences of calls of chance, vectors of long keys, ten minutes of threads, sanitizers, valgrind, pkcs11-check
test-long:
	@mkdir -p target && : >target/steps.txt
	@$(step) "Build tools" tests/setup/for-build
	@$(step) "Build" cargo parts
	@KEYHOLD_TEST_LONG=1 $(step) "Kills" $(run-tests) --package keyhold-tests --test durability
	@KEYHOLD_TEST_LONG=1 $(step) "Threads" $(run-tests) --package keyhold-tests --test crowd
	@$(step) "pkcs11-check" tests/setup/pkcs11-check
	@KEYHOLD_TEST_LONG=1 $(step) "Suite" $(run-tests) --package keyhold-tests --test pkcs11_check
	@KEYHOLD_TEST_LONG=1 $(step) "Module" $(run-tests) --package keyhold-pkcs11
	@$(step) "Memory" tests/setup/sanitized address
	@$(step) "Races" tests/setup/sanitized thread
	@$(step) "Valgrind" tests/setup/sanitized valgrind
	@KEYHOLD_TEST_LONG=1 $(step) "Sequences" $(run-tests) --package keyhold-tests --test pkcs11_model
	@KEYHOLD_TEST_LONG=1 $(step) "Vectors" $(run-tests) --package keyhold-tests --test pkcs11_vectors
	@echo; cat target/steps.txt

## make fuzz       look for inputs that break the codec, SECONDS=600 for each target; see fuzz/README.md
SECONDS ?= 600
fuzz:
	cargo run --release --manifest-path fuzz/Cargo.toml --example corpus -- fill fuzz/corpus
	@for target in ttlv xml json attributes; do \
		$(step) "Fuzz $$target" cargo +nightly fuzz run $$target -- \
			-max_total_time=$(SECONDS) -max_len=4096 -rss_limit_mb=2048 -timeout=25 || exit 1; \
	done

## make bench      measure
bench:
	@tests/setup/for-build
	cargo build --release --package keyhold --package keyhold-pkcs11
	cargo bench --workspace --benches

## make clean-dev  forget the appliance of `make run`: its keys, its authority, its audit trail
clean-dev:
	rm -rf var/dev

## make clean      forget what was built
clean:
	cargo clean
