//! Why a call is refused: the status, a code for programs, a sentence for a person.

use std::{borrow::Cow, time::Duration};

use serde_json::json;
use warp::{
    Reply,
    http::{HeaderValue, StatusCode, header},
    reply::Response,
};

use crate::{
    answer::ErrorCode,
    metrics,
    refusal::in_words,
    store::{Imported, StoreError},
};

/// Seconds after which trying again may help.
const RETRY_AFTER: u64 = 2;

/// An error answer.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
    allow: Option<&'static str>,
    /// Seconds after which trying again may help, where it is not the usual time.
    retry_after: Option<u64>,
    /// What it is counted as, where it is not the caller's mistake alone.
    counts_as: Option<metrics::Refusal>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            allow: None,
            retry_after: None,
            counts_as: None,
        }
    }

    fn counted(self, why: metrics::Refusal) -> Self {
        Self {
            counts_as: Some(why),
            ..self
        }
    }

    /// What it is counted as.
    pub fn counts_as(&self) -> Option<metrics::Refusal> {
        self.counts_as
    }

    /// A value that is missing or wrong; the sentence names it.
    pub fn field(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            ErrorCode::BadField.as_str(),
            message,
        )
    }

    /// A body that cannot be read.
    pub fn json(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            ErrorCode::BadJson.as_str(),
            message,
        )
    }

    /// A conversation that there is not, or no longer, or that is another's: nobody can tell which.
    pub fn unknown_conversation() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            ErrorCode::UnknownConversation.as_str(),
            "This conversation is not kept here, or no longer.",
        )
    }

    /// A document that the index does not have, be it that there is none or that it is none of a reader's business:
    /// nobody can tell which.
    pub fn unknown_document() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "unknown_document",
            "There is no such document here, or no longer.",
        )
    }

    /// The documents' disk is slow, or their index fails.
    pub fn unreadable_document() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::StorageFailed.as_str(),
            "The documents cannot be read just now; try again in a moment.",
        )
        .counted(metrics::Refusal::StorageFailed)
    }

    /// An address that is none.
    pub fn nothing_here() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "There is nothing at this address; /api/v1/openapi.json says what there is.",
        )
    }

    /// A method that the address does not take; it takes these.
    pub fn method(allow: &'static str) -> Self {
        let message = format!("This address takes {allow} only.");
        Self {
            allow: Some(allow),
            ..Self::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                message,
            )
        }
    }

    /// A page of another origin.
    pub fn foreign_origin() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            ErrorCode::BadField.as_str(),
            "The Origin of this page may not change anything here; \
             the operator can name it in server.public_url or server.allowed_origins.",
        )
        .counted(metrics::Refusal::Origin)
    }

    /// A page that reads under a name which is none of askd's.
    pub fn foreign_host() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            ErrorCode::BadField.as_str(),
            "The Host of this request is none that is known here; the operator can name it in server.public_url or \
             server.allowed_origins.",
        )
        .counted(metrics::Refusal::Origin)
    }

    /// Nobody has signed in, or no longer.
    pub fn signed_out() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "signed_out",
            "Sign in to use this server, or send a token: Authorization: Bearer ….",
        )
        .counted(metrics::Refusal::SignedOut)
    }

    /// A name or a password that is wrong; nobody learns which.
    pub fn wrong_password() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "wrong_password",
            "The name or the password is wrong.",
        )
        .counted(metrics::Refusal::WrongPassword)
    }

    /// There were too many wrong passwords.
    pub fn too_often(wait: Duration) -> Self {
        let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
        Self {
            retry_after: Some(seconds),
            counts_as: Some(metrics::Refusal::WrongPasswords),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                ErrorCode::RateLimited.as_str(),
                format!(
                    "There were too many wrong passwords; try again in {}.",
                    in_words(wait)
                ),
            )
        }
    }

    /// Others sign in just now.
    pub fn busy() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::QueueFull.as_str(),
            "Many are signing in just now; try again in a moment.",
        )
        .counted(metrics::Refusal::Busy)
    }

    /// A sign-in that cannot be kept.
    pub fn unkept() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::StorageFailed.as_str(),
            "Your password is right, but the sign-in cannot be kept just now; whoever runs this server finds the reason in its log. Try again in a moment.",
        )
        .counted(metrics::Refusal::StorageFailed)
    }

    /// A token cannot be signed out, nor can whom a proxy has signed in.
    pub fn by_proxy() -> Self {
        Self::field(
            "There is no sign-in here to end: who you are is said by the proxy in front of this server, where you can sign out.",
        )
    }

    /// A program that would sign out has no sign-in.
    pub fn by_token() -> Self {
        Self::field(
            "There is no sign-in here to end: you have shown a token, which is taken back at /api/v1/tokens.",
        )
    }

    /// A token that there is not, or that is another's: nobody can tell which.
    pub fn unknown_token() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "unknown_token",
            "There is no such token, or no longer.",
        )
    }

    /// A turn that does not run.
    pub fn unknown_turn() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            ErrorCode::UnknownTurn.as_str(),
            "No such turn is running, or no longer.",
        )
    }

    /// The configuration is being read for somebody else, or askd goes down.
    pub fn not_reloaded() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::QueueFull.as_str(),
            "The configuration cannot be read again just now; try again in a moment.",
        )
        .counted(metrics::Refusal::Busy)
    }

    /// A file that cannot be read.
    pub fn unreadable(what: &str, why: &std::io::Error) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::StorageFailed.as_str(),
            format!("{what} cannot be read: {why}."),
        )
        .counted(metrics::Refusal::StorageFailed)
    }

    /// A body of another kind.
    pub fn not_json() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "This address takes JSON; send it with the Content-Type application/json.",
        )
    }

    /// A body of more than so many bytes.
    pub fn too_large(most: usize) -> Self {
        let most = bytesize::ByteSize(most as u64).display().iec();
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            format!("This is too large; at most {most} are taken at once."),
        )
        .counted(metrics::Refusal::TooLarge)
    }

    /// A body that did not come to its end in time.
    pub fn too_slow() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "too_slow",
            "The rest of this request did not come in time; send it again.",
        )
        .counted(metrics::Refusal::TooSlow)
    }

    /// As many imports as there may be at once are going on.
    pub fn importing() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::QueueFull.as_str(),
            "Others are importing just now; try again in a moment.",
        )
        .counted(metrics::Refusal::Busy)
    }

    /// As much as may be on its way at once has not been taken yet.
    pub fn reading() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::QueueFull.as_str(),
            "Others are reading long conversations just now; try again in a moment.",
        )
        .counted(metrics::Refusal::Busy)
    }

    /// A fault of askd's own.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            ErrorCode::Internal.as_str(),
            "This is a fault of the server's; its log says more.",
        )
    }

    /// The same behind what was done already.
    pub fn after(mut self, done: Imported) -> Self {
        let count = done.imported + done.skipped + done.expired;
        if count > 0 {
            self.message = format!(
                "{} The {count} before it are taken in; sent again, they are passed over.",
                self.message
            )
            .into();
        }
        self
    }

    /// As a response.
    pub fn into_response(self) -> Response {
        let body = json!({ "error": { "code": self.code, "message": self.message } });
        let mut response =
            warp::reply::with_status(warp::reply::json(&body), self.status).into_response();
        let headers = response.headers_mut();
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        let usual = || (self.status == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER);
        if let Some(seconds) = self.retry_after.or_else(usual) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            // No browser asks for a password of its own where it does not know the scheme.
            let scheme = HeaderValue::from_static("Bearer realm=\"askd\"");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::UnknownConversation => Self::unknown_conversation(),
            StoreError::UnknownParent | StoreError::Taken => Self::field(message),
            StoreError::TooLong | StoreError::Stuck | StoreError::Unavailable(_) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                ErrorCode::StorageFailed.as_str(),
                message,
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::UNAVAILABLE;

    #[test]
    fn a_storage_that_fails_is_told_with_its_sentence_and_when_to_come_back() {
        let error = StoreError::Unavailable(UNAVAILABLE);
        let refusal = Refusal::from(error);
        assert_eq!(
            (refusal.code, &*refusal.message),
            ("storage_failed", UNAVAILABLE)
        );
        let response = refusal.into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(response.headers().contains_key(header::RETRY_AFTER));
    }
}
