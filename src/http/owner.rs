//! Who is asking: the signed cookie by which an anonymous browser is known, and its conversations with it.
//!
//! In the frame of another site browsers send no such cookie. There, over TLS, a second one is tried, which is kept apart
//! for each site that has the frame; and where a browser keeps none at all, the page says a secret of its own instead.
//! Neither is ever believed of a request that came from another page than ours.
//!
//! A cookie that is missing, malformed, or signed with another key counts as none: the visitor gets a new id, and
//! nothing of anybody's. Every route that reads or writes conversations asks [`Owners::of`] and answers through
//! [`Visitor::mark`].

use cookie::{Cookie, CookieBuilder, CookieJar, Key, SameSite, time::Duration};
use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};
use warp::{
    http::{HeaderMap, HeaderName, HeaderValue, header},
    reply::Response,
};

use super::base::Base;
use crate::{
    auth::{Pass, Role, User},
    id::OwnerId,
};

/// The cookie's name over plain HTTP, at the root of a host.
pub const NAME: &str = "askd_owner";
/// Its name over TLS: browsers take such a cookie from this very host over TLS alone, so that no neighbour under the
/// same domain can slip a visitor one of its own. They take it for the whole host alone, too.
const HOST_NAME: &str = "__Host-askd_owner";
/// The name of the one for frames in other sites' pages, which there is over TLS alone.
const FRAMED_NAME: &str = "__Host-askd_framed";
/// Where a framed page says its secret: with a request, and with a session, to which a browser adds no header.
const SECRET: HeaderName = HeaderName::from_static("askd-visitor");
const SECRET_PROTOCOL: &str = "visitor.";
/// Hexadecimal digits of a secret: 256 bits.
const SECRET_DIGITS: usize = 64;
/// How long a browser is known after its last visit to the page; browsers keep no cookie for longer.
const KEPT: Duration = Duration::days(400);

/// Knows visitors by their cookies, and gives cookies to new ones.
pub struct Owners {
    key: Key,
    secure: bool,
    name: String,
    framed_name: String,
    framed: bool,
}

/// Who sent a request.
#[derive(Debug)]
pub struct Visitor {
    /// Whose conversations it may see.
    pub owner: OwnerId,
    /// The cookie that it is to be given.
    cookie: Option<HeaderValue>,
    /// The one for frames.
    framed: Option<HeaderValue>,
    /// Who it is, where people sign in.
    pub user: Option<User>,
}

impl Owners {
    /// Signs with `key`; `secure`: the page is served over TLS, and so must its cookies be; `framed`: other sites may show
    /// it in a frame. Below a path the path is part of the cookies' names: two askds on one host do not take each other's.
    pub fn new(key: &[u8; 64], secure: bool, base: &Base, framed: bool) -> Self {
        let below = base.as_str().trim_end_matches('/').replace('/', "_");
        Self {
            key: Key::from(key),
            secure,
            name: format!("{}{below}", at_root(secure)),
            framed_name: format!("{FRAMED_NAME}{below}"),
            framed,
        }
    }

    /// Who sent a request with these headers: the one whom its cookie names, or somebody new.
    pub fn of(&self, headers: &HeaderMap) -> Visitor {
        let is_ours = asked_by(headers).is_none_or(|site| site == "same-origin");
        let known = self
            .own(headers)
            .or_else(|| self.of_frame(headers).filter(|_| is_ours))
            .or_else(|| self.of_secret(headers));
        let owner = known.unwrap_or_default();
        let cookie = known.is_none().then(|| self.cookie(owner));
        Visitor {
            owner,
            cookie,
            framed: None,
            user: None,
        }
    }

    /// The same for the page itself, on which every visit begins: the cookie is given anew, so that it lasts for
    /// those who come again.
    pub fn renew(&self, headers: &HeaderMap) -> Visitor {
        let visitor = self.of(headers);
        let cookie = Some(self.cookie(visitor.owner));
        Visitor { cookie, ..visitor }
    }

    /// The same for the page in another site's frame. A browser takes the first cookie where that site belongs to ours, and the
    /// second one everywhere; it is another page that leads here, and learns nothing by it.
    pub fn renew_framed(&self, headers: &HeaderMap) -> Visitor {
        let known = self.own(headers).or_else(|| self.of_frame(headers));
        let owner = known.unwrap_or_default();
        // Where the first one is not sent, it is not to take the place of one that the browser has.
        let own = asked_by(headers) != Some("cross-site");
        Visitor {
            owner,
            cookie: own.then(|| self.cookie(owner)),
            framed: self.secure.then(|| self.framed_cookie(owner)),
            user: None,
        }
    }

    /// Who a browser was before its reader signed in, if it was anybody.
    pub fn before(&self, headers: &HeaderMap) -> Option<OwnerId> {
        self.own(headers)
    }

    /// The owner by the first cookie. The host's own counts below a path as well: askd may have moved there.
    fn own(&self, headers: &HeaderMap) -> Option<OwnerId> {
        self.known(headers, |name| {
            name == self.name || name == at_root(self.secure)
        })
    }

    /// The owner by the cookie for frames.
    fn of_frame(&self, headers: &HeaderMap) -> Option<OwnerId> {
        self.known(headers, |name| self.framed && name == self.framed_name)
    }

    /// The owner whom the cookies with our signature name. One without it takes nothing away; where they name several,
    /// somebody has slipped one in, nobody knows which, and what is asked may not end up with its owner.
    fn known(&self, headers: &HeaderMap, is_ours: impl Fn(&str) -> bool) -> Option<OwnerId> {
        let values = headers.get_all(header::COOKIE).iter();
        let mut owners = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(Cookie::split_parse)
            .filter_map(Result::ok)
            .filter(|cookie| is_ours(cookie.name()))
            .filter_map(|cookie| {
                let name = cookie.name().to_owned();
                let mut jar = CookieJar::new();
                jar.add_original(cookie.into_owned());
                let signed = jar.signed(&self.key).get(&name)?;
                Uuid::try_parse(signed.value()).ok().map(OwnerId)
            });
        let first = owners.next()?;
        owners.all(|owner| owner == first).then_some(first)
    }

    /// The owner of a framed page that no cookie stays with: whoever knows the secret.
    fn of_secret(&self, headers: &HeaderMap) -> Option<OwnerId> {
        let said = headers.get(SECRET).and_then(|said| said.to_str().ok());
        let asked = headers.get(header::SEC_WEBSOCKET_PROTOCOL);
        let asked = asked.and_then(|asked| asked.to_str().ok());
        let mut protocols = asked.unwrap_or_default().split(',').map(str::trim);
        let secret = said.or_else(|| protocols.find_map(|one| one.strip_prefix(SECRET_PROTOCOL)));
        let secret = secret.filter(|secret| {
            let digits = secret.bytes().all(|byte| byte.is_ascii_hexdigit());
            self.framed && digits && secret.len() == SECRET_DIGITS
        })?;
        let digest = Sha256::new()
            .chain_update(self.key.signing())
            .chain_update(SECRET.as_str())
            .chain_update(secret)
            .finalize();
        let (half, _) = digest.split_first_chunk()?;
        Some(OwnerId(Builder::from_random_bytes(*half).into_uuid()))
    }

    fn cookie(&self, owner: OwnerId) -> HeaderValue {
        let cookie = Cookie::build((self.name.clone(), owner.to_string()))
            .same_site(SameSite::Lax)
            .secure(self.secure);
        self.signed(cookie)
    }

    fn framed_cookie(&self, owner: OwnerId) -> HeaderValue {
        let cookie = Cookie::build((self.framed_name.clone(), owner.to_string()))
            .same_site(SameSite::None)
            .secure(true)
            .partitioned(true);
        self.signed(cookie)
    }

    fn signed(&self, cookie: CookieBuilder<'static>) -> HeaderValue {
        let cookie = cookie.path("/").http_only(true).max_age(KEPT).build();
        let name = cookie.name().to_owned();
        let mut jar = CookieJar::new();
        jar.signed_mut(&self.key).add(cookie);
        let signed = jar.get(&name).map(Cookie::to_string).unwrap_or_default();
        HeaderValue::from_str(&signed).expect("a UUID and its signature in base64 are ASCII")
    }
}

/// What the cookie is called at the root of a host.
fn at_root(secure: bool) -> &'static str {
    if secure { HOST_NAME } else { NAME }
}

/// How near the page that sent a request is to ours, as far as the browser says.
fn asked_by(headers: &HeaderMap) -> Option<&str> {
    let site = headers.get("sec-fetch-site")?;
    site.to_str().ok()
}

impl Visitor {
    /// Somebody who has signed in, and is given no cookie of this kind.
    pub fn known(user: User) -> Self {
        Self {
            owner: user.owner,
            cookie: None,
            framed: None,
            user: Some(user),
        }
    }

    /// The same, to be given this cookie.
    pub fn with(self, cookie: HeaderValue) -> Self {
        Self {
            cookie: Some(cookie),
            ..self
        }
    }

    /// Whether it is an admin's.
    pub fn is_admin(&self) -> bool {
        let role = self.user.as_ref().map(|user| user.role);
        role == Some(Role::Admin)
    }

    /// How long it may stay.
    pub fn pass(&self) -> Pass {
        let pass = self.user.as_ref().map(|user| user.pass.clone());
        pass.unwrap_or_else(Pass::lasting)
    }

    /// The response with the cookie that the visitor is to be given, if it is to be given one.
    pub fn mark(self, mut response: Response) -> Response {
        for cookie in [self.cookie, self.framed].into_iter().flatten() {
            let headers = response.headers_mut();
            headers.append(header::SET_COOKIE, cookie);
            // No cache between here and the browser may hand one visitor's cookie to the next.
            let caching = headers.get(header::CACHE_CONTROL);
            if caching.is_none_or(|value| value != "no-store") {
                headers.insert(
                    header::CACHE_CONTROL,
                    HeaderValue::from_static("private, no-cache"),
                );
            }
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners(key: u8) -> Owners {
        Owners::new(&[key; 64], false, &Base::of(None), false)
    }

    fn with_cookies<'a>(cookies: impl IntoIterator<Item = &'a str>) -> HeaderMap {
        let cookies = cookies.into_iter();
        cookies
            .map(|cookie| (header::COOKIE, HeaderValue::from_str(cookie).unwrap()))
            .collect()
    }

    /// The pair of name and value that a browser sends back.
    fn pair(visitor: &Visitor) -> String {
        let cookie = visitor.cookie.as_ref().unwrap().to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    #[test]
    fn a_visitor_is_known_by_the_cookie_that_it_was_given() {
        let new = owners(1).of(&HeaderMap::new());
        let back = owners(1).of(&with_cookies([pair(&new).as_str()]));
        assert_eq!(back.owner, new.owner);
        assert_eq!(back.cookie, None);
        let renewed = owners(1).renew(&with_cookies([pair(&new).as_str()]));
        assert_eq!((renewed.owner, pair(&renewed)), (new.owner, pair(&new)));
    }

    #[test]
    fn a_cookie_of_no_owner_of_ours_counts_as_none() {
        let victim = owners(1).of(&HeaderMap::new());
        let (mine, theirs) = (pair(&victim), pair(&owners(2).of(&HeaderMap::new())));
        let (name, value) = mine.split_once('=').unwrap();
        let (signature, _) = value.split_at(value.len() - 36);
        let other = format!("{name}={signature}{}", OwnerId::new());
        let cut = &mine[..mine.len() - 1];
        let unsigned = format!("{NAME}={}", victim.owner);
        let renamed = format!("other={value}");
        let cases = [
            &other, cut, &unsigned, &renamed, &theirs, "", NAME, "a=b; =;;",
        ];
        for case in cases {
            let visitor = owners(1).of(&with_cookies([case]));
            assert_ne!(visitor.owner, victim.owner, "{case}");
            assert!(visitor.cookie.is_some(), "{case}");
        }
        let mut headers = HeaderMap::new();
        let bytes = HeaderValue::from_bytes(b"askd_owner=\xff").unwrap();
        headers.append(header::COOKIE, bytes);
        assert!(owners(1).of(&headers).cookie.is_some());
    }

    #[test]
    fn stray_cookies_beside_the_true_one_take_nothing_away() {
        let new = owners(1).of(&HeaderMap::new());
        let stray = pair(&owners(2).of(&HeaderMap::new()));
        let together = format!("a=b; {stray}; {}", pair(&new));
        for headers in [
            with_cookies([together.as_str()]),
            with_cookies([stray.as_str(), pair(&new).as_str()]),
        ] {
            assert_eq!(owners(1).of(&headers).owner, new.owner);
        }
    }

    #[test]
    fn of_two_owners_neither_is_believed_and_one_twice_is_one() {
        let new = || pair(&owners(1).of(&HeaderMap::new()));
        let (own, slipped) = (new(), new());
        for both in [[&own, &slipped], [&slipped, &own]] {
            let headers = with_cookies(both.map(String::as_str));
            let visitor = owners(1).of(&headers);
            assert!(visitor.cookie.is_some());
            assert!(!both.contains(&&pair(&visitor)));
        }
        let twice = owners(1).of(&with_cookies([own.as_str(), own.as_str()]));
        assert_eq!(twice.cookie, None);
    }

    #[test]
    fn over_tls_only_a_cookie_of_this_very_host_counts() {
        let secure = || Owners::new(&[1; 64], true, &Base::of(None), true);
        let new = secure().of(&HeaderMap::new());
        let own = pair(&new);
        assert!(own.starts_with("__Host-askd_owner="), "{own}");
        // The same key signs both, but a neighbour can set the plain name alone.
        let plain = pair(&owners(1).of(&HeaderMap::new()));
        assert!(
            secure()
                .of(&with_cookies([plain.as_str()]))
                .cookie
                .is_some()
        );
        let both = with_cookies([plain.as_str(), own.as_str()]);
        assert_eq!(secure().of(&both).owner, new.owner);
    }

    #[test]
    fn a_secret_is_one_owner_who_tells_nothing_of_it_and_another_with_another_key() {
        let of = |key: u8, secret: &str| {
            let secret = HeaderValue::from_str(secret).unwrap();
            let headers = [(SECRET, secret)].into_iter().collect();
            Owners::new(&[key; 64], false, &Base::of(None), true)
                .of(&headers)
                .owner
        };
        let (one, other) = ("0".repeat(64), "1".repeat(64));
        assert_eq!(of(1, &one), of(1, &one));
        assert_ne!(of(1, &one), of(1, &other));
        assert_ne!(of(1, &one), of(2, &one));
    }

    #[test]
    fn the_cookie_is_for_this_site_and_no_script() {
        for secure in [false, true] {
            let visitor =
                Owners::new(&[1; 64], secure, &Base::of(None), true).of(&HeaderMap::new());
            let cookie = visitor.cookie.unwrap();
            let cookie = cookie.to_str().unwrap();
            for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=34560000"] {
                assert!(cookie.contains(part), "{cookie}");
            }
            assert_eq!(cookie.contains("Secure"), secure, "{cookie}");
            assert!(!cookie.contains("Domain"), "{cookie}");
        }
    }

    #[test]
    fn below_a_path_the_cookie_has_its_name_and_a_visitor_stays_known_when_askd_moves_there() {
        let base = Base::of(Some(&"https://example.org/tools/askd".parse().unwrap()));
        for (secure, start) in [
            (false, "askd_owner_tools_askd="),
            (true, "__Host-askd_owner_tools_askd="),
        ] {
            let below = || Owners::new(&[1; 64], secure, &base, false);
            let new = below().of(&HeaderMap::new());
            assert!(pair(&new).starts_with(start), "{}", pair(&new));
            let back = below().of(&with_cookies([pair(&new).as_str()]));
            assert_eq!(back.owner, new.owner);
            let root = Owners::new(&[1; 64], secure, &Base::of(None), false).of(&HeaderMap::new());
            let moved = below().renew(&with_cookies([pair(&root).as_str()]));
            assert_eq!(moved.owner, root.owner);
            assert!(pair(&moved).starts_with(start));
        }
    }

    #[test]
    fn no_cache_keeps_a_response_with_a_cookie_for_others() {
        let caching = |given: &'static str| {
            let mut response = Response::default();
            let headers = response.headers_mut();
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(given));
            let marked = owners(1).of(&HeaderMap::new()).mark(response);
            marked.headers()[header::CACHE_CONTROL].clone()
        };
        assert_eq!(caching("no-cache"), "private, no-cache");
        assert_eq!(caching("no-store"), "no-store");
    }
}
