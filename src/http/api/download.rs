//! Conversations as files. They are read while they are sent, so that memory does not grow with what is exported.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{FutureExt as _, Stream, StreamExt, TryStreamExt, stream};
use warp::{
    Reply,
    http::{HeaderValue, header},
    reply::Response,
};

use super::{
    Site, markdown,
    query::Format,
    refusal::Refusal,
    telling::{self, Begun, Broken},
    wire::FORMAT,
};
use crate::{
    id::{ConversationId, OwnerId},
    store,
};

/// Letters of a title in a file's name.
const MAX_NAME: usize = 40;

/// One conversation.
pub async fn one(
    site: &Arc<Site>,
    owner: OwnerId,
    id: ConversationId,
    format: Format,
) -> Result<Response, Refusal> {
    let begun = telling::begin(site, owner, id, format).await?;
    let begun = begun.ok_or_else(Refusal::unknown_conversation)?;
    let name = match slug(&begun.title) {
        name if name.is_empty() => id.to_string(),
        name => name,
    };
    Ok(file(whole(begun), &name, format))
}

/// All of an owner's conversations. One that is deleted meanwhile is left out.
pub async fn all(site: &Arc<Site>, owner: OwnerId, format: Format) -> Result<Response, Refusal> {
    let ids = site.store.export(owner).await?;
    let site = site.clone();
    let mut first = true;
    let conversations = stream::iter(ids)
        .then(move |id| {
            let site = site.clone();
            async move { telling::begin(&site, owner, id, format).await }
        })
        .filter_map(async |begun| begun.transpose())
        .flat_map(move |begun| {
            let between = if std::mem::take(&mut first) {
                ""
            } else {
                between(format)
            };
            let told = async { begun.map(whole) };
            piece(between).chain(told.into_stream().try_flatten())
        });
    let name = format!("conversations-{}", markdown::day(store::now()));
    Ok(file(conversations, &name, format))
}

/// A conversation from its beginning.
fn whole(begun: Begun) -> impl Stream<Item = Result<Bytes, Broken>> + Send + Sync {
    stream::iter([Ok(begun.text)]).chain(telling::parts(begun.rest))
}

fn piece(text: impl Into<Bytes>) -> impl Stream<Item = Result<Bytes, Broken>> + Send + Sync {
    stream::iter([Ok(text.into())])
}

fn opening(format: Format) -> String {
    match format {
        Format::Json => format!(
            "{{\"askd\":{FORMAT},\"exported\":{},\"conversations\":[\n",
            store::now()
        ),
        Format::Markdown => String::new(),
    }
}

fn between(format: Format) -> &'static str {
    match format {
        Format::Json => ",\n",
        Format::Markdown => "\n---\n\n",
    }
}

fn closing(format: Format) -> &'static str {
    match format {
        Format::Json => "\n]}\n",
        Format::Markdown => "",
    }
}

/// A file with these conversations in it.
fn file(
    conversations: impl Stream<Item = Result<Bytes, Broken>> + Send + Sync + 'static,
    name: &str,
    format: Format,
) -> Response {
    let body = piece(opening(format))
        .chain(conversations)
        .chain(piece(closing(format)));
    let mut response = warp::reply::stream(body).into_response();
    let (kind, ending) = match format {
        Format::Json => ("application/json", "json"),
        Format::Markdown => ("text/markdown; charset=utf-8", "md"),
    };
    let disposition = format!("attachment; filename=\"askd-{name}.{ending}\"");
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

/// A title as a part of a file's name: letters and digits that every system takes.
fn slug(title: &str) -> String {
    let words = title.split(|letter: char| !letter.is_ascii_alphanumeric());
    let mut name = String::new();
    for word in words.filter(|word| !word.is_empty()) {
        if name.len() + 1 + word.len() > MAX_NAME {
            break;
        }
        if !name.is_empty() {
            name.push('-');
        }
        name.push_str(&word.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_has_letters_that_every_system_takes() {
        let cases = [
            ("What is *this*?", "what-is-this"),
            ("../..\\\"; x=\"\r\n", "x"),
            ("Größe & Maß", "gr-e-ma"),
            ("你好", ""),
            ("", ""),
            (
                &"long ".repeat(20),
                "long-long-long-long-long-long-long-long",
            ),
            (&"x".repeat(99), ""),
        ];
        for (title, name) in cases {
            assert_eq!(slug(title), name, "{title:?}");
        }
    }
}
