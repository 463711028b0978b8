//! What the search in the operator's documents adds to the time until an answer's first word.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use fastrand::Rng;

use crate::{
    Plan,
    client::{Frame, Session},
    clock,
    config::Setup,
    made,
    process::Process,
    table::{Row, Unit, percentile},
    upstream::Upstream,
};

/// What it may add, in nanoseconds.
const SHARE: f64 = 15e6;
/// Words of a question.
const WORDS: usize = 10;
/// Questions of one conversation; the next one begins another.
const TURNS: usize = 20;
/// Questions until the documents must have been read; each waits some seconds for them by itself.
const PATIENCE: usize = 20;

/// askd without documents and askd with them, in front of an endpoint that answers at once.
pub async fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let (files, rounds, questions) = if plan.quick {
        (1_000, 3, 100)
    } else {
        (10_000, 5, 300)
    };
    let home = tempfile::tempdir()?;
    let folder = home.path().join("documents");
    made::documents(&folder, files)?;
    let upstream = Upstream::start().await?;
    let base_url = upstream.base_url();
    let bare = Process::askd(plan, &base_url, "").await?;
    let knowing = with_documents(plan, &base_url, &folder, home.path()).await?;
    // That the first question found the documents unread is told, and no fault.
    let told = knowing.log()?.complaints().len();

    let mut luck = Rng::with_seed(2);
    let passages = files * made::PASSAGES;
    let whole = |luck: &mut Rng| format!("burst 5 {}", made::question(luck, WORDS));
    // Searched by itself, and with the questions before it.
    let short = |luck: &mut Rng| format!("and burst 5 {}", made::question(luck, 1));
    let mut rows = Vec::new();
    for (kind, question) in [
        ("", &whole as &dyn Fn(&mut Rng) -> String),
        (" of what goes on", &short),
    ] {
        let (mut without, mut with) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let (mut a, mut b) = (Vec::new(), Vec::new());
            for _ in 0..questions / TURNS {
                let mut first = Session::open(bare.address()).await?;
                let mut second = Session::open(knowing.address()).await?;
                for _ in 0..TURNS {
                    let question = question(&mut luck);
                    a.push(first_word(&mut first, &question, false).await?);
                    b.push(first_word(&mut second, &question, true).await?);
                }
            }
            without.push(a);
            with.push(b);
        }
        rows.extend(table(passages, kind, &without, &with));
    }
    for (askd, told) in [(&bare, 0), (&knowing, told)] {
        let log = askd.log()?;
        let complaints = log.complaints();
        ensure!(complaints.len() == told, "{}", complaints.join("\n"));
    }
    Ok(rows)
}

async fn with_documents(
    plan: &Plan,
    upstream: &str,
    folder: &Path,
    home: &Path,
) -> Result<Process> {
    let store = format!("path = {:?}", home.join("askd.db"));
    let more = format!("[knowledge]\nfolders = [{folder:?}]\nwatch = false\n");
    let setup = Setup {
        upstream,
        store: &store,
        more: &more,
        ..Setup::default()
    };
    let askd = Process::askd_with(plan, &setup).await?;
    let mut session = Session::open(askd.address()).await?;
    for _ in 0..PATIENCE {
        let turn = session.ask("burst 5").await?;
        let mut is_searched = false;
        loop {
            let frame = session.receive().await?;
            let frame = Frame::of(&frame)?;
            is_searched |= frame.kind == "sources";
            if frame.kind == "complete" && frame.turn == Some(turn) {
                break;
            }
        }
        if is_searched {
            return Ok(askd);
        }
    }
    bail!("the documents are not read after {PATIENCE} questions")
}

/// Nanoseconds from the question to the first chunk, before which its sources must have come, or must not.
async fn first_word(session: &mut Session, question: &str, is_searched: bool) -> Result<f64> {
    let asked = clock::now_ns();
    session.ask(question).await?;
    if is_searched {
        session.until("sources").await?;
    }
    session.until("chunk").await?;
    let took = clock::now_ns().saturating_sub(asked);
    session.until("complete").await?;
    Ok(took as f64)
}

fn table(passages: usize, kind: &str, without: &[Vec<f64>], with: &[Vec<f64>]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (share, label) in [(0.5, "p50"), (0.99, "p99")] {
        let of = |rounds: &[Vec<f64>]| -> Vec<f64> {
            let rounds = rounds.iter();
            rounds.map(|round| percentile(round, share)).collect()
        };
        let (without, with) = (of(without), of(with));
        let adds: Vec<f64> = with.iter().zip(&without).map(|(a, b)| a - b).collect();
        let name = |what: &str| format!("{passages} passages: {what}, {label}");
        rows.push(Row::info(
            name(&format!("the first word{kind} without documents")),
            &without,
            Unit::Ms,
        ));
        rows.push(Row::at_most(
            name(&format!("their search{kind} adds")),
            SHARE,
            &adds,
            Unit::Ms,
        ));
    }
    rows
}
