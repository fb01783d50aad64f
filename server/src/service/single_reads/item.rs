//! The items that a single read reads from AWS, and how each is read.

use domain::{
    crawl::SingleRead,
    engine::Listing,
    ids::{GroupId, Pair, PermissionSetArn},
    permission_set::PermissionSet,
};

use crate::{aws::error::CallError, service::app_state::AppState};

/// Concurrent reads for one change.
pub(crate) const IN_FLIGHT: usize = 8;

/// One item to read.
#[derive(Debug)]
pub(crate) enum ReadItem {
    Pair(Pair),
    Group(GroupId),
    Set(PermissionSetArn),
}

/// Reads one item.
pub(crate) async fn read_item(
    app_state: &AppState,
    item: &ReadItem,
) -> Result<SingleRead, CallError> {
    let (aws, instance) = (&app_state.aws, &app_state.instance);
    Ok(match item {
        ReadItem::Pair(pair) => SingleRead::Listing(Listing::Pair {
            principals: aws.assignments(instance, pair).await?,
            pair: pair.clone(),
        }),
        ReadItem::Group(group) => SingleRead::Listing(Listing::Group {
            members: aws.members(instance, group).await?,
            group: group.clone(),
        }),
        ReadItem::Set(arn) => {
            let (name, description, content) = aws.set_content(instance, arn).await?;
            let outdated = aws.outdated_accounts(instance, arn).await?;
            let (hash, analysis) = (content.hash(), app_state.analyse(&content));
            let set = Box::new(PermissionSet {
                arn: arn.clone(),
                name,
                description,
                content,
                hash,
                analysis,
            });
            SingleRead::Set { set, outdated }
        }
    })
}
