//! A server of a test's own, and ways to ask it.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;
use ureq::{
    Agent,
    http::{Request, Response},
};

/// How long a process has to come up, and a job to be done.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with a database, and what runs on it. What runs ends with it.
pub struct House {
    folder: TempDir,
    running: Vec<Child>,
}

/// A server, as somebody with a key sees it.
#[derive(Clone)]
pub struct Door {
    address: SocketAddr,
    key: Option<String>,
    agent: Agent,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: ureq::http::HeaderMap,
    pub text: String,
}

impl Drop for House {
    fn drop(&mut self) {
        for child in &mut self.running {
            // It may be gone already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl House {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), running: Vec::new() }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_steward"));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.path())
            .stdin(Stdio::null())
            .env("STEWARD_API_LISTEN", "127.0.0.1:0")
            .env("STEWARD_API_RATE", "100000");
        for name in ["DATABASE_URL", "STEWARD_DATA_DIR", "RUST_LOG", "STEWARD_LOG"] {
            command.env_remove(name);
        }
        command
    }

    /// The standard output of a command that has to succeed, as JSON.
    pub fn json(&self, arguments: &str) -> Value {
        let output = self.command(&format!("{arguments} --json")).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "`steward {arguments}` failed: {told}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Makes a tenant; gives its first key.
    pub fn tenant(&self, slug: &str) -> String {
        self.json(&format!("tenant create {slug}"))["key"].as_str().unwrap().to_owned()
    }

    /// Makes a key.
    pub fn key(&self, role: &str, whose: &str) -> String {
        let made = self.json(&format!("key create {role} --role {role} {whose}"));
        made["key"].as_str().unwrap().to_owned()
    }

    /// Builds the demo world and plays its first hour; gives a key to it.
    pub fn demo(&self) -> String {
        let output = self.command("up --demo --once").output().unwrap();
        assert!(output.status.success());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let at = told.find("stw_").expect("the demo tells its key");
        told[at..].split_whitespace().next().unwrap().to_owned()
    }

    /// Starts a server beside the database.
    pub fn serve(&mut self) -> Door {
        self.start("api")
    }

    /// Starts everything in one process.
    pub fn up(&mut self) -> Door {
        self.start("up --listen 127.0.0.1:0")
    }

    fn start(&mut self, arguments: &str) -> Door {
        let log = File::create(self.path().join("server.out")).unwrap();
        let mut child = self.command(arguments).stdout(log).stderr(Stdio::piped()).spawn().unwrap();
        let told = BufReader::new(child.stderr.take().unwrap());
        self.running.push(child);
        let (tell, heard) = mpsc::channel();
        thread::spawn(move || {
            // Read to its end, so that the server never waits for a reader.
            for line in told.lines().map_while(Result::ok) {
                let address = line.split("http://").nth(1).and_then(|it| it.split(';').next());
                if let Some(address) = address.and_then(|it| it.parse().ok()) {
                    let _ = tell.send(address);
                }
            }
        });
        let address = heard.recv_timeout(PATIENCE).expect("it says where it listens");
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .build()
            .into();
        Door { address, key: None, agent }
    }
}

impl Door {
    /// The same with a key.
    pub fn with(&self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self.clone() }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Asks, with headers and a body as they are given.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let uri = format!("http://{}{path}", self.address);
        let mut request = Request::builder().method(method).uri(uri);
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answered = if body.is_empty() && !headers.iter().any(|it| it.0 == "content-type") {
            let request = request.body(()).unwrap();
            self.agent
                .run(self.agent.configure_request(request).allow_non_standard_methods(true).build())
        } else {
            let request = request.body(body).unwrap();
            self.agent
                .run(self.agent.configure_request(request).allow_non_standard_methods(true).build())
        };
        Answer::of(answered.unwrap())
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], &[])
    }

    /// Sends JSON.
    pub fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send_with(method, path, &[], body)
    }

    /// Sends JSON, with headers.
    pub fn send_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let mut all = vec![("content-type", "application/json")];
        all.extend(headers);
        self.ask(method, path, &all, body.to_string().as_bytes())
    }

    /// Makes something; gives its id.
    pub fn make(&self, path: &str, body: &Value) -> String {
        let answer = self.send("POST", path, body);
        assert_eq!(answer.status, 201, "{path} {body}: {}", answer.text);
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// Asks again and again until an answer is as it should be.
    pub fn until(&self, path: &str, is_right: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let value = self.get(path).json();
            if is_right(&value) {
                return value;
            }
            assert!(began.elapsed() < PATIENCE, "{path} stays {value}");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Answer {
    fn of(response: Response<ureq::Body>) -> Self {
        let (parts, mut body) = response.into_parts();
        let text = body.read_to_string().unwrap();
        Self { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The problem's code and field.
    pub fn problem(&self) -> (u16, String, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let problem = self.json();
        let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
        assert!(!text("detail").is_empty() && !text("request_id").is_empty(), "{problem}");
        (self.status, text("code"), text("field"))
    }
}
