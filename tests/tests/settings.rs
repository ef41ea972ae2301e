//! What the programs say of their settings is what is written down of them.

use std::{collections::BTreeMap, path::Path, process::Command};

use tests::binary;

#[expect(clippy::unwrap_used, reason = "a test cannot go on without")]
fn says(
    program: &str,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> (Option<i32>, String, String) {
    let mut command = Command::new(binary(program));
    let out = command.env_clear().envs(variables.iter().copied()).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (out.status.code(), text(out.stdout), text(out.stderr))
}

/// `NAME [default]` of every line of `--help` that names a variable.
fn variables(program: &str) -> BTreeMap<String, String> {
    let (code, help, _) = says(program, &["--help"], &[]);
    assert_eq!(code, Some(0), "{program}");
    let verbs = ["GET", "POST", "DELETE"];
    let is_name = |word: &str| {
        word.len() > 2
            && !verbs.contains(&word)
            && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    };
    help.lines()
        .filter_map(|line| {
            let name = line.split_whitespace().next().filter(|word| is_name(word))?;
            let default = line.rsplit_once('[').and_then(|(_, rest)| rest.strip_suffix(']'));
            Some((name.to_owned(), default.unwrap_or_default().to_owned()))
        })
        .collect()
}

#[test]
fn the_example_environment_and_the_programs_name_the_same_variables_and_defaults() {
    let mut known = variables("api");
    known.extend(variables("worker"));
    known.extend(variables("vendor-stub"));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.env.example");
    let example = std::fs::read_to_string(file).unwrap();
    let mut written = BTreeMap::new();
    for line in example.lines() {
        let line = line.trim_start_matches('#');
        if let Some((name, default)) = line.split_once('=').filter(|(name, _)| !name.contains(' '))
        {
            written.insert(name.to_owned(), default.trim_matches('"').to_owned());
        }
    }
    let names = |map: &BTreeMap<String, String>| map.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&written), names(&known));
    for (name, default) in known.iter().filter(|(_, default)| !default.is_empty()) {
        assert_eq!(&written[name], default, "{name}");
    }
}

/// What docker-compose.yml gives to a service: its own names and those that all programs share.
#[expect(clippy::unwrap_used, reason = "a test cannot go on without")]
fn composed(service: &str) -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docker-compose.yml");
    let compose = std::fs::read_to_string(file).unwrap();
    let named = |head: &str| {
        let depth = head.len() - head.trim_start().len();
        let lines = compose.lines().skip_while(|line| !line.starts_with(head)).skip(1);
        let inside = lines.take_while(|line| line.len() - line.trim_start().len() > depth);
        let names = inside.filter_map(|line| Some(line.trim_start().split_once(':')?.0.to_owned()));
        names.collect::<Vec<_>>()
    };
    [named("x-settings:"), named(&format!("  {service}:"))].concat()
}

#[test]
fn docker_compose_passes_on_every_variable_of_a_program() {
    for program in ["api", "worker"] {
        let (known, composed) = (variables(program), composed(program));
        // A file would have to be mounted as well; the passwords of docker compose are in its .env.
        let wanted = known.keys().filter(|name| !name.ends_with("_FILE"));
        let missing: Vec<_> = wanted.filter(|name| !composed.contains(name)).collect();
        assert!(missing.is_empty(), "{program} is not told of {missing:?}");
    }
}

#[test]
fn a_bad_environment_stops_a_program_with_every_problem_named() {
    for program in ["api", "worker"] {
        let wrong = [
            ("DATABASE_URL", "mysql://u:SECRET@h/db"),
            ("CACHE_TTL_SECS", "soon"),
            ("TIMEZONE", "Mars"),
            ("LOG_FORMAT", "xml"),
            ("METRICS_ADDR", "everywhere"),
        ];
        let (code, out, err) = says(program, &[], &wrong);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{program}");
        for (name, _) in wrong {
            assert_eq!(
                err.lines().filter(|line| line.starts_with(name)).count(),
                1,
                "{program}: {err}"
            );
        }
        assert!(!err.contains("SECRET"), "{err}");
        let (code, _, err) = says(program, &["dance"], &[]);
        assert_eq!((code, err.contains("--help")), (Some(2), true), "{program}: {err}");
    }
}
