//! What the api and the worker must agree on.

pub mod hall;
pub mod menu;
pub mod vendors;
