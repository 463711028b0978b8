//! One of the page's files, in each encoding that its build has made, and how it is sent.

use std::{borrow::Cow, fmt::Write, io::Read as _};

use bytes::Bytes;
use flate2::read::GzDecoder;
use rust_embed::EmbeddedFile;
use warp::{
    Reply,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    reply::Response,
};

/// Names below this folder hold a hash of their content.
pub(super) const HASHED: &str = "assets/";

/// Encodings that the page's build makes, with the suffix of their files.
pub(super) const ENCODINGS: [(&str, &str); 1] = [("gzip", ".gz")];

pub(super) struct File {
    pub(super) kind: &'static str,
    pub(super) caching: &'static str,
    /// A content security policy that allows less than the page's.
    pub(super) policy: Option<&'static str>,
    /// The encoded contents, or the plain one where encoding it was not worth the while.
    pub(super) variants: Vec<Variant>,
}

#[derive(Clone)]
pub(super) struct Variant {
    encoding: Option<&'static str>,
    etag: HeaderValue,
    pub(super) content: Bytes,
}

impl File {
    pub(super) fn named(path: &str) -> Self {
        let caching = if path.starts_with(HASHED) {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        Self {
            kind: kind(path),
            caching,
            policy: None,
            variants: Vec::new(),
        }
    }

    /// One that the server itself has written.
    pub(super) fn made(name: &str, text: String) -> Self {
        Self {
            variants: vec![Variant::plain(text.into())],
            ..Self::named(name)
        }
    }

    pub(super) fn variant(&self, encoding: Option<&str>) -> Option<&Variant> {
        self.variants
            .iter()
            .find(|variant| variant.encoding == encoding)
    }

    /// The plain content of a file that is kept packed alone, for the few clients that take no encoding.
    pub(super) fn unpacked(&self) -> Option<Variant> {
        let packed = self.variant(Some("gzip"))?;
        let mut content = Vec::new();
        GzDecoder::new(&*packed.content)
            .read_to_end(&mut content)
            .ok()?;
        Some(Variant::plain(content.into()))
    }
}

impl Variant {
    pub(super) fn of(encoding: Option<&'static str>, file: EmbeddedFile) -> Self {
        let etag = etag(&file.metadata.sha256_hash());
        let content = match file.data {
            Cow::Borrowed(content) => Bytes::from_static(content),
            Cow::Owned(content) => content.into(),
        };
        Self {
            encoding,
            etag,
            content,
        }
    }

    pub(super) fn plain(content: Bytes) -> Self {
        Self {
            encoding: None,
            etag: etag(&hash(&content)),
            content,
        }
    }
}

pub(super) fn hash(content: &[u8]) -> [u8; 8] {
    use std::hash::{DefaultHasher, Hasher};
    let mut hasher = DefaultHasher::new();
    hasher.write(content);
    hasher.finish().to_be_bytes()
}

fn etag(hash: &[u8]) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{}\"", hex(hash))).expect("hexadecimal digits in quotes")
}

/// The first eight bytes of a hash.
pub(super) fn hex(hash: &[u8]) -> String {
    hash[..8].iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webp") => "image/webp",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

pub(super) fn send(file: &File, headers: &HeaderMap) -> Response {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let accepted = text(header::ACCEPT_ENCODING);
    let variant = ENCODINGS
        .iter()
        .filter(|(name, _)| accepts(accepted, name))
        .find_map(|(name, _)| file.variant(Some(name)))
        .or_else(|| file.variant(None))
        .map(Cow::Borrowed)
        .or_else(|| file.unpacked().map(Cow::Owned));
    let Some(variant) = variant else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let known = text(header::IF_NONE_MATCH);
    let etag = variant.etag.to_str().unwrap_or_default();
    let mut response = if known
        .split(',')
        .any(|tag| tag.trim().trim_start_matches("W/") == etag)
    {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(variant.content.clone().into())
    };
    let out = response.headers_mut();
    out.insert(header::ETAG, variant.etag.clone());
    out.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(file.caching),
    );
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind));
    if let Some(policy) = file.policy {
        let policy = HeaderValue::from_static(policy);
        out.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    if let Some(encoding) = variant.encoding {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// Whether an `Accept-Encoding` takes `encoding`: named, and not with a weight of zero.
fn accepts(header: &str, encoding: &str) -> bool {
    header.split(',').any(|part| {
        let mut part = part.split(';').map(str::trim);
        let named = part
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        named
            && !part
                .any(|weight| matches!(weight.strip_prefix("q=").map(str::parse), Some(Ok(0.0))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_taken_when_it_is_named_with_weight() {
        for (header, taken) in [
            ("gzip, deflate, br", true),
            ("BR", true),
            ("br;q=0.5", true),
            ("br;q=0", false),
            ("br; q=0.0, gzip", false),
            ("brotli", false),
            ("", false),
        ] {
            assert_eq!(accepts(header, "br"), taken, "{header}");
        }
    }
}
