//! What an endpoint can do wrong, and what the reader sees of it: what came before stays, one `error` in words
//! where one belongs, one `complete`, and no secret anywhere.

mod faults;
mod split;

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{
    client::Answer,
    fake::{Fake, Script},
    harness::Server,
};

/// What the endpoint is sent, and what no reader and no log may show.
const KEY: &str = "sk-never-to-be-seen";

/// One fault: what the endpoint does, and what the reader is to see.
struct Row {
    name: &'static str,
    /// One for each request that may come; a further one finds the fake's ordinary answer, which no row expects.
    scripts: Vec<Script>,
    /// Further lines of the endpoint's section.
    lines: &'static str,
    /// Instead of the fake.
    base_url: Option<String>,
    text: &'static str,
    ends: Ends,
    retry_after_ms: Option<u64>,
    not_before: Duration,
    usage: Option<(u64, u64)>,
}

/// How the turn ends.
enum Ends {
    /// With this outcome, and no error.
    Well(&'static str),
    /// Failed, with this code and a message that holds this text.
    Failed(&'static str, &'static str),
}

impl Row {
    fn new(name: &'static str, scripts: impl Into<Vec<Script>>, ends: Ends) -> Self {
        Self {
            name,
            scripts: scripts.into(),
            lines: "",
            base_url: None,
            text: "",
            ends,
            retry_after_ms: None,
            not_before: Duration::ZERO,
            usage: None,
        }
    }

    fn fails(
        name: &'static str,
        scripts: impl Into<Vec<Script>>,
        code: &'static str,
        part: &'static str,
    ) -> Self {
        Self::new(name, scripts, Ends::Failed(code, part))
    }

    fn ends(
        name: &'static str,
        scripts: impl Into<Vec<Script>>,
        outcome: &'static str,
        text: &'static str,
    ) -> Self {
        Self::new(name, scripts, Ends::Well(outcome)).text(text)
    }

    fn lines(mut self, lines: &'static str) -> Self {
        self.lines = lines;
        self
    }

    fn text(mut self, text: &'static str) -> Self {
        self.text = text;
        self
    }

    fn at(mut self, base_url: String) -> Self {
        self.base_url = Some(base_url);
        self
    }

    fn retry_after_ms(mut self, retry_after_ms: u64) -> Self {
        self.retry_after_ms = Some(retry_after_ms);
        self
    }

    fn not_before(mut self, millis: u64) -> Self {
        self.not_before = Duration::from_millis(millis);
        self
    }

    fn usage(mut self, prompt: u64, completion: u64) -> Self {
        self.usage = Some((prompt, completion));
        self
    }

    /// Asks, and checks all that is promised.
    async fn check(self) {
        let Self {
            name,
            scripts,
            lines,
            ..
        } = &self;
        let fake = Fake::start().await;
        let requests = scripts.len();
        scripts.iter().for_each(|script| fake.then(script.clone()));
        let url = self.base_url.clone().unwrap_or_else(|| fake.base_url());
        let retries = if lines.contains("retries") {
            ""
        } else {
            "retries = 0"
        };
        let server = Server::start(&format!(
            "[[endpoint]]\nname = \"fake\"\nbase_url = \"{url}\"\nmodel = \"m\"\napi_key = \"{KEY}\"\n{retries}\n{lines}"
        ));
        let mut client = server.connect().await;
        let asked = Instant::now();
        let turn = client.ask("q").await;
        let (mut answer, mut errors) = (Answer::default(), Vec::new());
        loop {
            let message = client.next().await;
            if message["type"] == "error" {
                errors.push(message.clone());
            }
            if answer.take(&message, turn) {
                break;
            }
        }
        assert!(
            asked.elapsed() >= self.not_before,
            "{name}: told after {:?}",
            asked.elapsed()
        );
        self.check_end(&answer, &errors);
        assert_eq!(fake.requests().len(), requests, "{name}: requests");

        client.resume(turn, 0).await;
        let again = client.read(turn).await;
        assert_eq!(
            (&again.text, &again.code, &again.outcome),
            (&answer.text, &answer.code, &answer.outcome),
            "{name}: what came stays"
        );
        assert!(
            server.log.lines(KEY).is_empty(),
            "{name}: the key is logged"
        );
        client.leave(1001).await;
        match self.ends {
            Ends::Well(_) => server.stop().await,
            Ends::Failed(..) => server.stop_expecting(&["turn failed"]).await,
        }
    }

    fn check_end(&self, answer: &Answer, errors: &[Value]) {
        let name = self.name;
        assert_eq!(answer.text, self.text, "{name}");
        match self.ends {
            Ends::Well(outcome) => {
                assert_eq!(answer.outcome, outcome, "{name}: {errors:?}");
                assert!(errors.is_empty(), "{name}: {errors:?}");
            }
            Ends::Failed(code, part) => {
                assert_eq!(answer.outcome, "failed", "{name}");
                assert_eq!(errors.len(), 1, "{name}: {errors:?}");
                let error = &errors[0];
                assert_eq!(error["code"], code, "{name}: {error}");
                let message = error["message"].as_str().unwrap();
                assert!(message.contains(part), "{name}: {message}");
                assert!(!message.contains(KEY), "{name}: {message}");
                assert_eq!(
                    error["retry_after_ms"].as_u64(),
                    self.retry_after_ms,
                    "{name}"
                );
            }
        }
        let usage = &answer.complete["usage"];
        let counts = usage["prompt_tokens"]
            .as_u64()
            .zip(usage["completion_tokens"].as_u64());
        assert_eq!(counts, self.usage, "{name}");
    }
}
