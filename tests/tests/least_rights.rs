//! The programs need no more rights in the stores than `deploy/` gives them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail in any way")]

use std::{path::Path, time::Duration};

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use tests::{
    Stack, eventually,
    stub::{Fault, Hall, Scope},
};

const PASSWORD: &str = "SECRET0123";

fn deployed(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy");
    std::fs::read_to_string(folder.join(file)).unwrap()
}

/// Stores without programs yet.
async fn stores() -> Stack {
    Stack::wanted().apis(0).workers(0).own_redis().start().await
}

/// Both programs, and what they do: misses, hits, a hit of this process's own that is dropped when
/// its key is written, lists, figures, a failed read, a search.
async fn all_goes_well(stack: &mut Stack) {
    stack.add_worker();
    stack.somebody_works().await;
    stack.add_api();
    let date = stack.vendor_day(Hall::Frary);
    let menu = stack.menu(Hall::Frary, date, "dinner").await;
    assert_eq!((menu.status, menu.header("cache-status")), (200, "menus5c; fwd=miss; stored"));
    stack.settled(Hall::Frary, date, "dinner").await;
    assert!(stack.menu(Hall::Frary, date, "dinner").await.header("cache-status").contains("hit"));
    stack.expire("menu:frary:").await;
    let again = stack.menu(Hall::Frary, date, "dinner").await;
    assert_eq!((again.status, again.header("cache-status")), (200, "menus5c; fwd=miss; stored"));
    stack.grow_old().await;
    stack.vendor.fault(Scope::All, Fault::Status(500, None));
    let stale = stack.menu(Hall::Frary, date, "dinner").await;
    assert!(stale.status == 200 && stale.json()["is_stale"] == true, "{stale:?}");
    let failed = stack.menu(Hall::Malott, stack.vendor_day(Hall::Malott), "dinner").await;
    assert_eq!(failed.status, 503, "{failed:?}");
    stack.vendor.heal();
    for path in [
        "/api/v2/halls",
        "/api/v2/halls?college=Pomona",
        "/api/v2/halls/frary/menus",
        "/api/v2/open-now",
        "/api/v2/stats/dashboard",
        "/api/v2/items?q=rice",
        "/readyz",
    ] {
        assert_eq!(stack.get(path).await.status, 200, "{path}");
    }
    stack.is_idle().await;
    for program in stack.apis.iter().chain(&stack.workers) {
        let log = program.log();
        for refused in ["noperm", "can't access", "permission denied", "must be owner"] {
            assert!(!log.to_lowercase().contains(refused), "{refused}: {log}");
        }
    }
}

/// The part of a file from one word to another.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (before, after) = text.split_once(from).unwrap();
    let (part, _) = after.split_once(to).unwrap();
    let end = before.len() + from.len() + part.len() + to.len();
    text.get(before.len()..end).unwrap()
}

/// Arguments of a process are for everybody on the machine to see.
#[test]
fn passwords_come_to_the_stores_by_the_environment_alone() {
    let page = deployed("../docs/operations.md");
    let compose = deployed("../docker-compose.yml");
    let in_page = between(&page, "awk '", "users.acl").replace("deploy/redis.acl", "/redis.acl");
    let in_compose = between(&compose, "awk '", "users.acl");
    let acl = deployed("redis.acl");
    let acl = acl.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n"));
    let acl = acl.collect::<String>().replace("@PREFIX@", "a:").replace("@PASSWORD@", PASSWORD);
    for command in [in_page.as_str(), in_compose] {
        // The shell puts nothing into it: there is only what can be read here.
        assert!(!command.contains('$') && !command.contains(PASSWORD), "{command}");
        let (command, _) = command.split_once(" >").unwrap();
        let made = std::process::Command::new("sh")
            .arg("-ec")
            .arg(command.replace("/redis.acl", "../deploy/redis.acl"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .envs([
                ("REDIS_KEY_PREFIX", "a:"),
                ("REDIS_PASSWORD", PASSWORD),
                ("REDISCLI_AUTH", PASSWORD),
            ])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(made.stdout).unwrap(), acl, "{command}");
    }
    assert!(deployed("roles.sql").contains("\n\\getenv app_password APP_PASSWORD\n"));
    for text in [&page, &compose, &deployed("roles.sql")] {
        for line in text.lines().filter(|line| line.contains("psql ")) {
            assert!(!line.contains("app_password="), "{line}");
        }
    }
}

/// The role of `deploy/roles.sql`, under a name of this test alone, and the database's URL for it.
async fn app_role(stack: &Stack) -> (String, String) {
    let role = format!("menus5c_test_app_{:08x}", fastrand::u32(..));
    // What psql is to take from the environment, we put in its place.
    let sql = deployed("roles.sql")
        .replace("\\getenv app_password APP_PASSWORD\n", "")
        .replace(":'app_role'", &format!("'{role}'"))
        .replace(":'app_password'", &format!("'{PASSWORD}'"));
    stack.database.run(&sql).await;
    stack.database.run(&sql).await; // it may be run again
    let mut url = reqwest::Url::parse(stack.database.url()).unwrap();
    url.set_username(&role).unwrap();
    url.set_password(Some(PASSWORD)).unwrap();
    (role, url.to_string())
}

async fn refused(link: &mut PgConnection, sql: &str) {
    let answer = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(link).await;
    let code = answer.unwrap_err().into_database_error().unwrap().code().unwrap().into_owned();
    assert_eq!(code, "42501", "insufficient_privilege: {sql}");
}

#[tokio::test]
async fn the_programs_run_whole_with_a_role_that_can_neither_make_nor_drop_nor_delete_menus() {
    let mut stack = stores().await;
    let (role, url) = app_role(&stack).await;
    stack.set("DATABASE_URL", &url);
    all_goes_well(&mut stack).await;

    let mut link = PgConnection::connect(&url).await.unwrap();
    for sql in [
        "drop table menus",
        "truncate menus",
        "delete from menus",
        "delete from menu_days",
        "update halls set name = 'x'",
        "delete from _sqlx_migrations",
        "alter table menus add column x int",
        "create table mine (x int)",
        "create schema mine",
        "create role other",
        "create extension pgcrypto",
        "select pg_read_file('/etc/hostname')",
        "copy menus to program 'cat'",
    ] {
        refused(&mut link, sql).await;
    }
    let owner = stack.database.text("select quote_ident(current_user)").await;
    refused(&mut link, &format!("set role {owner}")).await;
    let owns = "select count(*) from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname = $1";
    let owned = sqlx::query(owns).bind(&role).fetch_one(&mut link).await.unwrap();
    assert_eq!(owned.get::<i64, _>(0), 0, "it owns nothing");
    let _ = link.close().await;
    stack.apis.clear();
    stack.workers.clear();
    stack.database.run(&format!("drop owned by {role}; drop role {role}")).await;
}

#[tokio::test]
async fn with_such_a_role_a_worker_waits_for_somebody_else_to_migrate() {
    let mut stack = stores().await;
    let (role, url) = app_role(&stack).await;
    let newest = stack.database.number("select max(version) from _sqlx_migrations").await;
    let version = |sql: &str| sql.replace("NEWEST", &newest.to_string());
    let gone = "create table put_aside as select * from _sqlx_migrations where version = NEWEST;
        delete from _sqlx_migrations where version = NEWEST";
    stack.database.run(&version(gone)).await;
    stack.set("DATABASE_URL", &url);
    stack.add_worker();
    eventually("the worker says so", Duration::from_secs(10), async || {
        stack.workers[0].log().contains("the schema is not up to date").then_some(())
    })
    .await;
    stack.database.run("insert into _sqlx_migrations select * from put_aside").await;
    eventually("the worker sees it", Duration::from_secs(10), async || {
        stack.workers[0].log().contains("the schema is up to date").then_some(())
    })
    .await;
    stack.workers.clear();
    stack.database.run(&format!("drop owned by {role}; drop role {role}")).await;
}

#[tokio::test]
async fn the_programs_run_whole_as_the_user_of_redis_acl() {
    let mut stack = stores().await;
    let file = deployed("redis.acl");
    let (prefix, admin) = (stack.key(""), stack.redis_url());
    let users = file.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>();
    let [only, user] = *users else { panic!("two users: {users:?}") };
    assert_eq!(only, "user default off");
    let user = user.replace("@PREFIX@", &prefix).replace("@PASSWORD@", PASSWORD);
    let mut rules = user.split(' ').skip(1);
    let mut set = redis::cmd("ACL");
    set.arg("SETUSER").arg(rules.next().unwrap());
    set.arg(rules.collect::<Vec<_>>());
    set.query_async::<()>(&mut stack.redis().await).await.unwrap();

    let url = admin.replace("redis://", &format!("redis://menus:{PASSWORD}@"));
    stack.set("REDIS_URL", &url);
    all_goes_well(&mut stack).await;
    let api = &stack.apis[0];
    assert!(!api.log().contains("Redis does not tell of writes"), "CLIENT TRACKING works");

    let client = redis::Client::open(url).unwrap();
    let mut link = client.get_multiplexed_async_connection().await.unwrap();
    let foreign = format!("{prefix}other");
    for command in [
        "CONFIG GET maxmemory",
        "CONFIG SET maxmemory 1",
        "ACL LIST",
        "FLUSHALL",
        "FLUSHDB",
        "KEYS *",
        "SHUTDOWN",
        "MONITOR",
        "REPLICAOF NO ONE",
        "CLIENT KILL TYPE normal",
        "SCRIPT FLUSH",
        "FUNCTION FLUSH",
        "MODULE LIST",
        "GET secrets",
        "PUBLISH other x",
        "EVAL return(redis.call('GET','secrets')) 0",
        &format!("SET {foreign} x"),
    ] {
        let mut words = command.split(' ');
        let mut ask = redis::cmd(words.next().unwrap());
        ask.arg(words.collect::<Vec<_>>());
        let error = ask.query_async::<redis::Value>(&mut link).await.unwrap_err().to_string();
        let refused =
            ["noperm", "can't access"].iter().any(|word| error.to_lowercase().contains(word));
        assert!(refused, "{command}: {error}");
    }
}
