//! The documents that answers are from, for whoever wants to read on.
//!
//! Who may ask may read them: the answers quote them. They go out in two ways, neither of which a browser takes for a
//! page: a part as JSON, which the page renders as it does answers, and the file itself as an attachment.

use std::{fmt::Write as _, time::Duration};

use bytes::Bytes;
use tokio::time::timeout;
use url::form_urlencoded;
use warp::{
    http::{HeaderValue, header},
    reply::Response,
};

use super::{Call, aside, json_of, refusal::Refusal, telling::Reader, written};
use crate::knowledge::{Library, LibraryError, Start};

/// Passages of a part, unless another number is asked for.
const SHOWN: usize = 50;
/// How long the disk may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// A part of a document.
pub async fn part(call: Call) -> Result<Response, Refusal> {
    let most = call.query.limit(SHOWN)?;
    let start = match call.query.from()? {
        Some(place) => Start::Place(place),
        None => Start::At(call.query.get("at").unwrap_or_default().to_owned()),
    };
    let path = call.query.get("path").unwrap_or_default().to_owned();
    let read = move |library: &Library, path: &str| library.part(path, &start, most);
    let (text, ()) = made(call.reader(), &path, read, |part| Ok((written(&part)?, ()))).await?;
    Ok(json_of(Response::new(text.into())))
}

/// What a document may do in a browser that shows it in spite of everything: nothing.
const INERT: &str = "sandbox; default-src 'none'";

/// The file that a document was read from.
pub async fn original(call: Call) -> Result<Response, Refusal> {
    let path = call.query.get("path").unwrap_or_default().to_owned();
    let read = |library: &Library, path: &str| library.original(path);
    let taken = made(call.reader(), &path, read, |file| {
        Ok((file.bytes, (file.name, file.kind)))
    })
    .await?;
    let (bytes, (name, kind)) = taken;
    let mut response = Response::new(bytes.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(INERT),
    );
    if let Ok(disposition) = HeaderValue::from_str(&attachment(&name)) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

/// Reads where blocking is welcome, with a deadline, and with room for what comes of it.
async fn made<F, W: Send + 'static>(
    reader: Reader,
    path: &str,
    read: impl Fn(&Library, &str) -> Result<Option<F>, LibraryError> + Clone + Send + 'static,
    text: impl Fn(F) -> Result<(Vec<u8>, W), Refusal> + Clone + Send + 'static,
) -> Result<(Bytes, W), Refusal> {
    let library = reader.site.documents.clone();
    let library = library.ok_or_else(Refusal::unknown_document)?;
    let path = path.to_owned();
    let make = || {
        let (library, path, read, text) =
            (library.clone(), path.clone(), read.clone(), text.clone());
        let work = aside(move || match read(&library, &path) {
            Ok(found) => found.map(text).transpose(),
            Err(LibraryError::Unread) => Err(Refusal::unreadable_document()),
            Err(error) => {
                tracing::warn!(%error, "a document cannot be shown");
                Err(Refusal::unreadable_document())
            }
        });
        async move {
            let done = timeout(DEADLINE, work).await;
            done.unwrap_or_else(|_| Err(Refusal::unreadable_document()))
        }
    };
    let made = reader.site.handed_out.text(reader.client, make).await?;
    made.ok_or_else(Refusal::unknown_document)
}

/// What a file is to be called by whoever keeps it: in letters that every system takes, and in its own.
fn attachment(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|letter| match letter {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' => letter,
            _ => '_',
        })
        .collect();
    let mut disposition = format!("attachment; filename=\"{plain}\"");
    if plain != name {
        // `+` is a space in forms alone.
        let own: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
        let _ = write!(
            disposition,
            "; filename*=UTF-8''{}",
            own.replace('+', "%20")
        );
    }
    disposition
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_header() {
        let cases = [
            ("a-b_c.1.md", "attachment; filename=\"a-b_c.1.md\""),
            (
                "a \"b\".md",
                "attachment; filename=\"a__b_.md\"; filename*=UTF-8''a%20%22b%22.md",
            ),
            (
                "Größe+1.pdf",
                "attachment; filename=\"Gr__e_1.pdf\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%2B1.pdf",
            ),
            (
                "a\r\nb: c",
                "attachment; filename=\"a__b__c\"; filename*=UTF-8''a%0D%0Ab%3A%20c",
            ),
        ];
        for (name, header) in cases {
            assert_eq!(attachment(name), header);
        }
    }
}
