//! The page: files embedded in the binary, each with its ETag, hashed names cached for ever, compressed when
//! the page was built.

mod manifest;
mod own;

use std::{borrow::Cow, collections::HashMap, fmt::Write, io::Read as _, sync::Arc};

use bytes::Bytes;
use flate2::read::GzDecoder;
use rust_embed::{Embed, EmbeddedFile};
use serde_json::json;
use warp::{
    Filter, Rejection, Reply,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    path::FullPath,
    reply::Response,
};

use self::own::Own;
use super::{Front, Site, accept::Peer, access::SignedOut, base::Base};
use crate::config::{self, AuthMode};

#[derive(Embed)]
#[folder = "$OUT_DIR/dist"]
struct Files;

/// What the page's build leaves for the server to fill in; `plugins/pack.ts` holds that each is there once.
const LANGUAGE: &str = "<html lang=\"en\">";
const HEAD_ENDS: &str = "</head>";
const BODY_ENDS: &str = "</body>";
const TITLE: &str = "<title>askd</title>";
const SETTINGS: &str = "<script id=\"askd-page\" type=\"application/json\">{}</script>";

/// The documents that it is filled into.
const INDEX: &str = "index.html";
const SIGN_IN: &str = "sign-in.html";
const ADMIN: &str = "admin.html";
const DOCUMENTS: [&str; 3] = [INDEX, SIGN_IN, ADMIN];

/// The script for other sites, and the end that its build gives it: rules for the operator's own look stand there.
const SCRIPT: &str = "embed.js";
const SCRIPT_ENDS: &str = "(\"\");\n";

/// Names below this folder hold a hash of their content.
const HASHED: &str = "assets/";

/// Encodings that the page's build makes, with the suffix of their files.
const ENCODINGS: [(&str, &str); 1] = [("gzip", ".gz")];

/// Everything that the page consists of, ready to be sent.
pub struct Page {
    stamp: String,
    index: File,
    /// The same in the frame of another site.
    framed: File,
    /// Where people sign in.
    sign_in: File,
    /// How the server is, for admins.
    admin: File,
    sites: Vec<String>,
    files: HashMap<String, File>,
}

struct File {
    kind: &'static str,
    caching: &'static str,
    /// A content security policy that allows less than the page's.
    policy: Option<&'static str>,
    /// The encoded contents, or the plain one where encoding it was not worth the while.
    variants: Vec<Variant>,
}

#[derive(Clone)]
struct Variant {
    encoding: Option<&'static str>,
    etag: HeaderValue,
    content: Bytes,
}

impl Page {
    /// Takes the embedded files and the operator's own, and fills the operator's words into the page, and how people sign in.
    pub fn new(config: &config::Page, mode: AuthMode, base: &Base) -> Self {
        let own = Own::new(config, base);
        let dress = Dress {
            config,
            base,
            own: &own,
            sign_in: match mode {
                AuthMode::None => "none",
                AuthMode::Password => "password",
                AuthMode::Header => "header",
            },
        };
        let (framed, _) = dress.index(true);
        let (index, stamp) = dress.index(false);
        let sign_in = dress.plain(SIGN_IN);
        let admin = dress.plain(ADMIN);
        let mut files = own.files;
        for path in Files::iter().filter(|path| !DOCUMENTS.contains(&&**path)) {
            let Some(file) = Files::get(&path) else {
                continue;
            };
            let packed = ENCODINGS
                .iter()
                .find_map(|(encoding, suffix)| Some((*encoding, path.strip_suffix(suffix)?)));
            let name = packed.map_or(&*path, |(_, name)| name);
            files
                .entry(name.to_owned())
                .or_insert_with(|| File::named(name))
                .variants
                .push(Variant::of(packed.map(|(encoding, _)| encoding), file));
        }
        if let Some(accent) = &config.accent
            && let Some(script) = files.get(SCRIPT).and_then(|file| dressed(file, accent))
        {
            files.insert(SCRIPT.to_owned(), script);
        }
        let manifest = File::made(manifest::NAME, manifest::manifest(config));
        files.insert(manifest::NAME.to_owned(), manifest);
        Self {
            stamp,
            index,
            framed,
            sign_in,
            admin,
            sites: config.embed_origins.clone(),
            files,
        }
    }

    /// Which page this is. Its files are named by their contents, so a page that differs in any of them, or in the
    /// operator's words, has another stamp, and the same page on another machine has the same.
    pub fn stamp(&self) -> &str {
        &self.stamp
    }

    /// Who may show it in a frame.
    pub fn sites(&self) -> &[String] {
        &self.sites
    }

    /// The page in the frame of another site.
    pub fn in_frame(&self, headers: &HeaderMap) -> Response {
        send(&self.framed, headers)
    }

    /// Where people sign in, in place of whatever they asked for.
    pub fn sign_in(&self, headers: &HeaderMap) -> Response {
        let mut response = unkept(send(&self.sign_in, headers));
        if response.status() == StatusCode::OK {
            *response.status_mut() = StatusCode::UNAUTHORIZED;
        }
        response
    }

    /// How the server is, which no browser is to keep.
    pub fn admin(&self, headers: &HeaderMap) -> Response {
        unkept(send(&self.admin, headers))
    }

    /// The script that places it there.
    pub fn script(&self, headers: &HeaderMap) -> Response {
        match self.files.get(SCRIPT) {
            Some(file) => send(file, headers),
            None => StatusCode::NOT_FOUND.into_response(),
        }
    }

    fn find(&self, path: &str) -> Option<&File> {
        match path.trim_start_matches('/') {
            // Whatever else stands behind `c/`, the page can say that there is no such conversation.
            "" | "c" => Some(&self.index),
            path if path.starts_with("c/") => Some(&self.index),
            path => self.files.get(path),
        }
    }
}

impl File {
    fn named(path: &str) -> Self {
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
    fn made(name: &str, text: String) -> Self {
        Self {
            variants: vec![Variant::plain(text.into())],
            ..Self::named(name)
        }
    }

    fn variant(&self, encoding: Option<&str>) -> Option<&Variant> {
        self.variants
            .iter()
            .find(|variant| variant.encoding == encoding)
    }

    /// The plain content of a file that is kept packed alone, for the few clients that take no encoding.
    fn unpacked(&self) -> Option<Variant> {
        let packed = self.variant(Some("gzip"))?;
        let mut content = Vec::new();
        GzDecoder::new(&*packed.content)
            .read_to_end(&mut content)
            .ok()?;
        Some(Variant::plain(content.into()))
    }
}

impl Variant {
    fn of(encoding: Option<&'static str>, file: EmbeddedFile) -> Self {
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

    fn plain(content: Bytes) -> Self {
        Self {
            encoding: None,
            etag: etag(&hash(&content)),
            content,
        }
    }
}

/// Not to be kept by anybody on the way.
fn unkept(mut response: Response) -> Response {
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    response
}

/// The script for other sites, whose button has the operator's accent.
fn dressed(script: &File, accent: &config::Accent) -> Option<File> {
    let plain = script
        .variant(None)
        .cloned()
        .or_else(|| script.unpacked())?;
    let code = String::from_utf8(plain.content.to_vec()).ok()?;
    let rules = json!(own::accented(accent, ":host"));
    let code = format!("{}({rules});\n", code.strip_suffix(SCRIPT_ENDS)?);
    Some(File::made(SCRIPT, code))
}

/// The addresses of the page's files, as its build writes them into it, seen from the base. Every one goes through here.
fn placed(template: &str, base: &Base) -> String {
    template.replace("=\"./", &format!("=\"{}", base.as_str()))
}

/// What the operator has decided about the page's documents.
struct Dress<'a> {
    config: &'a config::Page,
    base: &'a Base,
    own: &'a Own,
    sign_in: &'static str,
}

impl Dress<'_> {
    /// The page itself with its addresses, the operator's words and the addresses of the operator's own filled in, and its
    /// stamp, which it knows too. In a frame it also knows who may have put it there.
    fn index(&self, framed: bool) -> (File, String) {
        let config = self.config;
        let dressed = self.dressed(INDEX);
        let mut settings = self.settings();
        settings["welcome"] = config.welcome.as_str().into();
        settings["suggestions"] = json!(config.suggestions);
        settings["disclaimer"] = json!(config.disclaimer);
        let stamp = hex(&hash(format!("{dressed}{settings}").as_bytes()));
        settings["stamp"] = stamp.as_str().into();
        if framed {
            settings["embed"] = json!(config.embed_origins);
        }
        (self.filled(INDEX, &dressed, &settings), stamp)
    }

    /// Another document: of the operator's words it has those that anybody may read.
    fn plain(&self, name: &str) -> File {
        self.filled(name, &self.dressed(name), &self.settings())
    }

    /// What every document knows.
    fn settings(&self) -> serde_json::Value {
        json!({
            "base": self.base.as_str(),
            "title": self.config.title,
            "language": self.config.language,
            "logo": self.own.logo,
            "footer": self.config.footer,
            "signIn": self.sign_in,
        })
    }

    /// A document with its addresses, its language and the operator's styles.
    fn dressed(&self, name: &str) -> String {
        let template = Files::get(name).expect("the build embeds the documents");
        let template = placed(&String::from_utf8_lossy(&template.data), self.base);
        let sheet = |address: &Option<String>, before: &str| match address {
            Some(address) => format!("<link rel=\"stylesheet\" href=\"{address}\" />{before}"),
            None => before.to_owned(),
        };
        let language = self.config.language.unwrap_or("en");
        template
            .replace(LANGUAGE, &LANGUAGE.replace("en", language))
            .replace(HEAD_ENDS, &sheet(&self.own.accent, HEAD_ENDS))
            // Behind all of the head, so that it is the last one also when the page has fetched further styles.
            .replace(BODY_ENDS, &sheet(&self.own.css, BODY_ENDS))
    }

    /// The same with its title and its settings.
    fn filled(&self, name: &str, dressed: &str, settings: &serde_json::Value) -> File {
        // A `<` inside JSON text may stand as its escape, and then nothing in it can end the element.
        let settings = settings.to_string().replace('<', "\\u003c");
        let title = format!("<title>{}</title>", escape(&self.config.title));
        let html = dressed
            .replace(TITLE, &title)
            .replace(SETTINGS, &SETTINGS.replace("{}", &settings));
        File::made(name, html)
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn hash(content: &[u8]) -> [u8; 8] {
    use std::hash::{DefaultHasher, Hasher};
    let mut hasher = DefaultHasher::new();
    hasher.write(content);
    hasher.finish().to_be_bytes()
}

fn etag(hash: &[u8]) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{}\"", hex(hash))).expect("hexadecimal digits in quotes")
}

/// The first eight bytes of a hash.
fn hex(hash: &[u8]) -> String {
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

/// Takes GET and HEAD; hyper leaves the body of an answer to HEAD away.
pub fn get_or_head() -> impl Filter<Extract = (), Error = Rejection> + Copy {
    warp::get().or(warp::head()).unify()
}

/// Serves the page and its files.
pub fn route(site: Arc<Site>) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    warp::path::full()
        .and_then(move |path: FullPath| {
            let front = site.front.load_full();
            async move {
                match front.page.find(path.as_str()) {
                    Some(_) => Ok((front.clone(), path)),
                    None => Err(warp::reject::not_found()),
                }
            }
        })
        .and(get_or_head())
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<Peer>())
        .map(
            |(front, path): (Arc<Front>, FullPath), headers: HeaderMap, peer: Option<Peer>| {
                match front.page.find(path.as_str()) {
                    // Every visit begins here, so that the sockets and requests of one browser agree on who it is.
                    Some(file) if std::ptr::eq(file, &front.page.index) => {
                        match front.access.renew(&headers, peer.as_ref()) {
                            Ok(visitor) => visitor.mark(send(file, &headers)),
                            Err(SignedOut) => front.page.sign_in(&headers),
                        }
                    }
                    Some(file) => send(file, &headers),
                    None => StatusCode::NOT_FOUND.into_response(),
                }
            },
        )
}

fn send(file: &File, headers: &HeaderMap) -> Response {
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

    fn page(lines: &str) -> config::Page {
        let text = format!("[page]\n{lines}\n");
        config::check("askd.toml", &text, &config::Overrides::default(), &|_| None)
            .unwrap_or_else(|faults| panic!("{faults}"))
            .config
            .page
    }

    fn html(page: &Page) -> String {
        String::from_utf8(page.index.variants[0].content.to_vec()).unwrap()
    }

    #[test]
    fn the_operators_words_cannot_leave_their_place() {
        let words = "</script></head></body><script>alert(1)</script>&";
        let config = config::Page {
            title: words.to_owned(),
            welcome: words.to_owned(),
            suggestions: vec![words.to_owned()],
            footer: vec![config::FooterLink {
                text: words.to_owned(),
                url: words.to_owned(),
            }],
            disclaimer: Some(words.to_owned()),
            ..page("accent = \"#07a\"")
        };
        let page = Page::new(&config, AuthMode::None, &Base::of(None));
        let html = html(&page);
        assert!(html.contains("<title>&lt;/script&gt;"), "{html}");
        assert!(!html.contains("alert(1)</script>"), "{html}");
        assert_eq!(html.matches("</head>").count(), 1, "{html}");
        assert_eq!(
            html.matches("rel=\"stylesheet\" href=\"/assets/own-")
                .count(),
            1
        );
        let json = html
            .split_once("type=\"application/json\">")
            .unwrap()
            .1
            .split_once("</script>")
            .unwrap()
            .0;
        let settings: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(settings["welcome"], words);
        assert_eq!(settings["footer"][0]["url"], words);
        assert_eq!(settings["disclaimer"], words);
        assert_eq!(settings["stamp"], page.stamp);
    }

    #[test]
    fn another_page_has_another_stamp_and_the_same_page_the_same() {
        let stamp = |lines: &str| Page::new(&page(lines), AuthMode::None, &Base::of(None)).stamp;
        assert_eq!(stamp("title = \"one\""), stamp("title = \"one\""));
        assert_ne!(stamp("title = \"one\""), stamp("title = \"two\""));
        assert_ne!(stamp("accent = \"#07a\""), stamp("accent = \"#a70\""));
    }

    #[test]
    fn the_button_on_other_sites_has_the_operators_accent_in_both_its_forms() {
        let script = |lines: &str| {
            let page = Page::new(&page(lines), AuthMode::None, &Base::of(None));
            let file = &page.files[SCRIPT];
            let plain = file.variant(None).cloned().or_else(|| file.unpacked());
            String::from_utf8(plain.unwrap().content.to_vec()).unwrap()
        };
        let bare = script("");
        let code = bare.strip_suffix(SCRIPT_ENDS).unwrap();
        let dressed = script("accent = \"#fe0\"");
        assert_eq!(
            dressed.strip_prefix(code).unwrap(),
            "(\"@media screen{:host{--accent:#766e04;--on-accent:#ffffff}}@media screen and \
             (prefers-color-scheme:dark){:host{--accent:#ffee00;--on-accent:#171816}}\\n\");\n"
        );
    }

    #[test]
    fn the_page_says_from_the_start_which_language_the_operator_wants() {
        assert!(
            html(&Page::new(
                &page("language = \"de\""),
                AuthMode::None,
                &Base::of(None)
            ))
            .contains("<html lang=\"de\">")
        );
        assert!(
            html(&Page::new(
                &page("language = \"auto\""),
                AuthMode::None,
                &Base::of(None)
            ))
            .contains("<html lang=\"en\">")
        );
    }

    #[test]
    fn the_index_is_the_page_and_whatever_was_meant_for_a_conversation() {
        let page = Page::new(&page(""), AuthMode::None, &Base::of(None));
        assert!(page.find("/").is_some());
        assert!(
            page.find("/c/018f0000-0000-7000-8000-000000000000")
                .is_some()
        );
        for mistyped in ["/c", "/c/", "/c/other", "/c/other/still"] {
            assert!(page.find(mistyped).is_some(), "{mistyped}");
        }
        assert!(page.find("/cat").is_none());
        assert!(page.find("/index.html.gz").is_none());
        assert!(page.find("/../Cargo.toml").is_none());
    }
}
