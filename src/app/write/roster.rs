//! Skill groups as a file wants them: what that takes, and doing it group by group.
//!
//! Nothing is remembered between two applies but the log of actions. Each looks at the vendor, does what is
//! missing there, and looks again; an earlier write whose answer was lost is settled by what is seen, not
//! by sending it again.

use chrono::{DateTime, Utc};

use crate::app::assembly::policy::pass_config;
use crate::app::assembly::stream::{http_config, moor_config, moor_limits};
use crate::app::write::action::{ActionError, ActionService};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::person::privacy::Privacy;
use crate::domain::proof::certificate::Certificate;
use crate::domain::stream::{StreamId, StreamKey};
use crate::domain::vendor::action::{ActionCommand, ActionRecord, target};
use crate::domain::vendor::roster::{Group, NewGroup, groups};
use crate::domain::vendor::roster_check::{RosterLine, contradictions, lost_zeros};
use crate::domain::vendor::roster_hold::hold_to_plan;
use crate::domain::vendor::roster_plan::{RosterPlan, WantedGroup, addition, in_no_group, plan};
use crate::engine::pass::reader::PassConfig;
use crate::engine::port::budget::BudgetKey;
use crate::engine::port::source::Source;
use crate::engine::read::fetch::Fetcher;
use crate::engine::read::{Before, ReadEnd, read};
use crate::report::language::Language;
use crate::sources::http::HttpClient;
use crate::sources::moor::{MoorAccount, MoorConfig, MoorWriter};

/// The skill groups of one 7moor account, to be looked at and changed.
pub struct RosterService<'a> {
    pub(in crate::app) service: &'a ActionService<'a>,
    pub(in crate::app) writer: MoorWriter,
    key: StreamKey,
    account: MoorAccount,
    config: PassConfig,
    privacy: Privacy,
    /// A request that was sent this long ago has reached the vendor or never will.
    pub(in crate::app) settle: chrono::Duration,
}

/// What it takes to make a skill group.
#[derive(Debug)]
pub struct Addition {
    /// With this one group.
    pub plan: RosterPlan,
    /// Numbers of groups that have its name already.
    pub namesakes: Vec<String>,
}

impl<'a> ActionService<'a> {
    /// The skill groups of this source, or of the only one of kind moor.
    ///
    /// # Errors
    /// Where there is no such source, or more than one.
    pub fn roster(&'a self, source: Option<&str>) -> Result<RosterService<'a>, ActionError> {
        let (name, writer) = self.moor(source)?;
        let settings = &self.app.settings;
        let missing = || ActionError::Order(format!("{name} has no skill groups"));
        let source = settings.source(&name).ok_or_else(missing)?;
        let stream = source.streams.iter().find(|stream| stream.key.stream == StreamId::MOOR_QUEUE);
        let stream = stream.ok_or_else(missing)?;
        // Names are compared with a file's, so nothing is masked; nothing of it is stored either.
        let config = moor_config(source).ok_or_else(missing)?;
        let config = MoorConfig { privacy: Privacy::KEEP, ..config };
        let limits = moor_limits(source, self.budget.clone());
        let http = HttpClient::new(&http_config(settings))?;
        Ok(RosterService {
            service: self,
            writer,
            key: stream.key.clone(),
            account: MoorAccount::new(config, http, limits, self.app.overrides.clock.clone()),
            privacy: source.privacy.clone(),
            config: pass_config(&settings.engine, stream),
            settle: chrono::Duration::from_std(settings.http.total_timeout).unwrap_or(chrono::Duration::MAX),
        })
    }
}

impl RosterService<'_> {
    /// The source's name.
    pub fn source(&self) -> &str {
        &self.key.source
    }

    /// What becomes of agents' names and of numbers in them.
    pub fn privacy(&self) -> &Privacy {
        &self.privacy
    }

    /// When it is, by the clock of the product.
    pub(in crate::app) fn now(&self) -> DateTime<Utc> {
        self.service.app.overrides.clock.now()
    }

    /// All groups, as the vendor has them now.
    ///
    /// # Errors
    /// What the vendor cannot be read for, and groups that cannot be understood.
    pub async fn groups(&self) -> Result<Vec<Group>, Fault> {
        self.look(self.account.stream(StreamId::MOOR_QUEUE).as_ref()).await
    }

    /// The group of this number as it is now, if there is one.
    pub(in crate::app) async fn group(&self, exten: &str) -> Result<Option<Group>, Fault> {
        let source = self.account.one_of(StreamId::MOOR_QUEUE, exten);
        let found = self.look(source.as_ref()).await?;
        Ok(found.into_iter().find(|group| group.exten == exten))
    }

    async fn look(&self, source: &dyn Source) -> Result<Vec<Group>, Fault> {
        let clock = self.service.app.overrides.clock.as_ref();
        let budget: BudgetKey = self.account.budget_key(StreamId::MOOR_QUEUE);
        let limit = (self.service.budget.as_ref(), &budget);
        let mut fetcher = Fetcher::new(&self.key, source, limit, clock, self.config.retry);
        let mut walk = self.config.walk;
        let end = read(&mut fetcher, &self.config.rules, &mut walk, None, Before::default()).await?;
        let closed = match end {
            ReadEnd::Closed(closed) => closed,
            ReadEnd::Split(split) => {
                let what =
                    format!("{}: {} groups are more than can be read at once", self.key, split.elements);
                return Err(Fault::new(FaultKind::WindowTooLarge, what));
            }
        };
        if let Some(reason) = closed.certificate.reason {
            let Certificate { vendor_total, rows, .. } = closed.certificate;
            let what = format!(
                "{}: {}, so nothing can be compared with the groups; try again",
                self.key,
                reason.sentence(rows, vendor_total, Language::En)
            );
            return Err(Fault::new(FaultKind::WalkUnsettled, what).advising());
        }
        if let Some(reject) = closed.rejects.first() {
            let what = format!(
                "{}: a group cannot be read ({}), so nothing can be compared with it",
                self.key, reject.reason
            );
            return Err(Fault::new(FaultKind::Malformed, what));
        }
        Ok(groups(&closed.rows))
    }

    /// What it takes to make the vendor's groups like these. `lines`: where they were read from lines of members.
    /// `checked`: members whom nothing knows are refused.
    ///
    /// # Errors
    /// Lines that contradict the vendor, unknown members, and what [`RosterService::groups`] fails with.
    pub async fn plan(
        &self,
        wanted: &[WantedGroup],
        lines: &[RosterLine],
        checked: bool,
    ) -> Result<RosterPlan, ActionError> {
        let vendor = self.groups().await?;
        let mut wrong = contradictions(lines, &vendor, &self.privacy);
        if checked {
            wrong.extend(lost_zeros(wanted, &vendor));
        }
        if !wrong.is_empty() {
            return Err(ActionError::Order(wrong.join("\n")));
        }
        let plan = plan(self.source(), wanted, &vendor);
        if checked {
            self.refuse_unknown(&plan, &vendor).await?;
        }
        Ok(plan)
    }

    /// What it takes to make this group. `checked` as in [`RosterService::plan`].
    ///
    /// # Errors
    /// As [`RosterService::plan`].
    pub async fn addition(&self, new: &NewGroup, checked: bool) -> Result<Addition, ActionError> {
        let vendor = self.groups().await?;
        let plan = RosterPlan {
            source: self.source().to_owned(),
            groups: vec![addition(new)],
            others: vendor.len(),
            in_no_group: in_no_group(new.members.iter(), &vendor),
        };
        if checked {
            self.refuse_unknown(&plan, &vendor).await?;
        }
        let namesakes = vendor.into_iter().filter(|group| group.display_name == new.display_name);
        Ok(Addition { plan, namesakes: namesakes.map(|group| group.exten).collect() })
    }

    /// A plan that was made earlier, as far as it still holds. `checked` as in [`RosterService::plan`].
    ///
    /// # Errors
    /// As [`RosterService::plan`].
    pub async fn hold(&self, saved: RosterPlan, checked: bool) -> Result<RosterPlan, ActionError> {
        let vendor = self.groups().await?;
        let plan = hold_to_plan(saved, &vendor);
        if checked {
            self.refuse_unknown(&plan, &vendor).await?;
        }
        Ok(plan)
    }

    async fn refuse_unknown(&self, plan: &RosterPlan, vendor: &[Group]) -> Result<(), ActionError> {
        let members = vendor.iter().flat_map(|group| &group.members);
        let seen = members.map(|member| member.agent_number.clone()).collect();
        let wanted: Vec<_> = plan.groups.iter().flat_map(|group| group.wanted.clone()).collect();
        self.service.refuse_unknown_members(self.source(), &wanted, &seen).await
    }

    /// Earlier writes of this kind about this group whose answer was lost.
    pub(in crate::app) async fn unknown(
        &self,
        command: ActionCommand,
        about: &str,
    ) -> Result<Vec<ActionRecord>, Fault> {
        self.service.log.unknown_actions(self.source(), command.as_str(), &target(about)).await
    }
}
