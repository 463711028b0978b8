//! The addresses of the API, and the methods that each takes.

use uuid::Uuid;
use warp::{Filter, Rejection};

use crate::id::{ConversationId, TurnId};

/// What an address is. A conversation is `None` where its id is none that a conversation can have.
#[derive(Debug, Clone, Copy)]
pub(super) enum Route {
    Description,
    List,
    One(Option<ConversationId>),
    Restore(Option<ConversationId>),
    ExportOne(Option<ConversationId>),
    ExportAll,
    Search,
    Import,
    Document,
    Original,
    SignIn,
    SignOut,
    Me,
    TakeOver,
    Tokens,
    Token(Option<Uuid>),
    Admin(Admin),
    Nothing,
}

impl Route {
    /// The methods that it takes.
    pub(super) fn methods(self) -> &'static str {
        match self {
            Self::One(_) => "GET, HEAD, PATCH, DELETE",
            Self::Restore(_) | Self::Import | Self::SignIn | Self::SignOut | Self::TakeOver => {
                "POST"
            }
            Self::Tokens => "GET, HEAD, POST",
            Self::Token(_) => "DELETE",
            Self::Admin(admin) => admin.methods(),
            _ => "GET, HEAD",
        }
    }
}

/// What an address for admins is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Admin {
    Overview,
    Config,
    Misses,
    Cancel(Option<TurnId>),
    SignOut,
    Reload,
}

impl Admin {
    fn methods(self) -> &'static str {
        match self {
            Self::Overview | Self::Config | Self::Misses => "GET, HEAD",
            Self::Cancel(_) | Self::SignOut | Self::Reload => "POST",
        }
    }
}

/// Which address a path is; any below `/api`.
pub(super) fn route() -> impl Filter<Extract = (Route,), Error = Rejection> + Clone {
    let id = |text: String| Uuid::try_parse(&text).ok().map(ConversationId);
    let description = warp::path!("openapi.json").map(|| Route::Description);
    let list = warp::path!("conversations").map(|| Route::List);
    let one = warp::path!("conversations" / String).map(move |text| Route::One(id(text)));
    let restore =
        warp::path!("conversations" / String / "restore").map(move |text| Route::Restore(id(text)));
    let export_one = warp::path!("conversations" / String / "export")
        .map(move |text| Route::ExportOne(id(text)));
    let export_all = warp::path!("export").map(|| Route::ExportAll);
    let search = warp::path!("search").map(|| Route::Search);
    let import = warp::path!("import").map(|| Route::Import);
    let document = warp::path!("document").map(|| Route::Document);
    let original = warp::path!("document" / "file").map(|| Route::Original);
    let sign_in = warp::path!("sign-in").map(|| Route::SignIn);
    let sign_out = warp::path!("sign-out").map(|| Route::SignOut);
    let me = warp::path!("me").map(|| Route::Me);
    let take_over = warp::path!("take-over").map(|| Route::TakeOver);
    let tokens = warp::path!("tokens").map(|| Route::Tokens);
    let token = warp::path!("tokens" / String)
        .map(|text: String| Route::Token(Uuid::try_parse(&text).ok()));
    let account = sign_in
        .or(sign_out)
        .unify()
        .or(me)
        .unify()
        .or(take_over)
        .unify()
        .or(tokens)
        .unify()
        .or(token)
        .unify();
    let admin = warp::path!("admin" / ..).and(admin()).map(Route::Admin);
    let known = description
        .or(list)
        .unify()
        .or(one)
        .unify()
        .or(restore)
        .unify()
        .or(export_one)
        .unify()
        .or(export_all)
        .unify()
        .or(search)
        .unify()
        .or(import)
        .unify()
        .or(document)
        .unify()
        .or(original)
        .unify()
        .or(account)
        .unify()
        .or(admin)
        .unify();
    let nothing = warp::path!("api" / ..).map(|| Route::Nothing);
    warp::path!("api" / "v1" / ..)
        .and(known)
        .or(nothing)
        .unify()
}

fn admin() -> impl Filter<Extract = (Admin,), Error = Rejection> + Clone {
    let id = |text: String| Uuid::try_parse(&text).ok().map(TurnId);
    let overview = warp::path!("overview").map(|| Admin::Overview);
    let config = warp::path!("config").map(|| Admin::Config);
    let misses = warp::path!("misses").map(|| Admin::Misses);
    let cancel = warp::path!("turns" / String / "cancel").map(move |text| Admin::Cancel(id(text)));
    let sign_out = warp::path!("sign-out").map(|| Admin::SignOut);
    let reload = warp::path!("reload").map(|| Admin::Reload);
    overview
        .or(config)
        .unify()
        .or(misses)
        .unify()
        .or(cancel)
        .unify()
        .or(sign_out)
        .unify()
        .or(reload)
        .unify()
}
