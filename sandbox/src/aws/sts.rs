//! `sts:GetCallerIdentity`, which uses the older Query protocol: form-encoded requests and XML responses.

use super::call::Caller;

/// The actions of the Query protocol that are served.
pub(crate) const OPERATIONS: &[&str] = &["GetCallerIdentity"];

/// Returns the action of a Query request, or `None` if the body is not one.
pub(crate) fn action(body: &[u8]) -> Option<String> {
    url::form_urlencoded::parse(body)
        .find(|(member, _)| member == "Action")
        .map(|(_, value)| value.into_owned())
}

/// Returns the response to `GetCallerIdentity`.
pub(crate) fn caller_identity(caller: &Caller, request_id: &str) -> String {
    format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <GetCallerIdentityResult><Arn>{}</Arn><UserId>{}:{}</UserId><Account>{}</Account>\
         </GetCallerIdentityResult><ResponseMetadata><RequestId>{request_id}</RequestId>\
         </ResponseMetadata></GetCallerIdentityResponse>",
        escape(&caller.arn()),
        Caller::ROLE_ID,
        escape(&caller.access_key),
        caller.account,
    )
}

/// Returns an error response of the Query protocol.
pub(crate) fn error(code: &str, message: &str, request_id: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>\
         <Type>Sender</Type><Code>{code}</Code><Message>{}</Message></Error>\
         <RequestId>{request_id}</RequestId></ErrorResponse>",
        escape(message)
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
