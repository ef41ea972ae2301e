//! The express lane: a hit on a menu is answered at the door, without the router and its layers, which
//! take more time than the hit. Whatever is not plainly that goes the common way, and is answered
//! there with the same headers and the same words.

use std::time::Instant;

use axum::{
    body::HttpBody,
    http::{Method, Request},
    response::Response,
};
use common::{
    entry::{Entry, MenuKey, parse_date},
    hall::HallId,
    meal::Meal,
};

use crate::{
    admission::{Clients, LONGEST_URI, Peer},
    answer::Conditional,
    answered::{RequestId, finish},
    app::App,
    cors::Learnt,
    measured, near_cache,
    read_through::{hit, is_asked_for},
    routes::menu_answer,
};

/// The one path that is served here.
const PATH: &str = "/api/v2/menus";

/// See the top of the file.
pub(crate) struct Express {
    pub(crate) app: App,
    pub(crate) clients: Clients,
    pub(crate) cors: Learnt,
}

impl Express {
    /// The answer, if it is a menu that this process has ready.
    pub(crate) fn answer<B: HttpBody>(
        &self,
        request: &Request<B>,
        peer: &Peer,
    ) -> Option<Response> {
        let started = Instant::now();
        let uri = request.uri();
        let is_plain = request.method() == Method::GET && uri.path() == PATH;
        let query = uri.query().filter(|query| query.len() < LONGEST_URI - PATH.len())?;
        if !is_plain || !request.body().is_end_stream() {
            return None;
        }
        let key = key(query)?;
        let ready = self.app.near.menus.peek(&key)?;
        if !matches!(ready.entry, Entry::Menu { .. }) || !is_asked_for(&self.app, &key) {
            return None;
        }
        // From here on it is answered here, unless its client asks too much.
        let client = self.clients.admit(peer, request.headers())?;
        let RequestId(id) = RequestId::of(request.headers());
        near_cache::count(true);
        let served = hit(&self.app, &key, ready, &id);
        let served = measured::menu(Ok(served)).ok()?;
        let mut response = menu_answer(&key, &served, &Conditional::of(request.headers()));
        self.cors.add(request.headers(), response.headers_mut());
        client.tell(response.headers_mut());
        tracing::debug_span!("http.request", request.id = id).in_scope(|| {
            finish(&mut response, &id, (&Method::GET, PATH), Some(PATH), started);
        });
        Some(response)
    }
}

/// The key, where it is asked for in the plainest way: these three parameters, once each, in our own
/// spelling. To read them as the common way does takes a third of the time of a hit.
pub(crate) fn key(query: &str) -> Option<MenuKey> {
    let (mut hall, mut date, mut meal) = (None, None, None);
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=')?;
        let place = match name {
            "hall_id" => &mut hall,
            "date" => &mut date,
            "meal" => &mut meal,
            _ => return None,
        };
        if place.replace(value).is_some() {
            return None;
        }
    }
    let meal = Meal::SIX.into_iter().find(|one| meal == Some(one.as_str()))?;
    Some(MenuKey { hall: HallId::parse(hall?)?, date: parse_date(date?)?, meal })
}
