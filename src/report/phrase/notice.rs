//! Notices.

use crate::report::phrase::phrases;

phrases! {
    /// Title.
    RAISED = "ccsync: {count} to look at", "ccsync：{count} 项告警";
    /// Title.
    CLEARED = "ccsync: {count} over", "ccsync：{count} 项已恢复";
    /// Title.
    BOTH = "ccsync: {raised} to look at, {cleared} over", "ccsync：{raised} 项告警，{cleared} 项已恢复";
    /// Title of a trial.
    TRIAL = "ccsync: this is a trial", "ccsync：测试通知";
    /// Text of a trial.
    TRIAL_TEXT = "Notices reach this place.", "通知可以送达此处。";
    /// A severity.
    CRITICAL = "critical", "严重";
    /// A severity.
    WARNING = "warning", "警告";
    /// Of an alert that is over.
    OVER = "over", "已恢复";
    /// Before an instant.
    SINCE = "since {at}", "自 {at} 起";
    /// Before a remedy.
    REMEDY = "What to do: {remedy}", "处理办法：{remedy}";
    /// In place of what has no room.
    MORE = "and {count} more", "另有 {count} 项";
    /// Before the page's address.
    PAGE = "Status: {url}", "状态页：{url}";
}
