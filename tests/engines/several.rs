//! The fleet's engine on several servers: the one that a Sentinel names, and a Cluster.

use std::{sync::Arc, time::Duration};

use jobs::{JobId, Queue};
use queue::{
    Beat, Claim, Engine, Enqueued, NewTask, QueueResult, Retention, Settled, Settlement, Verdict,
    fleet::{self, Fleet},
};
use redis::{Value, cmd};
use testkit::redis::PrivateRedis;

use crate::kit::{Kit, LEASE, wish};

/// Slots of a Cluster.
const SLOTS: u16 = 16_384;

async fn open(url: &str) -> Fleet {
    let opened = Fleet::open(fleet::Options {
        url: url.to_owned(),
        prefix: fleet::PREFIX.to_owned(),
        retention: Retention::default(),
        tends_itself: true,
        together_min: fleet::TOGETHER_MIN,
        clock: Arc::new(platform::SystemClock),
        times: None,
    });
    opened.await.unwrap()
}

fn address(server: &PrivateRedis) -> &str {
    server.url().trim_start_matches("redis://")
}

fn task(kit: &Kit, queue: Queue) -> NewTask {
    NewTask { queue, ..kit.task(&wish()) }
}

fn claim(queue: Queue) -> Claim<'static> {
    Claim { queue, worker: "here", max: 100, lease: LEASE, is_idle: true }
}

/// Tries until it works, as everybody does who calls an engine.
async fn in_time<T>(mut call: impl AsyncFnMut() -> QueueResult<T>) -> T {
    for _ in 0..800 {
        match call().await {
            Ok(done) => return done,
            Err(error) => assert!(error.is_passing(), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it did not come to work again");
}

/// A job of each queue goes through: kept, told of, handed out, its lease extended, and done.
async fn work(kit: &Kit, engine: &Fleet) {
    work_on(kit, engine, &Queue::ALL).await;
}

async fn work_on(kit: &Kit, engine: &Fleet, queues: &[Queue]) {
    for queue in queues.iter().copied() {
        // What was told before says nothing of what is told now.
        let _told = tokio::time::timeout(Duration::from_millis(50), engine.ready(queue)).await;
        let task = task(kit, queue);
        let kept = in_time(async || engine.enqueue(vec![task.clone()]).await).await;
        // Enqueued before its answer was lost, it is there under its own id.
        assert!(matches!(kept[..], [Enqueued::New(id) | Enqueued::Duplicate(id)] if id == task.id));
        let told = tokio::time::timeout(Duration::from_secs(10), engine.ready(queue)).await;
        assert!(told.is_ok(), "nobody tells of jobs of {queue}");
        let mut tasks = in_time(async || engine.claim(claim(queue)).await).await.tasks;
        let leases: Vec<_> = tasks.iter().map(|task| task.lease).collect();
        assert_eq!(leases.len(), 1, "{queue}");
        let mut heart = engine.heart().unwrap();
        let beat = tokio::task::spawn_blocking(move || heart.beat(&leases, LEASE));
        assert_eq!(beat.await.unwrap().unwrap(), [Beat::Held]);
        let lease = tasks.pop().unwrap().lease;
        let done = vec![Settlement { lease, verdict: Verdict::Completed }];
        assert_eq!(in_time(async || engine.settle(done.clone()).await).await, [Settled::Written]);
    }
}

#[tokio::test]
async fn the_server_that_a_sentinel_names_is_worked_with() {
    let first = PrivateRedis::start(&[]).unwrap();
    let (_, port) = first.url().rsplit_once(':').unwrap();
    let second = PrivateRedis::start(&["--replicaof", &format!("127.0.0.1 {port}")]).unwrap();
    let sentinel = PrivateRedis::start_sentinel(&first).unwrap();
    let url = format!("redis+sentinel://127.0.0.1:1,{}/steward", address(&sentinel));
    let (kit, engine) = (Kit::embedded(), open(&url).await);
    work(&kit, &engine).await;
    assert!(engine.take_lock("north", "first", LEASE).await.unwrap());
    let kept = task(&kit, Queue::Agent);
    engine.enqueue(vec![kept.clone()]).await.unwrap();
    until_replicated(&first, &second, &sentinel).await;

    first.kill().unwrap();
    let states = async || match engine.states(vec![kept.id]).await? {
        states if states[0].is_some() => Ok(()),
        _ => panic!("the second server has what the first one had"),
    };
    in_time(states).await;
    let claimed = in_time(async || engine.claim(claim(Queue::Agent)).await).await.tasks;
    assert_eq!(claimed[0].lease.id, kept.id);
    work(&kit, &engine).await;
    // The first one comes back as a replica, and nobody takes it for the master.
    first.start_again().unwrap();
    let again = open(&url).await;
    work(&kit, &again).await;
    assert!(again.examine().await.remove(0).unwrap().is_master);
}

/// Until the second has all that the first has, and the Sentinel knows of it.
async fn until_replicated(first: &PrivateRedis, second: &PrivateRedis, sentinel: &PrivateRedis) {
    let offset = |server: &PrivateRedis| {
        let text: String = ask(server, cmd("INFO").arg("replication"));
        let line = text.lines().find_map(|line| line.strip_prefix("master_repl_offset:"));
        line.unwrap().trim().parse::<u64>().unwrap()
    };
    let written = offset(first);
    // A Sentinel looks for replicas every ten seconds.
    let sees = || {
        let replicas: Vec<Value> = ask(sentinel, cmd("SENTINEL").arg("REPLICAS").arg("steward"));
        !replicas.is_empty()
    };
    for _ in 0..1_200 {
        if written <= offset(second) && sees() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the replica does not follow");
}

fn ask<T: redis::FromRedisValue>(server: &PrivateRedis, command: &redis::Cmd) -> T {
    try_ask(server, command).unwrap()
}

fn try_ask<T: redis::FromRedisValue>(
    server: &PrivateRedis,
    command: &redis::Cmd,
) -> redis::RedisResult<T> {
    command.query(&mut redis::Client::open(server.url())?.get_connection()?)
}

/// Three servers that share the slots.
async fn cluster() -> Vec<PrivateRedis> {
    let options = [
        "--cluster-enabled",
        "yes",
        "--cluster-node-timeout",
        "1000",
        "--cluster-require-full-coverage",
        "no",
        "--appendonly",
        "yes",
    ];
    let servers: Vec<_> = (0..3).map(|_| PrivateRedis::start(&options).unwrap()).collect();
    let share = SLOTS.div_ceil(3);
    for (at, server) in (0..).zip(&servers) {
        let (from, to) = (at * share, ((at + 1) * share).min(SLOTS) - 1);
        ask::<Value>(server, cmd("CLUSTER").arg("ADDSLOTSRANGE").arg(from).arg(to));
        ask::<Value>(server, cmd("CLUSTER").arg("SET-CONFIG-EPOCH").arg(at + 1));
        let (_, port) = servers[0].url().rsplit_once(':').unwrap();
        ask::<Value>(server, cmd("CLUSTER").arg("MEET").arg("127.0.0.1").arg(port));
    }
    for server in &servers {
        let is_ready = || {
            let info: String = ask(server, cmd("CLUSTER").arg("INFO"));
            info.contains("cluster_state:ok") && info.contains("cluster_slots_ok:16384")
        };
        let mut looks = 0;
        while !is_ready() {
            looks += 1;
            assert!(looks < 800, "the Cluster does not come together");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
    servers
}

/// A queue's slot, and the server that it was given to.
fn home(servers: &[PrivateRedis], queue: Queue) -> (usize, u16) {
    let key = format!("{}:{{{queue}}}", fleet::PREFIX);
    let slot: u16 = ask(&servers[0], cmd("CLUSTER").arg("KEYSLOT").arg(key));
    (usize::from(slot / SLOTS.div_ceil(3)), slot)
}

#[tokio::test]
async fn queues_are_spread_over_a_cluster() {
    let servers = cluster().await;
    let url = format!("redis+cluster://127.0.0.1:1,{}", address(&servers[1]));
    let (kit, engine) = (Kit::embedded(), open(&url).await);
    work(&kit, &engine).await;
    assert!(engine.take_lock("north", "first", LEASE).await.unwrap());
    assert!(!engine.take_lock("north", "second", LEASE).await.unwrap());
    let homes: std::collections::BTreeSet<_> =
        Queue::ALL.iter().map(|queue| home(&servers, *queue).0).collect();
    assert!(1 < homes.len(), "the queues lie on one server, so this test says nothing");
    assert_eq!(engine.examine().await.len(), homes.len());

    // A queue moves to another server: those who do not know yet are told.
    let (from, slot) = home(&servers, Queue::Agent);
    let to = (from + 1) % servers.len();
    let id: String = ask(&servers[to], cmd("CLUSTER").arg("MYID"));
    let set = cmd("CLUSTER").arg("SETSLOT").arg(slot).arg("NODE").arg(&id).clone();
    ask::<Value>(&servers[to], &set);
    // Whoever tends the queue writes there again until it is moved.
    let mut tries = 0;
    loop {
        let keys = keys_of(&servers[from], Queue::Agent);
        if !keys.is_empty() {
            ask::<Value>(&servers[from], &cmd("DEL").arg(keys).clone());
        }
        match try_ask::<Value>(&servers[from], &set) {
            Ok(_) => break,
            Err(error) => assert!(tries < 100, "the queue cannot be moved: {error}"),
        }
        tries += 1;
    }
    work(&kit, &engine).await;

    // A server that is gone takes its queues with it, and no others; with its file it brings them back.
    let home = |queue| if queue == Queue::Agent { to } else { home(&servers, queue).0 };
    let lost = home(Queue::Bulk);
    let elsewhere: Vec<_> = Queue::ALL.into_iter().filter(|queue| home(*queue) != lost).collect();
    assert!(!elsewhere.is_empty());
    for is_frozen in [true, false] {
        let kept = task(&kit, Queue::Bulk);
        in_time(async || engine.enqueue(vec![kept.clone()]).await).await;
        if is_frozen {
            servers[lost].freeze().unwrap();
        } else {
            servers[lost].kill().unwrap();
        }
        let refused = engine.enqueue(vec![task(&kit, Queue::Bulk)]).await.unwrap_err();
        assert!(refused.is_passing(), "{refused}");
        // Twice: also after the others have noticed.
        work_on(&kit, &engine, &elsewhere).await;
        work_on(&kit, &engine, &elsewhere).await;
        let examined = engine.examine().await;
        assert!(examined.iter().any(Result::is_err), "a server that is gone is told of");
        assert!(examined.iter().any(Result::is_ok));
        if is_frozen {
            servers[lost].thaw().unwrap();
        } else {
            servers[lost].start_again().unwrap();
        }
        drain(&engine, Queue::Bulk, kept.id).await;
    }
    work(&kit, &engine).await;
}

/// Takes and settles all of a queue's jobs, among them this one.
async fn drain(engine: &Fleet, queue: Queue, expected: JobId) {
    let (mut is_there, mut looks) = (false, 0);
    loop {
        let tasks = in_time(async || engine.claim(claim(queue)).await).await.tasks;
        is_there |= tasks.iter().any(|it| it.lease.id == expected);
        if tasks.is_empty() && is_there {
            return;
        }
        let done =
            tasks.iter().map(|it| Settlement { lease: it.lease, verdict: Verdict::Completed });
        let done: Vec<_> = done.collect();
        in_time(async || engine.settle(done.clone()).await).await;
        looks += 1;
        assert!(looks < 1_600, "the job is not there");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

fn keys_of(server: &PrivateRedis, queue: Queue) -> Vec<String> {
    ask(server, cmd("KEYS").arg(format!("{}:{{{queue}}}*", fleet::PREFIX)))
}
