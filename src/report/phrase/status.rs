//! The status, on the page and in a terminal: states, headings, columns, lengths of time.

use chrono::Duration;

use crate::report::language::Language;
use crate::report::phrase::phrases;

phrases! {
    /// Verdict.
    HEALTHY = "healthy", "正常";
    /// Verdict.
    NEEDS_ATTENTION = "needs attention", "需要处理";
    /// Where nothing is configured.
    NO_STREAM = "No stream is configured.", "没有配置任何数据流。";

    /// Length of time.
    SECONDS = "{n} s", "{n} 秒";
    /// Length of time.
    MINUTES = "{n} min", "{n} 分钟";
    /// Length of time.
    HOURS = "{n} h", "{n} 小时";
    /// Length of time.
    DAYS = "{n} d", "{n} 天";
    /// Before now.
    AGO = "{span} ago", "{span}前";
    /// After now.
    AHEAD = "in {span}", "{span}后";
    /// So many times.
    ONCE = "once", "一次";
    /// So many times.
    TIMES = "{n} times", "{n} 次";
    /// In place of a window.
    THE_SNAPSHOT = "snapshot", "快照";
    /// What is left out.
    AND_MORE = "and {n} more", "另有 {n} 项";

    /// State of a stream.
    WELL = "ok", "正常";
    /// State of a stream.
    FAILING = "failing", "失败";
    /// State of a stream.
    NEVER_READ = "never read", "从未读取";
    /// State of a stream.
    UNVERIFIED_STREAM = "unverified", "未验证";
    /// State of a stream.
    CATCHING_UP = "catching up", "追赶中";
    /// State of a stream.
    QUARANTINED_STREAM = "quarantine", "有隔离记录";
    /// State of a stream.
    PAUSED_STREAM = "paused", "已暂停";

    /// State of a window.
    PROVEN = "proven", "已证实";
    /// State of a window.
    STABLE = "stable", "稳定";
    /// State of a window.
    PROVISIONAL = "provisional", "暂定";
    /// State of a window.
    UNVERIFIED = "unverified", "未验证";
    /// State of a window.
    FAILED = "failed", "失败";
    /// State of a window.
    OPEN = "open", "进行中";
    /// State of a window.
    MOVING = "moving", "变动中";
    /// State of a window.
    NOT_YET = "not yet read", "尚未读取";

    /// How a run ended.
    RUNNING = "running", "运行中";
    /// How a run ended.
    SUCCEEDED = "succeeded", "成功";
    /// How a run ended.
    PARTIAL = "partial", "部分完成";
    /// How a run ended.
    CANCELLED = "cancelled", "已取消";
    /// How a run ended.
    INTERRUPTED = "interrupted", "被中断";

    /// Why a run was started.
    SCHEDULE = "schedule", "定时";
    /// Why a run was started.
    SYNC = "sync", "手动同步";
    /// Why a run was started.
    BACKFILL = "backfill", "回填";
    /// Why a run was started.
    RETRY = "retry", "重试";
    /// Why a run was started.
    REPAIR = "repair", "修复";
    /// Why a run was started.
    FEED = "feed", "实时";

    /// What a run changed.
    NEW = "{n} new", "新增 {n}";
    /// What a run changed.
    CHANGED = "{n} changed", "变更 {n}";
    /// What a run changed.
    DELETED = "{n} deleted", "删除 {n}";
    /// What a run changed.
    QUARANTINED = "{n} quarantined", "隔离 {n}";
    /// What a run changed.
    NOTHING = "nothing", "无变化";

    /// Heading.
    ALERTS = "Alerts", "告警";
    /// Heading.
    RUNNING_NOW = "Running now", "正在运行";
    /// Heading.
    WINDOWS = "Windows, the newest last", "时间窗口（右侧最新）";
    /// Heading.
    DRIFTS = "Departures from the vendor's documents, last 7 days", "与厂商文档不符之处（最近 7 天）";
    /// Heading.
    QUARANTINE = "Quarantine", "隔离区";
    /// Heading.
    ABSENCE_ALARMS = "Alarms over missing rows", "数据行缺失告警";
    /// Heading.
    GAPS = "Gaps of the feeds", "实时消息缺口";
    /// Heading.
    WORKERS = "Workers and leases", "工作进程与租约";
    /// Heading.
    LATEST_RUNS = "Latest runs", "最近运行";
    /// Heading.
    BUDGETS = "Requests", "请求额度";

    /// Of a failure.
    FAILED_LAST = "failed {times}, last {at}", "已失败 {times}，最近一次 {at}";
    /// Of a failure, an alert.
    REMEDY = "remedy: {remedy}", "处理办法：{remedy}";
    /// Of an alert.
    SINCE = "since {at}", "自 {at}";
    /// Of a list of records.
    RECORDS_ASIDE = "{n} {n?record is|records are} quarantined; see `ccsync quarantine list`.",
        "有 {n} 条记录被隔离；查看 `ccsync quarantine list`。";
    /// Of a list of alarms.
    ALARMS_OPEN = "Alarms over missing rows: {n}; see `ccsync absence list`.",
        "数据行缺失告警：{n}；查看 `ccsync absence list`。";
    /// Of an alarm.
    MISSING_OF = "{missing} of {live} {live?row|rows} missing", "{live} 行中缺失 {missing} 行";
    /// What can be decided of an alarm.
    ACCEPT = "if the vendor says that they are gone: `ccsync absence accept {id}`",
        "若厂商确认已删除：`ccsync absence accept {id}`";
    /// Of a list of departures.
    MORE_DRIFTS = "and {n} more; see `ccsync drift`", "另有 {n} 项；查看 `ccsync drift`";
    /// Of a run under way.
    PROGRESS = "{done} {done?window|windows} read, {left} to read", "已读 {done} 个窗口，还剩 {left} 个";
    /// Of a source.
    OPEN_QUESTIONS = "{source}: {n} {n?question|questions} that the vendor's documents leave open; `ccsync probe --source {source}` asks the account",
        "{source}：厂商文档有 {n} 个未说明的问题；`ccsync probe --source {source}` 会询问该账号";
    /// Of a run under way.
    TIME_LEFT = "about {span} left", "约剩 {span}";
    /// Of a run under way.
    WINDOWS_READ = "{n} {n?window|windows} read", "已读 {n} 个窗口";
    /// Of a run under way.
    ROWS_READ = "{n} {n?row|rows}", "{n} 行";
    /// Of a run under way.
    REQUESTS_SENT = "{n} {n?request|requests}", "{n} 次请求";
    /// Of a feed.
    NOT_HEARD = "{source}: not heard: {agents}", "{source}：收不到消息：{agents}";
    /// Of a feed's agent.
    NEVER_CONNECTED = "never connected", "从未连接";
    /// Of a feed.
    CONNECTED_OF = "{n} of {all}", "共 {all} 个，{n} 个";
    /// Of a gap.
    LASTS = "lasts", "仍在持续";
    /// Of a gap.
    LOST = "{n} {n?message|messages} lost", "丢失 {n} 条消息";
    /// Of a worker.
    SILENT = "last sign of life {span} ago", "最近心跳 {span}前";
    /// Of a worker.
    IDLE = "no run under way", "没有正在进行的运行";
    /// Of a lease.
    HELD = "held for {span}", "已持有 {span}";
    /// Of a lease.
    ENDED = "ended, free for others", "已过期，可被接管";
    /// Of rereads.
    REREADS = "{n} {n?reread|rereads} today", "今日重读 {n} 次";
    /// Of rereads.
    REREADS_OF = "{n} of {all} {all?reread|rereads} today", "今日重读 {n} / {all} 次";
    /// Of an account.
    PER_MINUTE = "{n} a minute allowed", "每分钟允许 {n} 次";
    /// Of an account.
    PAUSED = "next request in {span}", "{span}后可发下一次请求";

    /// Column.
    SOURCE = "SOURCE", "数据源";
    /// Column.
    STREAM = "STREAM", "数据流";
    /// Column.
    STATE = "STATE", "状态";
    /// Column.
    COMPLETE_UP_TO = "COMPLETE UP TO", "完整至";
    /// Column.
    FINAL_UP_TO = "FINAL UP TO", "定稿至";
    /// Column.
    WINDOWS_READ_COLUMN = "WINDOWS READ", "已读窗口";
    /// Column.
    ROWS = "ROWS", "行数";
    /// Column.
    COMPLETE = "COMPLETE", "完整";
    /// Column.
    OPEN_COLUMN = "OPEN", "进行中";
    /// Column.
    FAILED_COLUMN = "FAILED", "失败";
    /// Column.
    UNVERIFIED_COLUMN = "UNVERIFIED", "未验证";
    /// Column.
    LAST_READ = "LAST READ", "最近读取";
    /// Column.
    NEXT = "NEXT", "下次";
    /// Column.
    FEED_COLUMN = "FEED", "实时流";
    /// Column.
    CONNECTED = "CONNECTED", "已连接";
    /// Column.
    SINCE_COLUMN = "SINCE", "开始于";
    /// Column.
    HEARD_UP_TO = "HEARD UP TO", "收听至";
    /// Column.
    LAST_MESSAGE = "LAST MESSAGE", "最近消息";
    /// Column.
    GAPS_TODAY = "GAPS TODAY", "今日缺口";
    /// Column.
    RUN = "RUN", "运行";
    /// Column.
    TRIGGER = "TRIGGER", "触发";
    /// Column.
    STARTED = "STARTED", "开始";
    /// Column.
    TOOK = "TOOK", "用时";
    /// Column.
    OUTCOME = "OUTCOME", "结果";
    /// Column.
    CHANGES = "CHANGED", "变化";
}

/// A length in the largest unit of which there are two or more. Clocks of two hosts may differ a little, so what is
/// negative is none.
pub fn span(length: Duration, language: Language) -> String {
    let seconds = length.num_seconds().max(0);
    let (number, unit) = match seconds {
        0..120 => (seconds, SECONDS),
        120..7_200 => (seconds / 60, MINUTES),
        7_200..172_800 => (seconds / 3_600, HOURS),
        _ => (seconds / 86_400, DAYS),
    };
    unit.fill(language, &[("n", &number.to_string())])
}
