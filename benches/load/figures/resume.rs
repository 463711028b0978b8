//! That a reader whose connection is lost again and again gets every byte, and gets it once.

use anyhow::{Result, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use uuid::Uuid;

use crate::{
    Plan,
    client::{Frame, Leave, Session},
    process::Process,
    story::Story,
    table::{Row, Unit},
    upstream::Upstream,
};

/// Runs at once.
const ABREAST: usize = 16;
/// Losses after which a run is read to its end.
const MOST: usize = 8;

/// What a run found.
#[derive(Default)]
struct Found {
    lost: usize,
    gaps: usize,
    repeats: usize,
}

/// Random losses and resumes over random answers in random writes.
pub async fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let count = if plan.quick { 50 } else { 200 };
    let upstream = Upstream::start().await?;
    let askd = Process::askd(plan, &upstream.base_url(), "on_leave = \"finish\"").await?;
    let first = fastrand::u64(..u64::MAX / 2);
    let runs = stream::iter(0..count as u64).map(|run| read(&askd, first + run));
    let found: Vec<Found> = runs.buffer_unordered(ABREAST).try_collect().await?;
    let sum = |of: fn(&Found) -> usize| found.iter().map(of).sum::<usize>();
    let (lost, gaps, repeats) = (
        sum(|found| found.lost),
        sum(|found| found.gaps),
        sum(|found| found.repeats),
    );
    ensure!(
        gaps + repeats == 0,
        "{gaps} gaps and {repeats} repeats after {lost} lost connections; the first seed is {first}"
    );
    let name = format!("{count} answers, {lost} lost connections");
    let row = |what: &str, number: usize| {
        Row::at_most(
            format!("{name}: {what}"),
            0.0,
            &[number as f64],
            Unit::Count,
        )
    };
    Ok(vec![
        Row::at_least(
            format!("{name}: texts equal"),
            f64::from(count),
            &[found.len() as f64],
            Unit::Count,
        ),
        row("gaps", gaps),
        row("repeats", repeats),
    ])
}

/// Reads one answer, over as many connections as it takes; an error when the whole is not the endpoint's text.
async fn read(askd: &Process, seed: u64) -> Result<Found> {
    let (story, turn) = (Story::of(seed), Uuid::now_v7());
    let (mut found, mut reader, mut accepted) = (Found::default(), Reader::default(), false);
    loop {
        let mut session = Session::open(askd.address()).await?;
        if !accepted {
            // It may have been heard before the connection was lost: asking again is asking once.
            session.ask_as(turn, &format!("story {seed}")).await?;
        } else {
            // Now and then a page that has forgotten everything.
            if fastrand::u8(..10) == 0 {
                reader = Reader::default();
            }
            session.resume(turn, reader.seq).await?;
        }
        let frames = match found.lost {
            MOST.. => usize::MAX,
            _ => fastrand::usize(..10),
        };
        for _ in 0..frames {
            let text = session.receive().await?;
            let frame = Frame::of(&text)?;
            accepted |= frame.kind == "accepted";
            let ended = reader.take(&frame, &story, &mut found)?;
            if ended {
                session.leave(Leave::Close).await?;
                return Ok(found);
            }
        }
        let way = [Leave::Close, Leave::Fin, Leave::Reset][fastrand::usize(..3)];
        session.leave(way).await?;
        found.lost += 1;
    }
}

/// What a reader has.
#[derive(Default)]
struct Reader {
    text: String,
    seq: u64,
}

impl Reader {
    /// Takes a frame; `true`: it was the last.
    fn take(&mut self, frame: &Frame<'_>, story: &Story, found: &mut Found) -> Result<bool> {
        match &*frame.kind {
            "accepted" => return Ok(false),
            "chunk" | "complete" => {}
            other => anyhow::bail!("a {other} came: {}", frame.message),
        }
        let seq = frame.seq.unwrap_or_default();
        let ended = frame.kind == "complete";
        // Each piece is an event, so that the number tells what the text must be by now.
        let pieces = usize::try_from(seq)? - usize::from(ended);
        let told = story.pieces[..pieces.min(story.pieces.len())].concat();
        found.repeats += usize::from(seq <= self.seq);
        self.seq = seq;
        self.text.push_str(&frame.text);
        if self.text != told {
            match self.text.len() < told.len() {
                true => found.gaps += 1,
                false => found.repeats += 1,
            }
        }
        if ended {
            ensure!(
                frame.outcome == "stop",
                "the outcome is {:?}",
                frame.outcome
            );
            found.gaps += usize::from(pieces != story.pieces.len());
        }
        Ok(ended)
    }
}
