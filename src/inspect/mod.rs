//! `steward inspect`: mails in files, and what is understood of them.

mod page;
mod view;

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Subcommand;
use domain::mail::{self, MESSAGE_BYTES_MAX};

use crate::output::Output;

#[derive(Subcommand)]
pub enum Command {
    /// Read whole messages (RFC 5322): one result per file, with `--json` one line each.
    Mail {
        /// Files, each with one raw message.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The name under which the receiving provider writes `Authentication-Results`; without it nobody vouches for
        /// a sender.
        #[arg(long)]
        authserv_id: Option<String>,
    },
    /// Read a text without headers: what was written, what is quoted, and how it is signed.
    Text {
        /// A file with the text.
        file: PathBuf,
        /// Who sent it, as a From header would say: `Name <address>`.
        #[arg(long, default_value = "")]
        from: String,
    },
}

pub fn run(command: &Command, output: &Output) -> anyhow::Result<ExitCode> {
    match command {
        Command::Mail { files, authserv_id } => mails(files, authserv_id.as_deref(), output),
        Command::Text { file, from } => text(file, from, output),
    }
}

/// A file that cannot be read has its own result, and keeps no other back.
fn mails(
    files: &[PathBuf],
    authserv_id: Option<&str>,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for file in files {
        let reading = bytes(file).and_then(|raw| Ok(mail::read(&raw, authserv_id)?));
        let goes_on = match &reading {
            Ok(reading) => {
                let shown = view::Mail::of(file, reading, authserv_id.is_some());
                output.print_one(&shown, || shown.text(reading))?
            }
            Err(error) => {
                code = ExitCode::FAILURE;
                let unread = view::Unread::of(file, error);
                output.print_one(&unread, || unread.text())?
            }
        };
        if !goes_on {
            break;
        }
    }
    Ok(code)
}

fn text(file: &Path, from: &str, output: &Output) -> anyhow::Result<ExitCode> {
    let raw = bytes(file).with_context(|| file.display().to_string())?;
    let reading = mail::read_text(&String::from_utf8_lossy(&raw), from);
    let shown = view::Text::of(file, &reading);
    output.print_one(&shown, || shown.text(&reading))?;
    Ok(ExitCode::SUCCESS)
}

/// A file's bytes, no more than are read of a message.
fn bytes(file: &Path) -> anyhow::Result<Vec<u8>> {
    let open = File::open(file).context("it cannot be opened")?;
    let most = u64::try_from(MESSAGE_BYTES_MAX)?.saturating_add(1);
    let mut raw = Vec::new();
    open.take(most).read_to_end(&mut raw).context("it cannot be read")?;
    Ok(raw)
}
