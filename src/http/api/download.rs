//! Conversations as files. They are read while they are sent, so that memory does not grow with what is exported.

use std::fmt::Write as _;

use bytes::Bytes;
use futures_util::{FutureExt as _, Stream, StreamExt, TryStreamExt, stream};
use url::form_urlencoded;
use warp::{
    Reply,
    http::{HeaderValue, header},
    reply::Response,
};

use super::{
    markdown,
    query::Format,
    refusal::Refusal,
    telling::{self, Begun, Broken, Reader},
    wire::FORMAT,
};
use crate::{id::ConversationId, store};

/// Letters of a title in a file's name.
const MAX_NAME: usize = 40;

/// One conversation.
pub async fn one(reader: &Reader, id: ConversationId, format: Format) -> Result<Response, Refusal> {
    let begun = telling::begin(reader, id, format).await?;
    let begun = begun.ok_or_else(Refusal::unknown_conversation)?;
    let names = Names::of(&begun.title, id);
    Ok(file(whole(begun), &names, format))
}

/// All of an owner's conversations. One that is deleted meanwhile is left out.
pub async fn all(reader: Reader, format: Format) -> Result<Response, Refusal> {
    let ids = reader.site.store.export(reader.owner).await?;
    let mut first = true;
    let conversations = stream::iter(ids)
        .then(move |id| {
            let reader = reader.clone();
            async move { telling::begin(&reader, id, format).await }
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
    let names = Names {
        plain: format!("conversations-{}", markdown::day(store::now())),
        own: None,
    };
    Ok(file(conversations, &names, format))
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
    names: &Names,
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
    let mut disposition = format!("attachment; filename=\"askd-{}.{ending}\"", names.plain);
    if let Some(own) = &names.own {
        let own: String = form_urlencoded::byte_serialize(own.as_bytes()).collect();
        let _ = write!(disposition, "; filename*=UTF-8''askd-{own}.{ending}");
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

/// What a file is to be called, apart from its beginning and its ending.
#[derive(Debug, PartialEq)]
struct Names {
    /// In letters and digits that every system takes.
    plain: String,
    /// In the title's own script, where that says more.
    own: Option<String>,
}

impl Names {
    /// By the title, or where that has no letters by the id.
    fn of(title: &str, id: ConversationId) -> Self {
        let plain = slug(title, |letter| letter.is_ascii_alphanumeric());
        let own = slug(title, char::is_alphanumeric);
        let own = Some(own).filter(|own| !own.is_empty() && *own != plain);
        let plain = if plain.is_empty() {
            id.to_string()
        } else {
            plain
        };
        Self { plain, own }
    }
}

/// A title's words of such letters, as a part of a file's name: as many as there is room for, and the first one cut
/// where there is none.
fn slug(title: &str, is_letter: fn(char) -> bool) -> String {
    let words = title.split(|letter: char| !is_letter(letter));
    let (mut name, mut left) = (String::new(), MAX_NAME);
    for word in words.filter(|word| !word.is_empty()) {
        let letters = word.chars().count();
        if name.is_empty() {
            name.extend(word.chars().take(left));
        } else if letters < left {
            name.push('-');
            name.push_str(word);
            left -= 1;
        } else {
            break;
        }
        left = left.saturating_sub(letters);
    }
    name.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_has_letters_that_every_system_takes_and_the_titles_own() {
        let id = ConversationId(uuid::Uuid::from_u128(7));
        let unnamed = id.to_string();
        let cases = [
            ("What is *this*?", "what-is-this", None),
            ("../..\\\"; x=\"\r\n", "x", None),
            ("Größe & Maß", "gr-e-ma", Some("größe-maß")),
            ("你好", &unnamed, Some("你好")),
            ("\u{202e}!", &unnamed, None),
            ("", &unnamed, None),
            (
                &"long ".repeat(20),
                "long-long-long-long-long-long-long-long",
                None,
            ),
            (&"x".repeat(99), &"x".repeat(40), None),
            (&"好".repeat(99), &unnamed, Some(&"好".repeat(40))),
        ];
        for (title, plain, own) in cases {
            let (plain, own) = (plain.to_owned(), own.map(str::to_owned));
            assert_eq!(Names::of(title, id), Names { plain, own }, "{title:?}");
        }
    }
}
