//! The first lines of page and terminal.

use crate::report::phrase::phrases;

phrases! {
    /// Nothing is the matter.
    ALL_WELL = "All is well", "一切正常";
    /// Nothing failed, and something was never read.
    NOT_READ_YET = "Not everything was read yet", "尚未全部读取";
    /// `{what}`: causes.
    STREAMS_FAILING = "{n} of {all} {all?stream|streams} failing: {what}", "{all} 个数据流中有 {n} 个失败：{what}";
    /// `{what}`: causes.
    ATTENTION = "Needs attention: {what}", "需要处理：{what}";
    /// `{what}`: causes.
    WORTH_A_LOOK = "It works; worth a look: {what}", "运行正常，值得关注：{what}";
    /// One cause.
    CAUSE = "{who}, {cause}", "{who}，{cause}";
    /// Between causes.
    SEMICOLON = "; ", "；";
    /// What is not named.
    AND_MORE = "; and {n} more", "；另有 {n} 项";
    /// Streams that are not named.
    OTHERS = "{n} {n?other|others}", "另外 {n} 个";
    /// One stream. `{to}`: an instant.
    UP_TO = "{who} is complete up to {to}", "{who} 完整至 {to}";
    /// One stream.
    NOTHING_YET = "{who} has nothing complete yet", "{who} 尚无完整数据";
    /// Of yesterday.
    YESTERDAY_FINAL = "Yesterday ({date}) is complete and final.", "昨天（{date}）已完整并定稿。";
    /// Of yesterday.
    YESTERDAY_COMPLETE = "Yesterday ({date}) is complete; late changes may still come.", "昨天（{date}）已完整；仍可能有迟到的变更。";
    /// Of yesterday.
    YESTERDAY_MISSING = "Yesterday ({date}) is not complete: {names}.", "昨天（{date}）尚不完整：{names}。";
}
