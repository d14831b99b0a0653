//! What is printed: text for people, JSON for programs, and nothing but plain text into a pipe.

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
};

use serde::Serialize;

/// Where results go, and in which form.
///
/// Whoever reads may be slow, or not read at all: writing keeps no other task waiting.
#[derive(Clone, Copy)]
pub struct Output {
    json: bool,
}

impl Output {
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether a person is watching standard error, so that progress makes sense.
    pub fn shows_progress(&self) -> bool {
        !self.json && std::io::stderr().is_terminal()
    }

    /// Prints a result: `value` as JSON, or `text` for people.
    pub fn print<T: Serialize>(
        &self,
        value: &T,
        text: impl FnOnce() -> String,
    ) -> anyhow::Result<()> {
        let line = if self.json { serde_json::to_string_pretty(value)? } else { text() };
        let written = apart(|| writeln!(std::io::stdout().lock(), "{}", line.trim_end()));
        // A closed pipe is the reader's way to say that it has seen enough.
        match written {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => Ok(other?),
        }
    }

    /// Prints one of many results: `value` as one line of JSON, or `text` for people. Says whether anybody reads on.
    pub fn print_one<T: Serialize>(
        &self,
        value: &T,
        text: impl FnOnce() -> String,
    ) -> anyhow::Result<bool> {
        let line = if self.json { serde_json::to_string(value)? } else { text() };
        let written = apart(|| writeln!(std::io::stdout().lock(), "{}", line.trim_end()));
        match written {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
            other => Ok(other.map(|()| true)?),
        }
    }

    /// Says something beside the result, to a person only.
    pub fn note(&self, text: &str) {
        if !self.json {
            apart(|| eprintln!("{text}"));
        }
    }

    /// Tells what went wrong, once, and how.
    pub fn failure(&self, error: &anyhow::Error) -> ExitCode {
        let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
        if self.json {
            let problem = serde_json::json!({ "error": causes.join(": ") });
            eprintln!("{problem}");
        } else {
            eprintln!("error: {}", told_once(&causes));
        }
        ExitCode::FAILURE
    }
}

/// Does what may block, without holding up other tasks of the runtime.
fn apart<T>(write: impl FnOnce() -> T) -> T {
    match tokio::runtime::Handle::try_current() {
        Ok(_) => tokio::task::block_in_place(write),
        Err(_) => write(),
    }
}

/// Joins causes, leaving out those that an outer one has quoted already.
fn told_once(causes: &[String]) -> String {
    let mut told: Vec<&str> = Vec::new();
    for cause in causes {
        if !told.iter().any(|outer| outer.contains(cause.as_str())) {
            told.push(cause);
        }
    }
    told.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_was_quoted_is_not_told_twice() {
        let causes = ["cannot open: no such file".to_owned(), "no such file".to_owned()];
        assert_eq!(told_once(&causes), "cannot open: no such file");
    }
}
