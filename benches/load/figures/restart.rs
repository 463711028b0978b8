//! What a restart costs those who are there, and those who come meanwhile, where systemd holds the socket.

use anyhow::{Context as _, Result};

use crate::{
    Plan,
    successor::drive::{Load, drive},
    table::{Row, Unit},
    upstream::Upstream,
};

/// A page is back within so many seconds.
const AWAY: f64 = 2.0;

/// Restarts with sessions and running answers, on a socket that stays.
pub async fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let load = match plan.quick {
        true => Load {
            sessions: 100,
            answers: 10,
            restarts: 5,
        },
        false => Load {
            sessions: 500,
            answers: 50,
            restarts: 20,
        },
    };
    let upstream = Upstream::start().await?;
    let askd = plan.askd.to_str().context("the binary's path is text")?;
    let outcome = drive(askd, &upstream.base_url(), load).await?;
    let Load {
        sessions,
        answers,
        restarts,
    } = load;
    let name = format!("{restarts} restarts, {sessions} sessions, {answers} answers");
    let seconds = |times: &[std::time::Duration]| -> Vec<f64> {
        times.iter().map(std::time::Duration::as_secs_f64).collect()
    };
    let (away, waited) = (seconds(&outcome.away), seconds(&outcome.waited));
    let none = |what: &str, count: usize| {
        let figure = format!("{name}: {what}");
        Row::at_most(figure, 0.0, &[count as f64], Unit::Count)
    };
    let times = |what: &str, bound: f64, share: f64, times: &[f64]| {
        Row::percentile(
            format!("{name}: {what}"),
            bound,
            share,
            times,
            Unit::Seconds,
        )
    };
    let info = |what: &str, count: usize| {
        Row::info(format!("{name}: {what}"), &[count as f64], Unit::Count)
    };
    Ok(vec![
        none("connections refused", outcome.refused),
        none("bytes lost", outcome.lost),
        none("bytes doubled", outcome.doubled),
        info("answers compared", outcome.compared),
        info("of these interrupted", outcome.interrupted),
        info("new visitors meanwhile", outcome.waited.len()),
        times("a page is back after, p50", AWAY, 0.5, &away),
        times("a page is back after, longest", AWAY, 1.0, &away),
        times("a new visitor has waited, longest", AWAY, 1.0, &waited),
        Row::info(
            format!("{name}: time to exit (shutdown_grace 1 s)"),
            &seconds(&outcome.exits),
            Unit::Seconds,
        ),
        none("warnings and errors in the log", outcome.complaints.len()),
    ])
}
