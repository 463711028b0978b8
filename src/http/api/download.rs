//! Conversations as files. They are read one by one while they are sent, so that memory does not grow with what
//! is exported.

use futures_util::{StreamExt, stream};
use warp::{
    Reply,
    http::{HeaderValue, header},
    reply::Response,
};

use super::{aside, markdown, query::Format, refusal::Refusal, wire::FORMAT};
use crate::{
    id::{ConversationId, OwnerId},
    store::{self, Conversation, Store, StoreError},
};

/// Letters of a title in a file's name.
const MAX_NAME: usize = 40;

/// One conversation.
pub async fn one(
    store: &Store,
    owner: OwnerId,
    id: ConversationId,
    format: Format,
) -> Result<Response, Refusal> {
    let found = store.conversation(owner, id).await?;
    let conversation = found.ok_or_else(Refusal::unknown_conversation)?;
    let name = match slug(&conversation.title) {
        name if name.is_empty() => id.to_string(),
        name => name,
    };
    let text = aside(move || {
        let mut text = opening(format);
        text.push_str(&written(&conversation, format)?);
        text.push_str(closing(format));
        Ok(text)
    });
    let text = text.await?;
    Ok(file(Response::new(text.into()), &name, format))
}

/// All of an owner's conversations. One that is deleted meanwhile is left out; when the storage fails on the way,
/// the connection breaks, so that nobody takes the part for the whole.
pub async fn all(store: &Store, owner: OwnerId, format: Format) -> Result<Response, Refusal> {
    let ids = store.export(owner).await?;
    let store = store.clone();
    let begin = stream::once(async move { Ok::<_, StoreError>(opening(format)) });
    let mut first = true;
    let pieces = stream::iter(ids)
        .then(move |id| {
            let store = store.clone();
            async move {
                let Some(found) = store.conversation(owner, id).await? else {
                    return Ok(None);
                };
                let text = aside(move || written(&found, format)).await;
                text.map(Some).map_err(|_| broken())
            }
        })
        .filter_map(|text: Result<_, StoreError>| async move { text.transpose() })
        .map(move |text| {
            let text = text?;
            let between = if std::mem::take(&mut first) {
                ""
            } else {
                between(format)
            };
            Ok(format!("{between}{text}"))
        });
    let end = stream::once(async move { Ok(closing(format).to_owned()) });
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
