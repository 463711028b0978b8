//! What becomes of the running answers when askd is told to end.

use std::time::Duration;

use anyhow::Result;
use futures_util::future::{try_join, try_join_all};
use uuid::Uuid;

use crate::{
    Plan,
    client::{Frame, Session},
    clock,
    config::Setup,
    process::Process,
    stream::Tally,
    table::{Row, Unit, percentile},
    upstream::Upstream,
};

/// Half of them end by themselves within the grace, half never do.
const ANSWERS: usize = 50;
const GRACE: Duration = Duration::from_secs(4);
/// Chunks of an answer that ends, one every 20 ms.
const CHUNKS: usize = 40;

/// A session, and what it was told.
struct Told {
    session: Session,
    tally: Tally,
    draining: Option<u64>,
    outcome: String,
    code: Option<u16>,
}

impl Told {
    async fn ask(askd: &Process, question: &str) -> Result<Self> {
        let mut session = Session::open(askd.address()).await?;
        session.ask(question).await?;
        let mut told = Self {
            session,
            tally: Tally::default(),
            draining: None,
            outcome: String::new(),
            code: None,
        };
        while told.tally.chunks == 0 {
            told.hear().await?;
        }
        Ok(told)
    }

    async fn hear(&mut self) -> Result<()> {
        let text = match self.session.receive_or_close().await? {
            Ok(text) => text,
            Err(code) => {
                self.code = Some(code);
                return Ok(());
            }
        };
        let frame = Frame::of(&text)?;
        match &*frame.kind {
            "chunk" => self.tally.take(&frame.text)?,
            "complete" => self.outcome = frame.outcome.into_owned(),
            "status" if frame.state == "draining" => self.draining = Some(clock::now_ns()),
            _ => {}
        }
        Ok(())
    }

    /// Reads on until the server has closed.
    async fn until_closed(mut self) -> Result<Ended> {
        while self.code.is_none() {
            self.hear().await?;
        }
        let Self {
            session,
            tally,
            draining,
            outcome,
            code,
        } = self;
        session.hang_up().await;
        Ok(Ended {
            chunks: tally.chunks,
            draining,
            outcome,
            code,
        })
    }
}

/// What a session was told in the end.
struct Ended {
    chunks: u64,
    draining: Option<u64>,
    outcome: String,
    code: Option<u16>,
}

/// SIGTERM with answers running.
pub async fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let upstream = Upstream::start().await?;
    let setup = Setup {
        upstream: &upstream.base_url(),
        server: &format!("shutdown_grace = \"{}s\"", GRACE.as_secs()),
        ..Setup::default()
    };
    let mut askd = Process::askd_with(plan, &setup).await?;
    let asked = (0..ANSWERS).map(|number| {
        let question = match number % 2 {
            0 => format!("paced {CHUNKS} 20"),
            _ => format!("hold between {}", Uuid::now_v7()),
        };
        let askd = &askd;
        async move { Told::ask(askd, &question).await }
    });
    let running = try_join_all(asked).await?;

    let sent = clock::now_ns();
    askd.terminate()?;
    let exit = async {
        let status = askd.ended(GRACE * 3).await?;
        Ok((status, clock::now_ns().saturating_sub(sent)))
    };
    let (ended, (status, took)) = try_join(
        try_join_all(running.into_iter().map(Told::until_closed)),
        exit,
    )
    .await?;

    let count = |of: &dyn Fn(&Ended) -> bool| ended.iter().filter(|ended| of(ended)).count() as f64;
    let heard = ended.iter().filter_map(|ended| ended.draining);
    let heard: Vec<f64> = heard.map(|at| at.saturating_sub(sent) as f64).collect();
    let name = format!("SIGTERM, {ANSWERS} answers running");
    let (all, half) = (ANSWERS as f64, ANSWERS as f64 / 2.0);
    let row = |what: &str, bound: f64, number: f64| {
        Row::at_least(format!("{name}: {what}"), bound, &[number], Unit::Count)
    };
    let whole = |ended: &Ended| ended.outcome == "stop" && ended.chunks == CHUNKS as u64;
    Ok(vec![
        row("told draining", all, heard.len() as f64),
        Row::info(
            format!("{name}: told draining after, p99"),
            &[percentile(&heard, 0.99)],
            Unit::Ms,
        ),
        row("finished whole", half, count(&whole)),
        row(
            "interrupted",
            half,
            count(&|ended| ended.outcome == "interrupted"),
        ),
        row(
            "closed with 1012",
            all,
            count(&|ended| ended.code == Some(1012)),
        ),
        Row::at_most(
            format!("{name}: exit code"),
            0.0,
            &[status.code().map_or(f64::NAN, f64::from)],
            Unit::Count,
        ),
        Row::at_most(
            format!(
                "{name}: time to exit (shutdown_grace {} s)",
                GRACE.as_secs()
            ),
            GRACE.as_secs_f64(),
            &[took as f64 / 1e9],
            Unit::Seconds,
        ),
    ])
}
