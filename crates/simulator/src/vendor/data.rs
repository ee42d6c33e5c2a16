//! The data set: the same from the same seed, in any size.

use std::sync::Arc;

use crate::service::config::SimulatorConfig;
use crate::vendor::inspection::{Channel, Inspection, Person, Tenths};
use crate::vendor::rng::Rng;
use crate::vendor::roster::{ASSIGN_RULES, Agent, Group, MEMORY_TIMES, Seat};
use crate::vendor::time::beijing_day_ms;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Contacts by Beijing hour: the day of a consumer hotline. Rare at night, so
/// that windows without rows happen.
const HOURS: [f64; 24] = [
    0.3, 0.1, 0.05, 0.0, 0.0, 0.05, 0.2, 0.8, 3.0, 8.0, 10.0, 9.0, 5.0, 6.0, 9.0, 10.0, 9.0, 8.0, 5.0, 4.5,
    4.0, 3.0, 1.5, 0.8,
];

/// How much less a weekend brings.
const WEEKEND: f64 = 0.35;

const FAMILY: [&str; 24] = [
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭", "何",
    "林", "高", "罗", "欧阳", "司马", "诸葛", "䶮",
];
const GIVEN: [&str; 20] = [
    "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "洋", "艳", "勇", "杰", "秀英", "思远", "雨桐", "子涵",
    "晓明", "建国", "文博", "𠮷",
];
const GROUP_NAMES: [&str; 12] = [
    "售前咨询",
    "售后服务",
    "投诉处理",
    "VIP专席",
    "退换货",
    "物流查询",
    "技术支持",
    "会员服务",
    "大客户",
    "夜班",
    "English Desk",
    "回访",
];

/// The agents, for both vendors.
pub(crate) fn agents(config: &SimulatorConfig) -> Vec<Agent> {
    let mut rng = Rng::new(config.seed, 1);
    let mut agents: Vec<_> = (0..config.agents.max(1)).map(|index| agent(&mut rng, index)).collect();
    // Three that break naive readers: an empty e-mail, a name that is its own
    // number (as in the documents' example), and one beyond the basic plane.
    let unusual = [(3, None, Some("")), (4, Some("8004"), None), (5, Some("小\"花\"\\🌸 O’Neil"), None)];
    for (index, name, email) in unusual {
        let Some(agent) = agents.get_mut(index) else { break };
        let person = Arc::make_mut(&mut agent.person);
        name.unwrap_or(&person.name.clone()).clone_into(&mut person.name);
        email.unwrap_or(&person.email.clone()).clone_into(&mut person.email);
        agent.nickname.clone_from(&agent.person.name);
    }
    distinguish(&mut agents);
    agents
}

/// Two of one name, and one whom each vendor knows by another name: nobody can say who is who from that.
fn distinguish(agents: &mut [Agent]) {
    if let [_, _, _, _, _, _, _, one, other, _, third, ..] = agents {
        Arc::make_mut(&mut other.person).name.clone_from(&one.person.name);
        other.nickname.clone_from(&one.nickname);
        third.nickname = format!("小{}", third.nickname);
    }
}

/// Whose work is never inspected: 7moor alone knows them. Sobot alone knows whom chance gives no seat.
const NEVER_INSPECTED: usize = 11;

/// Whose work an inspection is about.
fn inspected<'a>(rng: &mut Rng, agents: &'a [Agent]) -> Option<&'a Agent> {
    let index = rng.index(agents.len());
    let next = agents.get(index + 1).filter(|_| index == NEVER_INSPECTED);
    next.or_else(|| agents.get(index))
}

fn agent(rng: &mut Rng, index: usize) -> Agent {
    let person = Person {
        agentid: rng.hex32().into(),
        name: format!("{}{}", rng.pick(&FAMILY), rng.pick(&GIVEN)),
        // Some companies give addresses by number.
        email: if index.is_multiple_of(3) {
            format!("{}@example.com", 8000 + index)
        } else {
            format!("agent{index:04}@example.com")
        },
    };
    Agent {
        number: (8000 + index).to_string(),
        nickname: person.name.clone(),
        person: Arc::new(person),
        phone: format!("1{}{:08}", rng.pick(&[38, 39, 57, 86, 77]), rng.below(100_000_000)),
        pc_claims: rng.chance(0.6),
        mobile_claims: rng.chance(0.3),
    }
}

/// The skill groups.
pub(crate) fn groups(config: &SimulatorConfig, agents: usize) -> Vec<Group> {
    let mut rng = Rng::new(config.seed, 2);
    let (start, end) = range(config);
    let group = |index: usize| {
        let updated_ms = rng.between(start, end);
        group(&mut rng, 10_018_500 + index, agents, updated_ms)
    };
    (0..config.groups).map(group).collect()
}

/// One group of up to a dozen agents. Names repeat: they are not keys.
pub(crate) fn group(rng: &mut Rng, exten: usize, agents: usize, updated_ms: i64) -> Group {
    let mut seats: Vec<Seat> = Vec::new();
    for _ in 0..rng.below(13) {
        let seat = Seat { agent: rng.index(agents), priority: rng.between(0, 5) };
        if seats.iter().all(|other| other.agent != seat.agent) {
            seats.push(seat);
        }
    }
    let update_agent = if rng.chance(0.4) { String::new() } else { (8000 + rng.index(agents)).to_string() };
    Group {
        exten: exten.to_string(),
        display_name: rng.pick(&GROUP_NAMES).to_owned(),
        assign_rule: rng.pick(&ASSIGN_RULES).to_owned(),
        is_memory: rng.chance(0.5),
        memory_time: rng.pick(&MEMORY_TIMES).to_owned(),
        updated_ms,
        update_agent,
        seats,
    }
}

/// The inspections of one channel. Both times of every row lie within the
/// configured days, so that reading those days reads everything, whichever
/// time the vendor filters by.
pub(crate) fn inspections(config: &SimulatorConfig, channel: Channel, agents: &[Agent]) -> Vec<Inspection> {
    let (stream, count) = match channel {
        Channel::Call => (3, config.calls),
        Channel::Chat => (4, config.chats),
    };
    let mut rng = Rng::new(config.seed, stream);
    let (start, end) = range(config);
    let days = days(config);
    let schemes: Vec<Arc<str>> = (0..4).map(|_| rng.hex32().into()).collect();
    let nameless: Arc<str> = "".into();
    let mut rows: Vec<Inspection> = Vec::with_capacity(count);
    let mut shared_last = false;
    while rows.len() < count {
        let contact_ms = contact(&mut rng, &days).clamp(start, end - 1);
        let quality_ms = lagged(&mut rng, contact_ms, end);
        let mut row = inspection_of(&mut rng, channel, agents, (contact_ms, quality_ms), |rng| {
            // The number that would be its own scheme is drawn all the same: the data of a seed stay as they are.
            rng.skip_hex32();
            Arc::clone(&nameless)
        });
        row.schemeid =
            schemes.get(rng.index(schemes.len())).cloned().unwrap_or_else(|| Arc::clone(&nameless));
        // A transferred call is inspected for both agents, a chat under two
        // schemes: the id alone is not a key.
        let shares = rng.chance(0.03) && !shared_last;
        shared_last = false;
        if let Some(last) = rows.last().filter(|_| shares) {
            let same_key = match channel {
                Channel::Call => last.person.agentid == row.person.agentid,
                Channel::Chat => last.schemeid == row.schemeid,
            };
            if !same_key {
                row.id = Arc::clone(&last.id);
                shared_last = true;
            }
        }
        rows.push(row);
    }
    rows
}

/// One inspection with these times.
pub(crate) fn inspection(
    rng: &mut Rng,
    channel: Channel,
    agents: &[Agent],
    contact_ms: i64,
    quality_ms: i64,
) -> Inspection {
    inspection_of(rng, channel, agents, (contact_ms, quality_ms), |rng| rng.hex32().into())
}

fn inspection_of(
    rng: &mut Rng,
    channel: Channel,
    agents: &[Agent],
    (contact_ms, quality_ms): (i64, i64),
    scheme: impl FnOnce(&mut Rng) -> Arc<str>,
) -> Inspection {
    let id = match channel {
        Channel::Call => rng.uuid(),
        Channel::Chat => rng.hex32(),
    };
    let person = inspected(rng, agents).map(|agent| Arc::clone(&agent.person));
    let nobody = || Arc::new(Person { agentid: "".into(), name: String::new(), email: String::new() });
    let (max, got) = scores(rng, channel);
    Inspection {
        id: id.into(),
        schemeid: scheme(rng),
        person: person.unwrap_or_else(nobody),
        contact_ms,
        quality_ms,
        max,
        got,
        odd: rng.chance(0.05),
        gone: false,
        raw: None,
        omit: Vec::new(),
    }
}

/// Full marks and marks. The total is the sum of the parts, as in both of the
/// documents' examples; now and then it is more than the full marks, as there.
pub(crate) fn scores(rng: &mut Rng, channel: Channel) -> (Tenths, Tenths) {
    let standard_max = rng.pick(&[1000_i64, 1000, 1000, 1200, 2000, 1235]);
    let plus_max = rng.pick(&[100, 200, 220]);
    let deduction = rng.pick(&[200, 330]);
    let over = rng.chance(0.03);
    let standard = rng.between(standard_max / 2, standard_max + 1);
    let plus = if over { plus_max * 6 } else { rng.between(0, plus_max + 1) };
    let minus = if rng.chance(0.6) { 0 } else { -rng.between(1, deduction + 1) };
    // The examples give a call's full deduction as positive, a chat's as negative.
    let minus_max = if channel == Channel::Call { deduction } else { -deduction };
    ([standard_max, standard_max, plus_max, minus_max], [standard + plus + minus, standard, plus, minus])
}

/// When a contact at `contact_ms` is inspected: hours to weeks later, before `end`.
pub(crate) fn lagged(rng: &mut Rng, contact_ms: i64, end: i64) -> i64 {
    let lag = match rng.weighted(&[0.3, 0.5, 0.15, 0.05]) {
        0 => rng.between(HOUR_MS / 2, 8 * HOUR_MS),
        1 => rng.between(8 * HOUR_MS, 3 * DAY_MS),
        2 => rng.between(3 * DAY_MS, 14 * DAY_MS),
        _ => rng.between(14 * DAY_MS, 30 * DAY_MS),
    };
    if contact_ms + lag < end { contact_ms + lag } else { rng.between(contact_ms, end) }
}

/// The instants between which the data lies.
pub(crate) fn range(config: &SimulatorConfig) -> (i64, i64) {
    let start = beijing_day_ms(config.data_start);
    (start, beijing_day_ms(config.data_end).max(start + DAY_MS))
}

/// The days as instants, a weekend's day being there less often.
fn days(config: &SimulatorConfig) -> Vec<(i64, f64)> {
    let (start, end) = range(config);
    let count = (end - start) / DAY_MS;
    // 1970-01-01 was a Thursday; +8 h makes it a Beijing day.
    let weekday = |day: i64| (day + 8 * HOUR_MS).div_euclid(DAY_MS).rem_euclid(7);
    (0..count)
        .map(|n| start + n * DAY_MS)
        .map(|day| (day, if matches!(weekday(day), 2 | 3) { WEEKEND } else { 1.0 }))
        .collect()
}

fn contact(rng: &mut Rng, days: &[(i64, f64)]) -> i64 {
    // Rejection instead of a running sum: a long range stays quick.
    let mut day = 0;
    for _ in 0..8 {
        let (candidate, weight) = rng.pick(days);
        day = candidate;
        if rng.chance(weight) {
            break;
        }
    }
    let hour = i64::try_from(rng.weighted(&HOURS)).unwrap_or(0);
    day + hour * HOUR_MS + rng.between(0, HOUR_MS)
}
