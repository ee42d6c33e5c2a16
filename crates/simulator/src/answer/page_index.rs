//! The inspections of one channel, found by either of their times.

use std::ops::Range;

use serde_json::Value;

use crate::disturbance::switchboard::Switches;
use crate::disturbance::switches::FilterTime;
use crate::vendor::inspection::{Channel, Inspection};

/// Rows, and two indexes over those that are not gone. A sorted list serves a
/// page at any depth at once, which a tree does not, and one insertion into it
/// moves a few megabytes at the very most.
#[derive(Debug)]
pub(crate) struct PageIndex {
    pub(crate) channel: Channel,
    rows: Vec<Inspection>,
    by_quality: Vec<(i64, usize)>,
    by_contact: Vec<(i64, usize)>,
}

impl PageIndex {
    pub(crate) fn new(channel: Channel, rows: Vec<Inspection>) -> Self {
        let index = |filter: FilterTime| {
            let mut list: Vec<_> =
                rows.iter().enumerate().map(|(i, row)| (row.filter_ms(filter), i)).collect();
            list.sort_unstable();
            list
        };
        let (by_quality, by_contact) = (index(FilterTime::Quality), index(FilterTime::Contact));
        Self { channel, rows, by_quality, by_contact }
    }

    /// The rows whose time lies in the window, oldest first.
    pub(crate) fn within(&self, filter: FilterTime, window: Range<i64>) -> &[(i64, usize)] {
        let list = match filter {
            FilterTime::Quality => &self.by_quality,
            FilterTime::Contact => &self.by_contact,
        };
        let low = list.partition_point(|(ms, _)| *ms < window.start);
        let high = list.partition_point(|(ms, _)| *ms < window.end);
        list.get(low..high).unwrap_or_default()
    }

    pub(crate) fn row(&self, index: usize) -> Option<&Inspection> {
        self.rows.get(index)
    }

    /// Rows that are not gone.
    pub(crate) fn len(&self) -> usize {
        self.by_quality.len()
    }

    /// The index of the n-th row by quality time.
    pub(crate) fn nth(&self, n: usize) -> Option<usize> {
        self.by_quality.get(n).map(|(_, index)| *index)
    }

    /// The newest row with this id (and agent, if given) that is not gone.
    pub(crate) fn find(&self, id: &str, agentid: Option<&str>) -> Option<usize> {
        self.rows.iter().rposition(|row| {
            !row.gone && &*row.id == id && agentid.is_none_or(|agentid| &*row.person.agentid == agentid)
        })
    }

    pub(crate) fn insert(&mut self, row: Inspection) {
        self.rows.push(row);
        self.enlist(self.rows.len() - 1);
    }

    /// Marks a row as gone.
    pub(crate) fn remove(&mut self, index: usize) {
        self.delist(index);
        if let Some(row) = self.rows.get_mut(index) {
            row.gone = true;
        }
    }

    /// Changes a row that is not gone; its times may move.
    pub(crate) fn change(&mut self, index: usize, how: impl FnOnce(&mut Inspection)) {
        self.delist(index);
        if let Some(row) = self.rows.get_mut(index) {
            how(row);
        }
        self.enlist(index);
    }

    /// Changes any number of rows that are not gone, in the order of their quality times; `how` says whether it
    /// changed the row, and how many it were is answered. One sort, where [`PageIndex::change`] moves half the
    /// list for each row.
    pub(crate) fn change_each(&mut self, mut how: impl FnMut(&mut Inspection) -> bool) -> usize {
        let mut changed = 0;
        for (_, index) in &self.by_quality {
            changed += usize::from(self.rows.get_mut(*index).is_some_and(&mut how));
        }
        let lists =
            [(&mut self.by_quality, FilterTime::Quality), (&mut self.by_contact, FilterTime::Contact)];
        for (list, filter) in lists {
            for (ms, index) in list.iter_mut() {
                *ms = self.rows.get(*index).map_or(*ms, |row| row.filter_ms(filter));
            }
            list.sort_unstable();
        }
        changed
    }

    /// Everything that is not gone, oldest quality time first.
    pub(crate) fn truth(&self, switches: &Switches) -> Vec<Value> {
        let rows = self.by_quality.iter().filter_map(|(_, index)| self.rows.get(*index));
        rows.map(|row| row.to_json(self.channel, switches)).collect()
    }

    /// The keys of all rows that ever were: calls `[id, agentid]`, chats
    /// `[id, schemeid, agentid]`.
    pub(crate) fn keys_ever(&self) -> Vec<Vec<String>> {
        let key = |row: &Inspection| match self.channel {
            Channel::Call => vec![row.id.to_string(), row.person.agentid.to_string()],
            Channel::Chat => {
                vec![row.id.to_string(), row.schemeid.to_string(), row.person.agentid.to_string()]
            }
        };
        let mut keys: Vec<_> = self.rows.iter().map(key).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    fn enlist(&mut self, index: usize) {
        let Some(row) = self.rows.get(index) else { return };
        let pairs = [(&mut self.by_quality, row.quality_ms), (&mut self.by_contact, row.contact_ms)];
        for (list, ms) in pairs {
            let place = list.partition_point(|entry| *entry < (ms, index));
            list.insert(place, (ms, index));
        }
    }

    fn delist(&mut self, index: usize) {
        let Some(row) = self.rows.get(index) else { return };
        let pairs = [(&mut self.by_quality, row.quality_ms), (&mut self.by_contact, row.contact_ms)];
        for (list, ms) in pairs {
            if let Ok(place) = list.binary_search(&(ms, index)) {
                list.remove(place);
            }
        }
    }
}
