//! The executable, as a new user would type it: each test in a folder of its own, with nothing set.
//!
//! What lives here: arguments, output and exit codes. What does not: what a command decides, which `it` and `sim` test.

#![cfg(test)]

mod inspect;

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

/// A fresh machine: a folder, and no variable that could name another one.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    fn run(&self, arguments: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_steward"));
        command.args(arguments.split_whitespace()).current_dir(self.path()).stdin(Stdio::null());
        // Many run at once, and none is in another's way.
        command.env("STEWARD_API_LISTEN", "127.0.0.1:0");
        for name in ["DATABASE_URL", "STEWARD_DATA_DIR", "RUST_LOG", "NO_COLOR"] {
            command.env_remove(name);
        }
        command.output().unwrap()
    }

    /// The standard output of a command that has to succeed.
    fn says(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "`steward {arguments}` failed: {told}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &str) -> Value {
        serde_json::from_str(&self.says(&format!("{arguments} --json"))).unwrap()
    }

    /// The standard error of a command that has to fail.
    fn refuses(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "`steward {arguments}` should have failed");
        String::from_utf8(output.stderr).unwrap()
    }
}

#[test]
fn the_first_command_plays_an_hour_and_the_next_one_goes_on() {
    let machine = Machine::new();
    let first = machine.says("up --demo --once");
    for part in ["PLAN", "ACT", "REACT", "REFLECT", "Orders: 40 checked", "Blocked by policy"] {
        assert!(first.contains(part), "{part} is missing in:\n{first}");
    }
    assert!(!first.contains('\u{1b}'), "a pipe gets plain text");
    assert!(first.contains("cycle 1 · Monday 2 March 2026, 09:00"), "{first}");
    let second = machine.says("up --demo --once");
    assert!(second.contains("cycle 2 · Monday 2 March 2026, 10:00"), "{second}");

    let shown = machine.json("cycle show");
    assert_eq!(shown["work_block"]["cycle_number"], 2);
    let waiting = machine.json("action list");
    let first = &waiting.as_array().unwrap()[0];
    let id = first["action"].as_str().unwrap();
    let hash = first["payload_hash"].as_str().unwrap();
    let refused = machine.refuses(&format!("action approve {id} --hash 00000000"));
    assert!(refused.contains("hash") || refused.contains("payload"), "{refused}");
    let approved = machine.json(&format!("action approve {id} --hash {}", &hash[..8]));
    assert_eq!(approved["status"], "approved");
    assert!(!machine.says("order exceptions").is_empty());
    assert!(machine.says("engagement compliance").contains("unreachable"));
    machine.says("doctor");
}

#[test]
fn ones_own_data_from_an_empty_folder_to_a_rehearsal() {
    let machine = Machine::new();
    machine.says("tenant create acme --currency EUR --zone Europe/Berlin");
    machine.write("clients.csv", "external_id,name\nC1,Altmoor GmbH\nC2,Bergflut KG\n");
    machine.write(
        "contacts.csv",
        "external_id,client,name,email\nP1,C1,Ada Lang,ada@altmoor.example\nP2,C9,Nobody,x@y.example\n",
    );
    machine.says("import clients clients.csv");
    let output = machine.run("import contacts contacts.csv");
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(told.contains("contacts.csv"), "the rejects file is named: {told}");
    let rejects: Vec<_> = fs::read_dir(machine.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("reject"))
        .collect();
    let rejects = fs::read_to_string(&rejects[0]).unwrap();
    assert!(rejects.contains("C9") && rejects.contains("client"), "{rejects}");

    let block = machine.json("cycle run --as-of 2026-03-02");
    let again = machine.json("cycle run --as-of 2026-03-02");
    assert_eq!(
        block["work_block"]["act"]["findings_digest"],
        again["work_block"]["act"]["findings_digest"]
    );
    assert_eq!(block["work_block"]["plan"]["inputs"]["engagement_violations"], 1, "{block}");
    assert!(machine.says("action list").contains("no action is awaiting"));
}

#[test]
fn mistakes_are_told_with_the_way_out() {
    let machine = Machine::new();
    let told = machine.refuses("cycle run --as-of 2026-03-02");
    assert!(told.contains("steward migrate") || told.contains("tenant create"), "{told}");
    machine.says("tenant create acme --currency EUR --zone Europe/Berlin");
    let told = machine.refuses("tenant create other --currency XXQ --zone Europe/Berlin");
    assert!(told.contains("XXQ"), "{told}");
    let told = machine.refuses("cycle run --tenant nobody");
    assert!(told.contains("nobody"), "{told}");
    let told = machine.refuses("import clients missing.csv");
    assert!(told.contains("missing.csv"), "{told}");
    machine.write("clients.csv", "external_id,nickname\nC1,Al\n");
    let told = machine.refuses("import clients clients.csv");
    assert!(told.contains("name"), "{told}");
}

#[test]
fn jobs_and_queues_are_asked_for_in_vain_with_the_way_out() {
    let machine = Machine::new();
    machine.says("tenant create acme --currency EUR --zone Europe/Berlin");
    let long_key = "k".repeat(10 * 1024);
    let unknown = "0190b5c2-7d3e-7a11-9c55-3f0a6b2d4e10";
    machine.write("large.json", &format!("{{\"more\":\"{}\"}}", "x".repeat(70_000)));
    let mistakes = [
        ("job enqueue plan".to_owned(), "give one of act_cycle"),
        ("job enqueue plan_cycle".to_owned(), "field `due_hour` is missing"),
        ("job enqueue plan_cycle --payload {".to_owned(), "--payload is no JSON"),
        ("job enqueue forget_settled_jobs --payload []".to_owned(), "payload: cannot be read"),
        (
            "job enqueue forget_settled_jobs --at tomorrow".to_owned(),
            "--at `tomorrow` is not a time",
        ),
        ("job enqueue forget_settled_jobs --at 2036-01-01T00:00:00Z".to_owned(), "run_at: "),
        (
            format!("job enqueue forget_settled_jobs --unique {long_key}"),
            "unique key: has 10240 bytes",
        ),
        (
            format!("job enqueue forget_settled_jobs --payload {{\"tenant_id\":\"{unknown}\"}}"),
            "another tenant",
        ),
        (
            "job enqueue forget_settled_jobs --tenant nobody".to_owned(),
            "there is no tenant `nobody`",
        ),
        (format!("job show {unknown}"), "see `steward job list`"),
        ("job show 12".to_owned(), "is not an id (job)"),
        (format!("job cancel {unknown}"), "there is no job"),
        ("job list --state sleeping".to_owned(), "give one of waiting"),
        ("queue pause pigeon".to_owned(), "give one of interactive"),
        ("queue pause --job pigeon".to_owned(), "no job has this name"),
        ("queue pause".to_owned(), "--job"),
        ("tenant pause nobody".to_owned(), "there is no tenant `nobody`"),
        ("up --speed 60x".to_owned(), "--demo"),
        ("up --demo --speed 0x".to_owned(), "1x to 36000x"),
        ("worker --concurrency 0".to_owned(), "1 to 256"),
    ];
    for (arguments, way_out) in mistakes {
        let told = machine.refuses(&arguments);
        assert!(told.contains(way_out), "`{arguments}` says: {told}");
    }
    assert!(machine.says("job list").contains("no such job"), "nothing was half done");
    assert!(machine.says("queue stats").contains("no process has worked here yet"));

    let id = machine.json("job enqueue forget_settled_jobs")["job"].as_str().unwrap().to_owned();
    let told = machine.refuses(&format!("job retry {id}"));
    assert!(told.contains("is waiting"), "{told}");
    machine.says(&format!("job cancel {id}"));
    machine.says(&format!("job retry {id}"));
    assert_eq!(machine.json(&format!("job show {id}"))["state"], "waiting");
}

#[test]
fn a_queue_file_that_is_none_or_newer_is_named() {
    let machine = Machine::new();
    machine.says("up --demo --once");
    let file = machine.path().join("data/queue.db");
    fs::write(&file, "this is no queue, but a note that somebody left here by mistake").unwrap();
    for arguments in ["up --demo --once", "queue stats"] {
        let told = machine.refuses(arguments);
        assert!(told.contains("queue.db"), "`{arguments}` says: {told}");
    }
    fs::remove_file(&file).unwrap();
    for name in ["queue.db-wal", "queue.db-shm"] {
        let beside = machine.path().join("data").join(name);
        if beside.exists() {
            fs::remove_file(beside).unwrap();
        }
    }
    machine.says("up --demo --once");
}

#[test]
fn a_paused_tenant_keeps_no_command_waiting_and_is_told_of() {
    let machine = Machine::new();
    machine.says("up --demo --once");
    for (pause, resume) in [
        ("tenant pause demo", "tenant resume demo"),
        ("queue pause agent", "queue resume agent"),
        ("queue pause --job act_cycle", "queue resume --job act_cycle"),
    ] {
        machine.says(pause);
        machine.says("up --demo --once");
        machine.says(resume);
    }
    assert!(machine.says("tenant list").contains("demo"));
    let last = machine.says("up --demo --once");
    assert!(last.contains("REFLECT"), "{last}");
}
