//! About how much memory rows take on their way, so that it can be bounded.

use serde_json::Value as Json;

use super::{Record, Row};

/// What an allocation costs beside its bytes.
const ALLOCATED: usize = 16;

impl Record {
    /// About how much memory it takes, with what a walk notes of it.
    pub(crate) fn bytes(&self) -> u64 {
        const NOTED: usize = 64;
        let rejects = self.rejects.iter().map(|reject| reject.payload.len() + reject.reason.len());
        let rows = self.rows.iter().map(Row::bytes);
        (size_of::<Record>() + NOTED + rejects.chain(rows).sum::<usize>()) as u64
    }
}

impl Row {
    /// About how much memory it takes.
    fn bytes(&self) -> usize {
        let extra = self.extra.iter().map(|(name, json)| name.len() + json_bytes(json));
        size_of::<Row>() + self.content.len() + ALLOCATED + extra.sum::<usize>()
    }
}

fn json_bytes(json: &Json) -> usize {
    let held = match json {
        Json::String(text) => text.len() + ALLOCATED,
        Json::Number(number) => number.as_str().len() + ALLOCATED,
        Json::Array(items) => items.iter().map(json_bytes).sum(),
        Json::Object(map) => map.iter().map(|(name, json)| name.len() + ALLOCATED + json_bytes(json)).sum(),
        _ => 0,
    };
    size_of::<Json>() + held
}
