//! What askd says in plain HTTP, and whom it lets in.

mod base;
mod embed;
mod limits;
mod listeners;
mod own;
mod owner;
mod routes;
mod upgrade;

use std::net::SocketAddr;

use serde_json::Value;
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    task::yield_now,
    time::timeout,
};

use crate::harness::{PATIENCE, soon};

/// A response.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    /// A header's value, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Each header, its name in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let headers = self.headers.iter();
        headers.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A request with these further header lines.
pub fn request(method: &str, path: &str, lines: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: askd.localhost\r\n{lines}\r\n")
}

/// Sends a request over a connection, and reads its response.
pub async fn ask<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut S, request: &str) -> Reply {
    socket.write_all(request.as_bytes()).await.unwrap();
    timeout(PATIENCE, read(socket, request.starts_with("HEAD ")))
        .await
        .expect("a response comes")
}

/// Waits until `/readyz` answers with this status; gives its body.
pub async fn ready(address: SocketAddr, status: u16) -> Value {
    let asked = async {
        loop {
            let reply = ask_at(address, &request("GET", "/readyz", "")).await;
            if reply.status == status {
                return reply.json();
            }
            yield_now().await;
        }
    };
    soon("ready or not", asked).await
}

/// Sends a request over a connection of its own.
pub async fn ask_at(address: SocketAddr, request: &str) -> Reply {
    ask(&mut TcpStream::connect(address).await.unwrap(), request).await
}

/// Reads one response; `bare`: its length is not that of a body that follows.
async fn read<S: AsyncRead + Unpin>(socket: &mut S, bare: bool) -> Reply {
    let mut input = Vec::new();
    let end = loop {
        if let Some(at) = input.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        let read = socket.read_buf(&mut input).await.unwrap();
        assert_ne!(
            read,
            0,
            "the connection ended in {:?}",
            String::from_utf8_lossy(&input)
        );
    };
    let mut body = input.split_off(end);
    let head = String::from_utf8(input).unwrap();
    let mut lines = head.lines();
    let status = lines
        .next()
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, value)| value.parse().unwrap());
    while !bare && status != 304 && body.len() < length {
        assert_ne!(
            socket.read_buf(&mut body).await.unwrap(),
            0,
            "the body is cut"
        );
    }
    let chunked = headers.iter().any(|(_, value)| value == "chunked");
    if chunked && !bare {
        body = unchunked(socket, body).await;
    }
    Reply {
        status,
        headers,
        body,
    }
}

/// Reads on to the end of a body in chunks, and joins them.
async fn unchunked<S: AsyncRead + Unpin>(socket: &mut S, mut input: Vec<u8>) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let line = input.windows(2).position(|window| window == b"\r\n");
        if let Some(at) = line {
            let size = std::str::from_utf8(&input[..at]).unwrap();
            let size = usize::from_str_radix(size, 16).unwrap();
            if input.len() >= at + size + 4 {
                body.extend(&input[at + 2..at + 2 + size]);
                input.drain(..at + size + 4);
                if size == 0 {
                    return body;
                }
                continue;
            }
        }
        let read = socket.read_buf(&mut input).await.unwrap();
        assert_ne!(read, 0, "the body is cut");
    }
}

/// Asks again and again and takes nothing of the responses, until the server has let go.
pub async fn take_nothing(address: SocketAddr) {
    let mut greedy = TcpStream::connect(address).await.unwrap();
    SockRef::from(&greedy).set_recv_buffer_size(4096).unwrap();
    let asked = request("GET", "/", "").repeat(100);
    // It fails once the server has let go: until then nothing that is sent here is taken for ever.
    let flood = async { while greedy.write_all(asked.as_bytes()).await.is_ok() {} };
    soon("cut off", flood).await;
}

/// Reads until the server ends the connection.
pub async fn until_closed<S: AsyncRead + Unpin>(socket: &mut S) -> Vec<u8> {
    let mut rest = Vec::new();
    // A reset is an end too.
    let _ = timeout(PATIENCE, socket.read_to_end(&mut rest))
        .await
        .expect("the server ends the connection");
    rest
}
