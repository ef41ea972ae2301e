//! The ops side's settings: where it listens, who may look at it, and what a connection may take.

use std::{net::SocketAddr, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use common::config::{Secret, Vars};

/// A password that cannot be guessed in the time that it is good for, in bytes.
const SHORTEST_PASSWORD: usize = 16;
const CONNECTIONS: usize = 128;
/// A browser that follows a stream opens it anew.
const CONNECTION: Duration = Duration::from_secs(600);

/// Where the ops side listens, and to whom.
#[derive(Debug, Clone)]
pub struct OpsSettings {
    /// Where.
    pub addr: SocketAddr,
    /// Who may look; anybody who reaches it where nobody is named, and that is this machine alone.
    pub login: Option<Login>,
    /// Further names that it is reached by.
    pub hosts: Vec<String>,
    /// What connections may take.
    pub limits: OpsLimits,
}

/// Who may look at the ops side.
#[derive(Debug, Clone)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// What connections of the ops side may take.
#[derive(Debug, Clone, Copy)]
pub struct OpsLimits {
    /// So many at once.
    pub connections: usize,
    /// For the head of a request to come.
    pub head: Duration,
    /// For one connection in all.
    pub connection: Duration,
}

impl Login {
    /// Both, as they are sent.
    #[must_use]
    pub fn pair(&self) -> String {
        format!("{}:{}", self.user, self.password.reveal())
    }

    /// What a client that logs in says in `authorization`.
    #[must_use]
    pub fn header(&self) -> Secret {
        Secret::new(format!("Basic {}", STANDARD.encode(self.pair())))
    }

    fn read(vars: &mut Vars<'_>, addr: SocketAddr) -> Option<Self> {
        let user = vars.optional("OPS_USER", "who may look at the ops side; with OPS_PASSWORD");
        let help = "the password for that, 16 bytes or more; unset: OPS_ADDR must be loopback";
        let password = vars.optional("OPS_PASSWORD", help);
        let (user, password) = match (user, password) {
            (Some(user), Some(password)) => (user, password),
            (None, None) => {
                if !addr.ip().to_canonical().is_loopback() {
                    vars.problem(format!(
                        "OPS_PASSWORD: is required, and OPS_USER, where OPS_ADDR is not loopback (is: {addr})"
                    ));
                }
                return None;
            }
            (Some(_), None) => {
                vars.problem("OPS_PASSWORD: is required with OPS_USER".to_owned());
                return None;
            }
            (None, Some(_)) => {
                vars.problem("OPS_USER: is required with OPS_PASSWORD".to_owned());
                return None;
            }
        };
        if user.contains(|letter: char| letter == ':' || letter.is_control()) {
            vars.problem("OPS_USER: must have no colon and no control character".to_owned());
        }
        if password.len() < SHORTEST_PASSWORD {
            vars.problem(format!("OPS_PASSWORD: must be {SHORTEST_PASSWORD} bytes or more"));
        }
        Some(Self { user, password: Secret::new(password) })
    }
}

impl OpsSettings {
    pub(super) fn read(vars: &mut Vars<'_>) -> Self {
        let addr = SocketAddr::from(([127, 0, 0, 1], 8081));
        let addr = vars.parsed_or("OPS_ADDR", addr, "where the worker's ops side listens");
        let login = Login::read(vars, addr);
        let help = "further names that the ops side is reached by, comma-separated, without ports";
        let hosts = vars.optional("OPS_HOSTS", help).unwrap_or_default();
        let hosts: Vec<String> = hosts
            .split(',')
            .map(|host| host.trim().to_ascii_lowercase())
            .filter(|host| !host.is_empty())
            .collect();
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
        if let Some(wrong) = hosts.iter().find(|host| !host.chars().all(is_name)) {
            vars.problem(format!("OPS_HOSTS: not a name (is: {wrong:?})"));
        }
        let help = "for the head of a request to come";
        let head = vars.duration_or(
            "HEAD_TIMEOUT_MS",
            Duration::from_millis(1),
            5_000,
            10..=3_600_000,
            help,
        );
        let limits = OpsLimits { connections: CONNECTIONS, head, connection: CONNECTION };
        Self { addr, login, hosts, limits }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::config::Problems;

    fn read(variables: &[(&str, &str)]) -> Result<OpsSettings, Problems> {
        let get = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let mut vars = Vars::new(&get);
        let settings = OpsSettings::read(&mut vars);
        vars.finish(settings)
    }

    #[test]
    fn without_a_password_this_machine_alone_may_look() {
        assert!(read(&[]).unwrap().login.is_none());
        for addr in ["127.0.0.1:0", "127.3.2.1:8081", "[::1]:8081"] {
            assert!(read(&[("OPS_ADDR", addr)]).is_ok(), "{addr}");
        }
        for addr in ["0.0.0.0:8081", "[::]:8081", "192.0.2.7:8081"] {
            let Problems(lines) = read(&[("OPS_ADDR", addr)]).unwrap_err();
            assert!(lines.len() == 1 && lines[0].starts_with("OPS_PASSWORD: "), "{lines:?}");
            let login = [("OPS_USER", "ops"), ("OPS_PASSWORD", "sixteen letters!")];
            let login = read(&[[("OPS_ADDR", addr)].as_slice(), &login].concat()).unwrap().login;
            assert_eq!(login.unwrap().pair(), "ops:sixteen letters!");
        }
    }

    #[test]
    fn half_a_login_or_a_short_password_is_refused_and_not_shown() {
        for wrong in [
            vec![("OPS_USER", "ops")],
            vec![("OPS_PASSWORD", "SECRET of 16 bytes")],
            vec![("OPS_USER", "ops"), ("OPS_PASSWORD", "SECRET of 15 by")],
            vec![("OPS_USER", "o:ps"), ("OPS_PASSWORD", "SECRET of 16 bytes")],
            vec![("OPS_HOSTS", "ops.example, http://ops")],
        ] {
            let problems = read(&wrong).unwrap_err();
            assert!(problems.0.len() == 1 && !problems.0[0].contains("SECRET"), "{problems}");
        }
        let shown = format!(
            "{:?}",
            read(&[("OPS_USER", "ops"), ("OPS_PASSWORD", "SECRET of 16 bytes")]).unwrap()
        );
        assert!(!shown.contains("SECRET"), "{shown}");
    }

    #[test]
    fn further_names_are_read_as_browsers_send_them() {
        let hosts = read(&[("OPS_HOSTS", " Ops.Example ,,ops-2.example")]).unwrap().hosts;
        assert_eq!(hosts, ["ops.example", "ops-2.example"]);
    }
}
