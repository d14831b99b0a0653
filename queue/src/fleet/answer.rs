//! Takes answers of scripts apart.

use redis::Value;

use super::problem::unavailable;
use crate::{QueueError, QueueResult};

/// An answer's parts, taken one after the other. One that is not as it should be is an error, never a panic.
pub(super) struct Answer<'p> {
    place: &'p str,
    parts: std::vec::IntoIter<Value>,
}

impl<'p> Answer<'p> {
    pub fn of(place: &'p str, value: Value) -> QueueResult<Self> {
        match value {
            Value::Array(parts) => Ok(Self { place, parts: parts.into_iter() }),
            _ => Err(strange(place)),
        }
    }

    pub fn is_over(&self) -> bool {
        self.parts.len() == 0
    }

    /// Bytes, or nothing.
    pub fn bytes(&mut self) -> QueueResult<Option<Vec<u8>>> {
        match self.parts.next() {
            Some(Value::BulkString(bytes)) => Ok(Some(bytes)),
            Some(Value::SimpleString(text)) => Ok(Some(text.into_bytes())),
            Some(Value::Nil | Value::Boolean(false)) => Ok(None),
            _ => Err(strange(self.place)),
        }
    }

    /// Bytes that must be there.
    pub fn some_bytes(&mut self) -> QueueResult<Vec<u8>> {
        self.bytes()?.ok_or_else(|| strange(self.place))
    }

    /// An answer within the answer.
    pub fn part(&mut self) -> QueueResult<Self> {
        let place = self.place;
        self.parts.next().ok_or_else(|| strange(place)).and_then(|it| Self::of(place, it))
    }

    /// A number, however it is written.
    pub fn number(&mut self) -> QueueResult<i64> {
        match self.parts.next() {
            Some(Value::Int(number)) => Ok(number),
            Some(Value::BulkString(bytes)) => {
                let text = String::from_utf8(bytes).ok();
                text.and_then(|it| it.parse().ok()).ok_or_else(|| strange(self.place))
            }
            _ => Err(strange(self.place)),
        }
    }

    /// A number of things.
    pub fn count(&mut self) -> QueueResult<u64> {
        Ok(u64::try_from(self.number()?).unwrap_or(0))
    }
}

/// A text that is the whole answer.
pub(super) fn text(place: &str, value: Value) -> QueueResult<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).map_err(|_| strange(place)),
        Value::SimpleString(text) => Ok(text),
        _ => Err(strange(place)),
    }
}

pub(super) fn strange(place: &str) -> QueueError {
    unavailable(place, "it gave an answer that no script of ours gives")
}
