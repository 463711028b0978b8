//! Conversations as files. They are read one by one while they are sent, so that memory does not grow with what
//! is exported.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use warp::{
    Reply,
    http::{HeaderValue, header},
    reply::Response,
};

use super::{Site, aside, markdown, query::Format, refusal::Refusal, wire::FORMAT};
use crate::{
    id::{ConversationId, OwnerId},
    store::{self, Conversation, StoreError},
};

/// Letters of a title in a file's name.
const MAX_NAME: usize = 40;

/// One conversation.
pub async fn one(
    site: &Site,
    owner: OwnerId,
    id: ConversationId,
    format: Format,
) -> Result<Response, Refusal> {
    let title = Mutex::new(String::new());
    let make = async || {
        let Some(found) = site.store.conversation(owner, id).await? else {
            return Ok(None);
        };
        title
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(&found.title);
        aside(move || {
            let text = [
                &opening(format),
                &*written(&found, format)?,
                closing(format),
            ];
            Ok::<_, Refusal>(Some(text.concat().into_bytes()))
        })
        .await
    };
    let text = site.outgoing.text(make).await?;
    let text = text.ok_or_else(Refusal::unknown_conversation)?;
    let title = title.into_inner().unwrap_or_else(PoisonError::into_inner);
    let name = match slug(&title) {
        name if name.is_empty() => id.to_string(),
        name => name,
    };
    Ok(file(Response::new(text.into()), &name, format))
}

/// All of an owner's conversations. One that is deleted meanwhile is left out; when the storage fails on the way, or
/// others do not take what they asked for, the connection breaks, so that nobody takes the part for the whole.
pub async fn all(site: &Arc<Site>, owner: OwnerId, format: Format) -> Result<Response, Refusal> {
    let ids = site.store.export(owner).await?;
    let site = site.clone();
    let begin = stream::once(async move { Ok::<_, StoreError>(opening(format).into()) });
    let mut first = true;
    let pieces = stream::iter(ids)
        .then(move |id| {
            let site = site.clone();
            async move {
                let make = async || {
                    let Some(found) = site.store.conversation(owner, id).await? else {
                        return Ok(None);
                    };
                    let text = aside(move || written(&found, format)).await;
                    text.map(|text| Some(text.into_bytes()))
                        .map_err(|_| broken())
                };
                site.outgoing.text(make).await
            }
        })
        .filter_map(|text: Result<_, StoreError>| async move { text.transpose() })
        .flat_map(move |text| {
            let between = if std::mem::take(&mut first) {
                ""
            } else {
                between(format)
            };
            stream::iter([Ok(Bytes::from_static(between.as_bytes())), text])
        });
    let end = stream::once(async move { Ok(Bytes::from_static(closing(format).as_bytes())) });
    let whole = begin.chain(pieces).chain(end);
    let name = format!("conversations-{}", markdown::day(store::now()));
    let response = warp::reply::stream(whole).into_response();
    Ok(file(response, &name, format))
}

fn broken() -> StoreError {
    StoreError::Unavailable("A conversation cannot be written as JSON.")
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

fn written(conversation: &Conversation, format: Format) -> Result<String, Refusal> {
    match format {
        Format::Json => serde_json::to_string(conversation).map_err(|error| {
            tracing::error!(%error, conversation = %conversation.id, "it cannot be exported");
            Refusal::internal()
        }),
        Format::Markdown => Ok(markdown::conversation(conversation)),
    }
}

fn file(mut response: Response, name: &str, format: Format) -> Response {
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
