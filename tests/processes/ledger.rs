//! What the processes wrote down themselves: which job began in which of them, and how it ended there.

use std::{collections::BTreeMap, fs};

use serde_json::Value;

use crate::house::House;

/// Starts and ends of jobs, by job and process.
#[derive(Debug, Default)]
pub struct Ledger {
    pub begun: BTreeMap<String, BTreeMap<usize, usize>>,
    /// Ends that were not asked for by a stop: completed, failed, dead.
    pub ended: BTreeMap<String, BTreeMap<usize, usize>>,
    /// When a job began, and when it was completed, by the clock of the machine that all processes share.
    pub times: BTreeMap<String, Times>,
}

/// When a job began, and when it was completed.
#[derive(Debug, Default)]
pub struct Times {
    pub begun: Vec<String>,
    pub completed: Vec<String>,
}

impl Ledger {
    pub fn read(house: &House) -> Self {
        let mut ledger = Self::default();
        for process in 1..=house.started {
            let Ok(text) = fs::read_to_string(house.log(process)) else { continue };
            for line in text.lines() {
                // The last line of a process that was killed may be cut off; notes for people are no JSON.
                let Ok(entry) = serde_json::from_str::<Value>(line) else { continue };
                ledger.note(process, &entry);
            }
        }
        ledger
    }

    fn note(&mut self, process: usize, entry: &Value) {
        let Some(job) = entry["span"]["id"].as_str() else { return };
        let book = match entry["fields"]["message"].as_str() {
            Some("job begins") => &mut self.begun,
            Some("job completed" | "job failed for good" | "job failed and is tried again") => {
                &mut self.ended
            }
            _ => return,
        };
        let times = self.times.entry(job.to_owned()).or_default();
        let at =
            entry["timestamp"].as_str().expect("each line says when it was written").to_owned();
        match entry["fields"]["message"].as_str() {
            Some("job begins") => times.begun.push(at),
            Some("job completed") => times.completed.push(at),
            _ => {}
        }
        *book.entry(job.to_owned()).or_default().entry(process).or_default() += 1;
    }

    /// Starts beyond each job's first.
    pub fn repeats(&self) -> usize {
        self.begun.values().map(|by| by.values().sum::<usize>() - 1).sum()
    }

    /// Jobs that began although somebody had completed them, however many processes there were at once.
    pub fn begun_after_their_end(&self) -> Vec<&str> {
        let is_so = |times: &Times| {
            let last = times.begun.iter().max();
            times.completed.iter().min().is_some_and(|first| last.is_some_and(|last| first < last))
        };
        self.times.iter().filter(|(_, times)| is_so(times)).map(|(job, _)| job.as_str()).collect()
    }

    /// Jobs that began once more in a process in which they had begun, or after a process in which they had ended.
    pub fn needless(&self) -> Vec<&str> {
        let is_needless = |job: &String, by: &BTreeMap<usize, usize>| {
            let last = by.keys().max().copied().unwrap_or(0);
            let ended = self.ended.get(job);
            let ended_before =
                ended.is_some_and(|ended| ended.keys().any(|process| *process < last));
            ended_before || by.values().any(|times| 1 < *times)
        };
        self.begun
            .iter()
            .filter(|(job, by)| is_needless(job, by))
            .map(|(job, _)| job.as_str())
            .collect()
    }
}
