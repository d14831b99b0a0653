//! A job as it lies in Redis: a record that never changes, and a state that does.
//!
//! The record: when it was kept by its producer's clock (f64), its line (16 bytes), priority, kind of its key, the window (f64) if the key has
//! one, the key's length and the key if there is one, the name's length and the name, the body. The state is what the
//! scripts call `FORM`. All numbers are big-endian.

use jobs::{JobId, Priority, Queue, TenantId, Timestamp};
use uuid::Uuid;

use crate::{Found, Lease, Leased, NewTask, State, Token, fair::LineKey};

/// Bytes of a state before the worker's name.
const STATE: usize = 53;
const CANCELLING: u8 = 1;
const IS_ALONE: u8 = 2;

/// A job's line in its queue: a tenant's id, or zeros for the house's own.
pub(super) fn line_of(tenant: Option<TenantId>) -> [u8; 16] {
    tenant.map_or(0, |it| it.uuid().as_u128()).to_be_bytes()
}

pub(super) fn tenant_of(line: [u8; 16]) -> Option<TenantId> {
    let key = LineKey::from_be_bytes(line);
    (key != 0).then(|| TenantId::from_uuid(Uuid::from_u128(key)))
}

pub(super) fn id_of(bytes: &[u8]) -> Option<JobId> {
    Uuid::from_slice(bytes).ok().map(JobId::from_uuid)
}

/// Writes a job's record.
pub(super) fn write(task: &NewTask, now_ms: i64) -> Vec<u8> {
    let mut record = Vec::with_capacity(task.body.len() + task.name.len() + 48);
    record.extend((now_ms as f64).to_be_bytes());
    record.extend(line_of(task.tenant));
    record.push(task.priority.value());
    match &task.unique {
        None => record.push(0),
        Some(unique) => {
            match unique.window() {
                None => record.push(1),
                Some(window) => {
                    record.push(2);
                    record.extend((window.as_millis() as f64).to_be_bytes());
                }
            }
            push_short(&mut record, unique.key());
        }
    }
    push_short(&mut record, &task.name);
    record.extend_from_slice(&task.body);
    record
}

/// A text of at most 255 bytes, which was checked before.
fn push_short(into: &mut Vec<u8>, text: &str) {
    into.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    into.extend_from_slice(text.as_bytes());
}

/// What a record says; none if it is no record.
pub(super) struct Record {
    pub enqueued_at_ms: i64,
    pub line: [u8; 16],
    pub priority: u8,
    pub unique_key: Option<String>,
    pub name: String,
    pub body: Vec<u8>,
}

impl Record {
    /// Reads one; its body is what is left of the bytes.
    pub fn read(mut bytes: Vec<u8>) -> Option<Self> {
        let mut reader = Reader { bytes: &bytes };
        let enqueued_at_ms = reader.time()?;
        let line = reader.take()?;
        let [priority, kind] = reader.take()?;
        if kind == 2 {
            reader.time()?;
        }
        let unique_key = if kind == 0 { None } else { Some(reader.short()?) };
        let name = reader.short()?;
        let begin = bytes.len() - reader.bytes.len();
        bytes.drain(..begin);
        Some(Self { enqueued_at_ms, line, priority, unique_key, name, body: bytes })
    }
}

/// The state that a letter stands for.
pub(super) fn state_of(letter: u8) -> Option<State> {
    match letter {
        b's' => Some(State::Scheduled),
        b'q' => Some(State::Ready),
        b'r' => Some(State::Running),
        b'c' => Some(State::Completed),
        b'd' => Some(State::Dead),
        b'x' => Some(State::Cancelled),
        _ => None,
    }
}

/// What a state says.
pub(super) struct JobState {
    pub state: State,
    pub at_ms: i64,
    pub token: i64,
    pub attempt: u32,
    pub rescues: u32,
    pub snoozes: u32,
    pub flags: u8,
    pub worker: String,
}

impl JobState {
    /// Reads one; none if it is no state.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader { bytes };
        let [letter] = reader.take()?;
        let state = state_of(letter)?;
        let (at_ms, token, _turn) = (reader.time()?, reader.time()?, reader.time()?);
        let attempt = u32::from_be_bytes(reader.take()?);
        let rescues = u32::from(u16::from_be_bytes(reader.take()?));
        let snoozes = u32::from_be_bytes(reader.take()?);
        let [flags, _priority] = reader.take()?;
        let _line: [u8; 16] = reader.take()?;
        debug_assert_eq!(bytes.len() - reader.bytes.len(), STATE);
        let worker = String::from_utf8_lossy(reader.bytes).into_owned();
        Some(Self { state, at_ms, token, attempt, rescues, snoozes, flags, worker })
    }
}

/// A job that was handed out together with others, under this token.
pub(super) fn leased_together(
    queue: Queue,
    id: &[u8],
    record: Vec<u8>,
    token: i64,
) -> Option<Leased> {
    let (id, record) = (id_of(id)?, Record::read(record)?);
    let lease = Lease { id, token: token_of(queue, token) };
    Some(handed_out(lease, record, 1, 0, 0))
}

/// A job that was handed out with a state of its own.
pub(super) fn leased(queue: Queue, id: &[u8], record: Vec<u8>, state: &[u8]) -> Option<Leased> {
    let (id, record, state) = (id_of(id)?, Record::read(record)?, JobState::read(state)?);
    let lease = Lease { id, token: token_of(queue, state.token) };
    Some(handed_out(lease, record, state.attempt, state.snoozes, state.flags))
}

fn handed_out(lease: Lease, record: Record, attempt: u32, snoozes: u32, flags: u8) -> Leased {
    Leased {
        lease,
        name: record.name,
        tenant: tenant_of(record.line),
        attempt,
        snoozes,
        is_alone: flags & IS_ALONE != 0,
        body: record.body,
    }
}

/// A job as it is kept. One without a state is ready, and nobody has touched it.
pub(super) fn found(
    queue: Queue,
    id: JobId,
    record: Vec<u8>,
    state: Option<&[u8]>,
    error: Option<String>,
) -> Option<Found> {
    let record = Record::read(record)?;
    let state = match state {
        Some(state) => JobState::read(state)?,
        None => JobState {
            state: State::Ready,
            at_ms: record.enqueued_at_ms,
            token: 0,
            attempt: 0,
            rescues: 0,
            snoozes: 0,
            flags: 0,
            worker: String::new(),
        },
    };
    let moment = Timestamp::from_timestamp_millis;
    let is_running = state.state == State::Running;
    Some(Found {
        id,
        queue,
        name: record.name,
        tenant: tenant_of(record.line),
        priority: Priority::new(record.priority).unwrap_or_default(),
        state: state.state,
        attempt: state.attempt,
        rescues: state.rescues,
        snoozes: state.snoozes,
        enqueued_at: moment(record.enqueued_at_ms).unwrap_or_default(),
        at: (!is_running).then(|| moment(state.at_ms)).flatten(),
        worker: is_running.then_some(state.worker),
        is_cancelling: state.flags & CANCELLING != 0,
        unique_key: record.unique_key,
        error,
        body: record.body,
    })
}

/// Queues that a token tells apart: more than there are.
const QUEUES: i64 = 8;

/// A token says in which queue it was given, so that an answer finds its slot.
fn token_of(queue: Queue, number: i64) -> Token {
    let place = Queue::ALL.iter().position(|it| *it == queue).unwrap_or_default();
    Token(number * QUEUES + i64::try_from(place).unwrap_or_default())
}

/// A token as the scripts know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    /// As it stands in a state.
    pub bytes: [u8; 8],
    /// Whether it is that of jobs that were handed out together.
    pub is_together: bool,
}

/// The queue and the number of a token; none if no engine of this kind gave it.
pub(super) fn of_token(token: Token) -> Option<(Queue, Number)> {
    let place = usize::try_from(token.0.rem_euclid(QUEUES)).ok()?;
    let number = token.0.div_euclid(QUEUES);
    let (bytes, is_together) = ((number as f64).to_be_bytes(), number % 2 != 0);
    Some((*Queue::ALL.get(place)?, Number { bytes, is_together }))
}

/// Takes numbers and texts from the front.
struct Reader<'b> {
    bytes: &'b [u8],
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = rest;
        Some(*taken)
    }

    /// A whole number that a script keeps as its only kind of number.
    fn time(&mut self) -> Option<i64> {
        Some(f64::from_be_bytes(self.take()?) as i64)
    }

    fn short(&mut self) -> Option<String> {
        let [length] = self.take()?;
        let (text, rest) = self.bytes.split_at_checked(usize::from(length))?;
        let text = String::from_utf8(text.to_vec()).ok()?;
        self.bytes = rest;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let task = NewTask {
            id: JobId::from_uuid(Uuid::from_u128(1)),
            queue: Queue::Mail,
            name: "sync".to_owned(),
            tenant: None,
            priority: Priority::new(3).unwrap(),
            run_at: None,
            unique: Some(jobs::Unique::within("ü:1", std::time::Duration::from_secs(60)).unwrap()),
            body: vec![0, 255, 13, 10],
        };
        let bytes = write(&task, 1_778_486_400_000);
        let record = Record::read(bytes.clone()).unwrap();
        assert_eq!((record.enqueued_at_ms, record.priority), (1_778_486_400_000, 3));
        assert_eq!((record.unique_key.as_deref(), record.name.as_str()), (Some("ü:1"), "sync"));
        assert_eq!(record.body, task.body);
        for length in 0..bytes.len() - task.body.len() {
            assert!(Record::read(bytes[..length].to_vec()).is_none(), "{length}");
        }
    }

    #[test]
    fn a_token_finds_its_queue() {
        for queue in Queue::ALL {
            let token = token_of(queue, 3_556_972_800_000_123);
            let bytes = 3_556_972_800_000_123_f64.to_be_bytes();
            assert_eq!(of_token(token), Some((queue, Number { bytes, is_together: true })));
        }
        assert_eq!(of_token(Token(7)), None);
    }
}
