//! How soon askd is there, and how large it and its page are.

use std::{collections::BTreeSet, time::Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    Plan, direct,
    process::{Process, size_of},
    table::{Row, Unit},
    upstream::Upstream,
};

/// From the start of the process to the first 200.
pub async fn time(plan: &Plan) -> Result<Vec<Row>> {
    let upstream = Upstream::start().await?;
    let mut times = Vec::new();
    for _ in 0..if plan.quick { 10 } else { 30 } {
        let begun = Instant::now();
        let askd = Process::askd(plan, &upstream.base_url(), "").await?;
        while !ready(askd.address()).await? {}
        times.push(begun.elapsed().as_nanos() as f64);
    }
    Ok(vec![Row::at_most(
        "start to the first 200 on /readyz",
        15e6,
        &times,
        Unit::Ms,
    )])
}

/// A request as bare as it can be: no client's own start is measured with it.
async fn ready(address: &str) -> Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    Ok(response.starts_with("HTTP/1.1 200"))
}

/// The binary, and what a browser fetches before it shows the page.
pub async fn size(plan: &Plan) -> Result<Vec<Row>> {
    let upstream = Upstream::start().await?;
    let askd = Process::askd(plan, &upstream.base_url(), "").await?;
    let root = format!("http://{}", askd.address());
    let page = fetch(&root, "/", "identity").await?;
    let page = String::from_utf8(page).context("the page is no UTF-8")?;
    let mut total = fetch(&root, "/", "gzip").await?.len();
    let mut files = referred(&page);
    ensure!(!files.is_empty(), "the page refers to no file at all");
    let mut left: Vec<String> = files.iter().cloned().collect();
    while let Some(file) = left.pop() {
        total += fetch(&root, &file, "gzip").await?.len();
        if file.ends_with(".js") {
            let named = loaded(&fetch(&root, &file, "identity").await?);
            left.extend(named.into_iter().filter(|name| files.insert(name.clone())));
        }
    }
    let binary = size_of(&plan.askd)?;
    Ok(vec![
        Row::at_most(
            "the binary, page included",
            12e6,
            &[binary as f64],
            Unit::Bytes,
        ),
        Row::at_most(
            format!("the page at first load, gzip, {} files", files.len() + 1),
            120.0,
            &[total as f64 / 1024.0],
            Unit::KiB,
        ),
    ])
}

/// A file's bytes in this encoding.
async fn fetch(root: &str, path: &str, encoding: &str) -> Result<Vec<u8>> {
    let path = if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("/{path}")
    };
    let request = direct::http()?
        .get(format!("{root}{path}"))
        .header("accept-encoding", encoding);
    let response = request.send().await?.error_for_status()?;
    Ok(response.bytes().await?.to_vec())
}

/// What the page's `src/main.ts` and `src/ui/parts.ts` have become, as far as a script names it: a visit loads all of it.
fn loaded(script: &[u8]) -> BTreeSet<String> {
    let script = String::from_utf8_lossy(script);
    let names = script.split(['"', '\'', '`']).filter_map(|name| {
        let name = name.rsplit('/').next()?;
        let is_loaded = ["main-", "shared-", "parts-"]
            .iter()
            .any(|start| name.starts_with(start));
        (is_loaded && name.contains('.')).then(|| format!("assets/{name}"))
    });
    names.collect()
}

/// What a page's `src` and `href` name on its own server.
fn referred(page: &str) -> BTreeSet<String> {
    let values = ["src=\"", "href=\""]
        .into_iter()
        .flat_map(|attribute| page.split(attribute).skip(1));
    let paths = values.filter_map(|rest| rest.split('"').next());
    paths
        .filter(|path| !path.contains(':') && !path.starts_with('#'))
        .map(|path| path.trim_start_matches("./").to_owned())
        .collect()
}
