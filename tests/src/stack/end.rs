//! The end of a system: a test that failed shows its programs' logs, one that did not must have left
//! no job behind; then everything that was its own is gone.

use std::time::Duration;

use super::{Jobs, Stack};
use crate::stores::{OwnPostgres, block_on};

impl Drop for Stack {
    fn drop(&mut self) {
        let failed = std::thread::panicking();
        self.own_redis.iter().for_each(|redis| redis.signal("CONT"));
        self.own_postgres.iter_mut().for_each(OwnPostgres::thaw);
        if failed {
            for (name, program) in self
                .apis
                .iter()
                .map(|api| ("api", api))
                .chain(self.workers.iter().map(|worker| ("worker", worker)))
            {
                let log = program.log();
                let lines: Vec<&str> = log.lines().collect();
                let tail =
                    lines.iter().skip(lines.len().saturating_sub(150)).copied().collect::<Vec<_>>();
                eprintln!("---- {name} ({})\n{}", program.pid(), tail.join("\n"));
            }
        }
        let check = !failed && !self.leftovers_are_fine && !self.workers.is_empty();
        let (url, prefix) = (self.redis_url.clone(), self.prefix.clone());
        let (tell, left) = std::sync::mpsc::channel();
        block_on(async move {
            let Ok(client) = redis::Client::open(url.as_str()) else { return };
            let Ok(mut redis) = client.get_multiplexed_async_connection().await else { return };
            let deadline = std::time::Instant::now() + Duration::from_secs(10);
            let mut jobs = Jobs::count(&mut redis, &prefix).await;
            while check && jobs != Jobs::NONE && std::time::Instant::now() < deadline {
                tokio::time::sleep(Duration::from_millis(20)).await;
                jobs = Jobs::count(&mut redis, &prefix).await;
            }
            let _ = tell.send(jobs);
        });
        self.apis.clear();
        self.workers.clear();
        let (url, prefix) = (self.redis_url.clone(), self.prefix.clone());
        block_on(async move {
            let Ok(client) = redis::Client::open(url.as_str()) else { return };
            let Ok(mut redis) = client.get_multiplexed_async_connection().await else { return };
            let mut list = redis::cmd("KEYS");
            list.arg(format!("{prefix}*"));
            for key in list.query_async::<Vec<String>>(&mut redis).await.unwrap_or_default() {
                let _ = redis::cmd("DEL").arg(key).query_async::<()>(&mut redis).await;
            }
        });
        let _ = std::fs::remove_dir_all(&self.logs);
        if let (true, Ok(jobs)) = (check, left.try_recv()) {
            assert_eq!(jobs, Jobs::NONE, "jobs were left behind");
        }
    }
}
