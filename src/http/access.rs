//! Who sent a request, and whether they may come in.
//!
//! Without a sign-in everybody may, and is known by the cookie of [`owner`](super::owner). With one, a browser shows the cookie
//! of its sign-in, a program its token, and a proxy says a name.

use std::sync::Arc;

use cookie::{Cookie, CookieBuilder, SameSite, time::Duration as Life};
use warp::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{
    accept::Peer,
    base::Base,
    owner::{Owners, Visitor},
    proxies::Proxies,
};
use crate::{
    auth::{Auth, SignedIn, User},
    config::{self, AuthMode, MAX_USER_NAME},
    id::{Client, OwnerId},
    store::CredentialKind,
};

/// The cookie of a sign-in; over TLS one that no neighbour under the same domain can set.
const NAME: &str = "askd_session";
const HOST_NAME: &str = "__Host-askd_session";
/// The cookie by which the page's scripts tell the users of one browser apart; `lib/base.ts` reads it.
const READER: &str = "askd_reader";
/// How programs show their token.
const BEARER: &str = "Bearer ";

/// Nobody has signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedOut;

/// Knows visitors.
pub struct Access {
    owners: Owners,
    auth: Auth,
    proxies: Proxies,
    cookie: String,
    reader: String,
    secure: bool,
}

impl Access {
    /// `secure`: the page is served over TLS, and so must its cookies be. Below a path the path is part of the cookie's name.
    pub fn new(owners: Owners, auth: Auth, proxies: Proxies, base: &Base, secure: bool) -> Self {
        let below = base.as_str().trim_end_matches('/').replace('/', "_");
        let name = if secure { HOST_NAME } else { NAME };
        Self {
            owners,
            auth,
            proxies,
            cookie: format!("{name}{below}"),
            reader: format!("{READER}{below}"),
            secure,
        }
    }

    /// Who is who.
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// Whom the caps count as the sender of a request.
    pub fn client(&self, peer: &Peer, headers: &HeaderMap) -> Option<Client> {
        self.proxies.behind(peer, headers).map(Client::from)
    }

    /// What the sender is called in the log.
    pub fn name(&self, peer: &Peer, headers: &HeaderMap) -> Arc<str> {
        match self.proxies.believe(peer) {
            true => match self.proxies.behind(peer, headers) {
                Some(address) => address.to_string().into(),
                None => peer.name.clone(),
            },
            false => peer.name.clone(),
        }
    }

    /// Who sent a request.
    pub fn of(&self, headers: &HeaderMap, peer: Option<&Peer>) -> Result<Visitor, SignedOut> {
        self.admit(headers, peer, |owners| owners.of(headers))
    }

    /// The same for the page, on which every visit begins.
    pub fn renew(&self, headers: &HeaderMap, peer: Option<&Peer>) -> Result<Visitor, SignedOut> {
        let visitor = self.admit(headers, peer, |owners| owners.renew(headers))?;
        Ok(self.marked(visitor))
    }

    /// The same for the page in another site's frame.
    pub fn renew_framed(
        &self,
        headers: &HeaderMap,
        peer: Option<&Peer>,
    ) -> Result<Visitor, SignedOut> {
        let visitor = self.admit(headers, peer, |owners| owners.renew_framed(headers))?;
        Ok(self.marked(visitor))
    }

    /// With a word for the page's own scripts by which they keep apart what several users write at one browser; it tells nothing
    /// and opens nothing.
    fn marked(&self, visitor: Visitor) -> Visitor {
        if visitor.user.is_none() {
            return visitor;
        }
        let word = format!("{:08x}", visitor.owner.0.as_fields().0);
        let cookie = Cookie::build((self.reader.clone(), word))
            .path("/")
            .same_site(SameSite::Lax)
            .secure(self.secure);
        visitor.with(value_of(cookie))
    }

    fn admit(
        &self,
        headers: &HeaderMap,
        peer: Option<&Peer>,
        anybody: impl FnOnce(&Owners) -> Visitor,
    ) -> Result<Visitor, SignedOut> {
        let mode = self.auth.mode();
        if let AuthMode::None = mode {
            return Ok(anybody(&self.owners));
        }
        if let Some(token) = bearer(headers) {
            let user = self.auth.by_secret(CredentialKind::Token, token);
            // A proxy may pass on what it knows somebody by, which is nothing to askd.
            if user.is_some() || !matches!(mode, AuthMode::Header) {
                return user.map(Visitor::known).ok_or(SignedOut);
            }
        }
        let user = match mode {
            AuthMode::Header => {
                let peer = peer.filter(|peer| self.proxies.believe(peer));
                let said = peer.and_then(|_| said(headers, self.auth.header()));
                said.map(|name| self.auth.by_name(name))
            }
            _ => self.by_cookie(headers),
        };
        user.map(Visitor::known).ok_or(SignedOut)
    }

    /// Whose conversations a browser had before its reader signed in. Nobody but that browser can show its cookie.
    pub fn before(&self, headers: &HeaderMap) -> Option<OwnerId> {
        self.owners.before(headers)
    }

    /// The user of the sign-in that a cookie shows. Of several with this name somebody has slipped in one, and which is not known.
    pub fn by_cookie(&self, headers: &HeaderMap) -> Option<User> {
        let values = headers.get_all(header::COOKIE).iter();
        let shown = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(Cookie::split_parse)
            .filter_map(Result::ok)
            .filter(|cookie| cookie.name() == self.cookie);
        let mut users =
            shown.filter_map(|cookie| self.auth.by_secret(CredentialKind::SignIn, cookie.value()));
        let first = users.next()?;
        users.all(|user| user.name == first.name).then_some(first)
    }

    /// The cookie of a sign-in that was made.
    pub fn cookie_of(&self, made: &SignedIn) -> HeaderValue {
        let life = Life::try_from(made.lifetime).unwrap_or(Life::MAX);
        let cookie = Cookie::build((self.cookie.clone(), made.secret.expose().to_owned()));
        self.written(cookie.max_age(life))
    }

    /// What takes that cookie from the browser again.
    pub fn no_cookie(&self) -> HeaderValue {
        self.written(Cookie::build((self.cookie.clone(), "")).max_age(Life::ZERO))
    }

    fn written(&self, cookie: CookieBuilder<'static>) -> HeaderValue {
        let cookie = cookie
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.secure);
        value_of(cookie)
    }
}

fn value_of(cookie: CookieBuilder<'static>) -> HeaderValue {
    let cookie = cookie.build().to_string();
    HeaderValue::from_str(&cookie).expect("a name and digits are ASCII")
}

/// The token that a program shows.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let shown = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = shown.split_at_checked(BEARER.len())?;
    let is_bearer = scheme.eq_ignore_ascii_case(BEARER);
    is_bearer.then(|| token.trim())
}

/// The one name that a proxy says. Where it comes twice somebody has added one that the proxy has not taken away.
fn said<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let name = HeaderName::try_from(name).ok()?;
    let mut values = headers.get_all(name).iter();
    let (first, None) = (values.next()?, values.next()) else {
        return None;
    };
    // HTTP's own blanks are none of the name's. With any other it would be another name that looks the same.
    let said = std::str::from_utf8(first.as_bytes()).ok()?;
    let said = said.trim_matches([' ', '\t']);
    // In braces is what a proxy has not filled in (Caddy's `{http.…}`).
    let is_filled_in = !said.contains(['{', '}']);
    let fits = !said.is_empty() && said.len() <= MAX_USER_NAME;
    let fits = fits && is_filled_in && config::is_clear(said);
    fits.then_some(said)
}
