//! The page alone: its verdict, headings, charts, and the page of one window.

use crate::report::phrase::phrases;

phrases! {
    /// Verdict.
    UNAVAILABLE = "The database cannot be read", "无法读取数据库";
    /// Below the verdict.
    COMPLETE_TO = "Every windowed stream is complete up to {at}.", "所有按时间窗口读取的数据流均完整至 {at}。";
    /// Below the verdict.
    INCOMPLETE = "At least one windowed stream is not complete up to any instant yet.",
        "至少有一个按时间窗口读取的数据流尚无完整的时间范围。";
    /// When this was put together.
    AS_OF = "As of {at}, times in {zone}", "截至 {at}，时区 {zone}";
    /// Title where the database is away.
    UNAVAILABLE_WHY = "The state cannot be shown: {message}", "无法显示状态：{message}";

    /// Link for keyboards.
    SKIP = "Skip to content", "跳到正文";
    /// Navigation.
    LANGUAGE = "Language", "语言";
    /// Navigation.
    MORE = "Other forms", "其他形式";
    /// Navigation.
    METRICS = "metrics", "指标";
    /// Navigation.
    READINESS = "readiness", "就绪状态";
    /// Navigation.
    BACK = "Status of everything", "全部状态";
    /// While no answer comes; a time of day follows.
    STALE_SINCE = "No answer from ccsync since", "ccsync 没有应答，自";
    /// While no answer comes, behind the time of day.
    STALE = "; what you see is from before.", "起；当前显示的是之前的内容。";
    /// Part of the status.
    PART_WINDOWS = "windows one by one", "逐个窗口";
    /// Part of the status.
    PART_DAYS = "passes day by day", "每日运行";
    /// Part of the status.
    PART_LAG = "how late results come", "结果迟到情况";
    /// Part of the status.
    PART_WAITING = "what waits for a person, and who works", "待处理事项与工作进程";
    /// In place of what the database was too slow for.
    PART_MISSING = "Not shown: {part}; {why}. Streams and alerts are as of now.", "未显示：{part}；{why}。数据流与告警为最新状态。";
    /// Button.
    PAUSE = "Pause updates", "暂停更新";
    /// Button.
    RESUME = "Resume updates", "继续更新";
    /// Button beside a command.
    COPY = "copy", "复制";
    /// Navigation, and a page.
    RUNBOOK = "runbook", "运维手册";
    /// Heading of the runbook's page.
    RUNBOOK_TITLE = "Runbook: alerts, faults and exit codes", "运维手册：告警、故障与退出码";
    /// Heading in the runbook.
    RUNBOOK_ALERTS = "Alerts", "告警";
    /// Heading in the runbook.
    RUNBOOK_FAULTS = "Faults", "故障";
    /// Heading in the runbook.
    RUNBOOK_EXITS = "Exit codes", "退出码";
    /// Of an entry in the runbook.
    WHAT_IT_MEANS = "What it means", "含义";
    /// Of an entry in the runbook.
    WHAT_IT_MEANS_AS_FAULT = "As a fault", "作为故障";
    /// Filter.
    FILTER = "Show", "显示";
    /// Filter.
    FILTER_ALL = "all", "全部";
    /// Filter that leaves nothing.
    FILTER_NOTHING = "No stream fits.", "没有符合条件的数据流。";
    /// Way to the window before.
    PREVIOUS_WINDOW = "previous window", "上一个窗口";
    /// Way to the window behind.
    NEXT_WINDOW = "next window", "下一个窗口";
    /// From a window to its rows.
    ITS_ROWS = "Its rows", "窗口内的行";
    /// Heading.
    ALERT_HISTORY = "Alerts of the last 30 days", "最近 30 天的告警";
    /// Column.
    ALERT = "ALERT", "告警";
    /// Column.
    CLEARED = "CLEARED", "解除于";

    /// Heading.
    SUMMARY = "Complete up to when", "数据完整至何时";
    /// Heading.
    STREAMS = "Streams", "数据流";
    /// Heading.
    FEEDS = "Live feeds", "实时流";
    /// Heading.
    WHAT_TO_DO = "What to do", "需要处理的事项";
    /// Nothing to list.
    NONE = "None.", "无。";
    /// Nothing to list.
    IDLE = "No pass is under way.", "当前没有正在进行的读取。";
    /// Where windows were left out of the calendar.
    OLDER_WINDOWS = "{n} older {n?window is|windows are} not shown.", "更早的 {n} 个窗口未显示。";
    /// Of a calendar.
    CALENDAR = "Windows of {stream}", "{stream} 的时间窗口";
    /// Of a window's cell.
    CELL = "{at}: {state}, {n} {n?row|rows}", "{at}：{state}，{n} 行";
    /// Of a window's cell that leads nowhere.
    CELL_NOT_YET = "{at}: {state}", "{at}（{state}）窗口";
    /// Legend.
    LEGEND = "What the letters and colours mean", "字母与颜色的含义";
    /// Where a snapshot's page is.
    SNAPSHOT = "Snapshot", "快照";
    /// Where a snapshot's page is.
    SNAPSHOT_LINK = "the last read of {stream}, whole", "{stream} 最近一次完整读取";
    /// Of a stream.
    WINDOWS_COMPLETE = "{n} {n?window|windows} complete", "{n} 个窗口完整";
    /// Of a stream.
    OF_THEM_PROVISIONAL = "{n} of them provisional", "其中 {n} 个暂定";
    /// Of a stream.
    FINAL_TO = "final up to {at}", "定稿至 {at}";
    /// Of a stream.
    CHANGED_AFTER_FINAL = "{n} {n?change|changes} after final", "定稿后变更 {n} 次";
    /// How a stream is read.
    SCHEDULE = "schedule", "计划";

    /// Chart.
    CHANGES_CHART = "Rows new, changed or gone", "新增、变更或消失的行";
    /// Chart.
    REQUESTS_CHART = "Requests", "请求数";
    /// Chart.
    LAG_CHART = "How late results come", "结果迟到的程度";
    /// What a chart shows.
    CHART_TOLD = "{title} by business day, {from} to {to}: at most {most}, today {today}",
        "{title}（按业务日，{from} 至 {to}）：最多 {most}，今日 {today}";
    /// Below a chart.
    TODAY = "today {n}", "今日 {n}";
    /// Below a chart.
    AT_MOST = "at most {n}", "最多 {n}";
    /// Where a chart has nothing to show.
    NO_LAG = "Nothing came late so far.", "目前没有迟到的结果。";
    /// What the lag chart shows.
    LAG_CAPTION = "Share of late and changed results by age of the window: {told}", "按窗口时长的迟到与变更结果占比：{told}";
    /// A point of the lag curve.
    LAG_POINT = "{share} % after {age}", "{age}内 {share}%";

    /// Column.
    REASON = "REASON", "原因";
    /// Column.
    SEEN = "SEEN", "出现次数";
    /// Column.
    WINDOW = "WINDOW", "窗口";
    /// Column.
    TABLE = "TABLE", "表";
    /// Column.
    MISSING = "MISSING", "缺失";
    /// Column.
    DECIDE = "DECIDE", "处理";
    /// Column.
    AGENT = "AGENT", "坐席";
    /// Column.
    UNTIL = "UNTIL", "结束于";
    /// Column.
    LENGTH = "LENGTH", "时长";
    /// Column.
    WORKER = "WORKER", "进程";
    /// Column.
    HEARTBEAT = "LAST SIGN OF LIFE", "最近心跳";
    /// Column.
    HOLDS = "HOLDS", "持有";
    /// Column.
    ENTRY = "ENTRY", "编号";
    /// Column.
    MESSAGE = "MESSAGE", "说明";
    /// Column.
    REQUESTS = "REQUESTS", "请求";

    /// Heading of a window's page.
    WINDOW_TITLE = "{stream}, {window}", "{stream} 窗口 {window}";
    /// Fact of a window.
    VENDOR_SAID = "Vendor's total", "厂商给出的总数";
    /// Fact of a window.
    ROWS = "Rows of the last read", "最近一次读取的行数";
    /// Fact of a window.
    READS = "Committed reads", "已提交的读取";
    /// Fact of a window.
    FIRST_READ = "First read", "首次读取";
    /// Fact of a window.
    LAST_READ = "Last read", "最近读取";
    /// Fact of a window.
    COMPLETE = "Complete up to", "完整至";
    /// Fact of a window.
    FINAL = "Final when read at or after", "此后读取即为定稿";
    /// Fact of a window.
    LEASE = "Lease", "租约";
    /// Fact of a window.
    LEASE_NONE = "nobody reads it now", "当前无人读取";
    /// Fact of a window.
    PAGES_KEPT = "Pages kept of a read under way", "进行中的读取已保留的页数";
    /// Fact of a window.
    ABSENT = "Rows missing, not yet marked deleted", "缺失但尚未标记删除的行";
    /// Heading of a window's page.
    READS_HEADING = "Reads, the newest first", "读取记录（最新在前）";
    /// Column of reads.
    READ_NO = "READ", "次序";
    /// Column of reads.
    AT = "BEGAN", "开始于";
    /// Column of reads.
    VERDICT = "VERDICT", "结论";
    /// Column of reads.
    TOTAL = "VENDOR TOTAL", "厂商总数";
    /// Column of reads.
    PAGES = "PAGES", "页数";
    /// Column of reads.
    NEW = "NEW", "新增";
    /// Column of reads.
    CHANGED = "CHANGED", "变更";
    /// Column of reads.
    DELETED = "DELETED", "删除";
    /// Column of reads.
    QUARANTINED = "QUARANTINED", "隔离";
    /// Not found.
    NOT_FOUND = "There is no such page", "没有这个页面";
    /// Not found.
    NO_SUCH_WINDOW = "The ledger knows no such window: it was never read, or its stream is not configured.",
        "账本中没有这个窗口：它从未被读取，或其数据流未配置。";
}
