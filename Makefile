# Every target is one script, so that a person, CI and the README call the same thing.
# Arguments go through ARGS, as in: make test ARGS="two_hundred_visitors"

.PHONY: help run live test test-fast test-api lint deny fuzz fmt bench chaos images migrate prepare down ci

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1 /p' Makefile | while read -r name what; do printf '%-10s %s\n' "$$name" "$$what"; done

run: ## the whole system with a stand-in for the vendors; shows today's menus, stays up until Ctrl-C
	@scripts/run.sh $(ARGS)

live: ## the same with the real vendors
	@scripts/run.sh --live $(ARGS)

test: ## every test, with stores of its own
	@scripts/test.sh $(ARGS)

test-fast: ## only the tests that start no program
	@scripts/test.sh --fast $(ARGS)

test-api: ## the running api against its own description, and all pages in a browser, the ops side's too
	@scripts/test-api.sh $(ARGS)

lint: ## format, clippy, documentation, scripts, compose file
	@scripts/lint.sh

deny: ## licences, sources and known weaknesses of what we stand on
	@scripts/deny.sh

fuzz: ## throw at parsers and queries what strangers may send; SECONDS_EACH=60
	@scripts/fuzz.sh $(ARGS)

fmt: ## format the code
	@cargo fmt --all && cargo fmt --manifest-path tests/fuzz/Cargo.toml

bench: ## what everything costs, beside nginx and Varnish; writes docs/performance.md; ARGS=hits for one subject
	@scripts/bench.sh $(ARGS)

chaos: ## break everything at random with visitors at the door; SEED= and SECONDS= choose what and how long
	@SEED="$(SEED)" SECONDS="$(SECONDS)" scripts/chaos.sh $(ARGS)

images: ## build both images, run docker-compose.yml with them, see what they may and how they stop
	@scripts/images.sh $(ARGS)

migrate: ## bring the database in DATABASE_URL to the newest schema
	@cargo run --release --locked --bin worker -- migrate

prepare: ## write .sqlx/ anew, after a change of a query or a migration
	@scripts/prepare.sh $(ARGS)

down: ## stop what runs in this checkout, clear up after what crashed
	@scripts/down.sh

ci: ## what has to pass before a merge
	@.ci/run
