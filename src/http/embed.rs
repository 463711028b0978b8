//! `/embed`: the page for the frames of the sites that the operator has named, and `/embed.js`, which places it there.
//! Where none is named there is neither, and no other address can be framed by anybody.

use std::sync::{Arc, Once};

use tracing::info;
use warp::{
    Filter, Rejection,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    reply::Response,
};

use super::{
    CONTENT_SECURITY_POLICY, Site, accept::Peer, access::SignedOut, page::get_or_head, reject,
};

/// The part of the policy that names who may frame a page.
const NOBODY: &str = "frame-ancestors 'none'";

/// A response that may be shown in a frame; who may show it stands in its policy.
#[derive(Clone)]
pub struct MayBeFramed;

/// Who may show the page in a frame.
pub struct Framing {
    policy: Option<HeaderValue>,
    refusal: Once,
}

impl Framing {
    /// These sites.
    pub fn new(origins: &[String]) -> Self {
        let named = format!("frame-ancestors {}", origins.join(" "));
        let policy = CONTENT_SECURITY_POLICY.replace(NOBODY, &named);
        let policy = HeaderValue::from_str(&policy).expect("origins are ASCII");
        Self {
            policy: (!origins.is_empty()).then_some(policy),
            refusal: Once::new(),
        }
    }
}

#[derive(Clone, Copy)]
enum Asked {
    Page,
    Script,
}

/// Both addresses.
pub fn route(site: Arc<Site>) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone {
    let page = warp::path!("embed").map(|| Asked::Page);
    let script = warp::path!("embed.js").map(|| Asked::Script);
    page.or(script)
        .unify()
        .and(get_or_head())
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<Peer>())
        .map(move |asked, headers: HeaderMap, peer: Option<Peer>| {
            answer(&site, asked, &headers, peer.as_ref())
        })
}

fn answer(site: &Site, asked: Asked, headers: &HeaderMap, peer: Option<&Peer>) -> Response {
    let front = site.front.load();
    let Some(policy) = &front.framing.policy else {
        return refuse(&front.framing);
    };
    match asked {
        Asked::Script => front.page.script(headers),
        Asked::Page => {
            let mut response = match front.access.renew_framed(headers, peer) {
                Ok(visitor) => visitor.mark(front.page.in_frame(headers)),
                Err(SignedOut) => front.page.sign_in(headers),
            };
            let out = response.headers_mut();
            out.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
            response.extensions_mut().insert(MayBeFramed);
            response
        }
    }
}

/// Told once: anybody may ask as often as they like.
fn refuse(framing: &Framing) -> Response {
    framing.refusal.call_once(|| {
        info!("somebody asks for /embed, which no site may show: page.embed_origins names none");
    });
    reject::error(
        StatusCode::NOT_FOUND,
        "not_found",
        "No other site may show this page; the operator can name some in page.embed_origins.",
    )
}
