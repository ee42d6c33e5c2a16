//! A share of all rows inspected again at once, for measuring.

use serde::{Deserialize, Serialize};

use crate::disturbance::switchboard::Switches;
use crate::disturbance::switches::FilterTime;
use crate::vendor::data;
use crate::vendor::inspection::Channel;
use crate::vendor::world::World;

/// Which rows get other scores: about this share of the channel's, drawn by chance. Where queries filter by the
/// contact's time, their quality time moves to now as well; else it would move them to another window.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rescored {
    /// Calls or chats.
    channel: Channel,
    /// From 0 to 1.
    share: f64,
}

/// What was done.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Changed {
    /// Rows that have other scores than before.
    changed: usize,
}

impl World {
    pub(crate) fn rescore_share(
        &mut self,
        order: Rescored,
        switches: &Switches,
        now_ms: i64,
    ) -> Result<Changed, String> {
        let Rescored { channel, share } = order;
        if !(0.0..=1.0).contains(&share) {
            return Err(format!("the share {share} must lie from 0 to 1"));
        }
        let mut rng = self.rng.clone();
        let moves = switches.sobot_filter == FilterTime::Contact;
        let changed = self.page_index_mut(channel).change_each(|row| {
            if !rng.chance(share) {
                return false;
            }
            let before = row.got;
            (row.max, row.got) = data::scores(&mut rng, channel);
            if row.got == before {
                row.got[0] += 1;
            }
            if moves {
                row.quality_ms = now_ms.max(row.quality_ms.saturating_add(1_000));
            }
            true
        });
        self.rng = rng;
        Ok(Changed { changed })
    }
}
