//! The page: files embedded in the binary, each with its ETag, hashed names cached for ever, compressed when
//! the page was built.

mod file;
mod manifest;
mod own;

use std::{collections::HashMap, sync::Arc};

use rust_embed::Embed;
use serde_json::json;
use warp::{
    Filter, Rejection, Reply,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    path::FullPath,
    reply::Response,
};

use self::{
    file::{ENCODINGS, File, Variant, hash, hex, send},
    own::Own,
};
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

#[cfg(test)]
mod tests {
    use super::*;

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
