//! Sobot: tokens and quality inspection results.

mod quality;
mod query;
pub(super) mod token;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::json;

use crate::answer::exchange::Answer;
use crate::disturbance::switches::BehindDepth;
use crate::service::state::State;

pub(super) fn router() -> Router<Arc<State>> {
    Router::new()
        .route("/api/get_token", get(token::get_token))
        .route("/api/interceptor/5/quality/call_result", get(quality::call_result))
        .route("/api/interceptor/5/quality/chat_result", get(quality::chat_result))
}

/// An answer that is not a success. Texts of 9xxxxx are the documents', those
/// of 4xxxxx and 700046 are inventions: nobody may rely on any of them.
fn refusal(code: &str) -> Answer {
    let text = match code {
        "900001" => "token为空",
        "900002" => "token已失效,请重新获取",
        "900003" => "signature错误",
        "900004" => "没有找到公司的api配置信息",
        "999999" => "系统未知异常",
        "700046" => "当前版本不支持API",
        "400001" => "开始时间不能为空",
        "400002" => "结束时间不能早于开始时间",
        "400003" => "时间跨度不能超过一个月",
        "400004" => "参数缺失",
        "400005" => "时间格式错误",
        _ => "业务异常",
    };
    Answer {
        status: StatusCode::OK,
        body: json!({"ret_code": code, "ret_msg": text}),
        text: None,
        kind: format!("sobot_{code}"),
        rows: 0,
    }
}

/// The refusal of a page that reaches behind the depth of its list. That it looks so is an invention.
fn too_deep(text: &str, how: BehindDepth) -> Answer {
    let code = if how == BehindDepth::RefusedCode { "500001" } else { "999999" };
    let mut answer = refusal(code);
    answer.body = json!({"ret_code": code, "ret_msg": text});
    if how == BehindDepth::RefusedStatus {
        answer.status = StatusCode::INTERNAL_SERVER_ERROR;
    }
    answer
}
