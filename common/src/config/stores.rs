//! Where the two stores are.

use super::{SecretUrl, Vars};

/// The two stores.
#[derive(Debug, Clone)]
pub struct Stores {
    /// Where Postgres is.
    pub database_url: SecretUrl,
    /// Where Redis is; `None` = run without.
    pub redis_url: Option<SecretUrl>,
    /// Stands before every key, queue name and channel.
    pub key_prefix: String,
}

impl Stores {
    /// Reads the section; `None` after a problem.
    pub fn read(vars: &mut Vars<'_>, redis_required: bool) -> Option<Self> {
        let database_url =
            vars.required_url("DATABASE_URL", &["postgres", "postgresql"], "where Postgres is");
        let redis_help = "where Redis is; the api runs without it if empty";
        let redis_url = if redis_required {
            vars.required_url("REDIS_URL", &["redis", "rediss"], redis_help)
        } else {
            vars.optional_url("REDIS_URL", &["redis", "rediss"], redis_help)
        };
        let key_prefix =
            vars.optional("REDIS_KEY_PREFIX", "stands before every key, queue name and channel");
        let key_prefix = key_prefix.unwrap_or_default();
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.:{}".contains(c);
        if key_prefix.len() > 64 || !key_prefix.chars().all(fits) {
            vars.problem("REDIS_KEY_PREFIX: at most 64 of letters, digits and -_.:{}".to_owned());
        }
        Some(Self { database_url: database_url?, redis_url, key_prefix })
    }
}
