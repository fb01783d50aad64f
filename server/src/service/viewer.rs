//! The viewer: their name and rights, and the entries of the command palette.

use std::collections::BTreeSet;

use app::{
    backend::{
        AwsConsole, CRAWL, Freshness, PaletteEntry, PaletteMethod, PortResult, SetRef, ViewerPort,
        ViewerView,
    },
    pages::new_change,
    routes::{ACTIONS, PAGES},
    shell::SIGN_OUT_ACTION,
};
use async_trait::async_trait;
use domain::{
    authorize::{self, Action, Denial, Role},
    permission_set::analysis::Capability,
    time::Timestamp,
};

use super::{Service, broken, changes::PersonNames, names};
use crate::store::StoreError;

/// The maximum number of palette entries of each kind. Everything else is found through the lists.
const EACH: usize = 3_000;

/// The number of administrators named.
const NAMED: usize = 5;

/// The pages in the command palette.
const PLACES: [(&str, &str); 10] = [
    ("/", "Home"),
    ("/inbox", "Inbox"),
    ("/changes", "Changes"),
    ("/changes/new", "Request access"),
    ("/accounts", "Accounts"),
    ("/people", "People"),
    ("/groups", "Groups"),
    ("/permission-sets", "Permission sets"),
    ("/ledger", "Ledger"),
    ("/operations", "Operations"),
];

#[async_trait]
impl ViewerPort for Service {
    async fn viewer(&self) -> PortResult<ViewerView> {
        self.allowed(Action::SeeOwn)?;
        let calling = self.calling()?;
        Ok(ViewerView {
            name: calling.name.clone(),
            roles: calling.actor.roles.iter().copied().collect(),
            user: calling.user.clone(),
            mfa: self.caller.actor().mfa,
            inbox: self.waiting_for_viewer().await.map_err(broken)?.len(),
        })
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn may(&self, action: Action) -> Result<(), Denial> {
        authorize::may(&self.caller.actor(), action)
    }

    fn aws_console(&self) -> AwsConsole {
        let arn = self.app_state.instance.arn.as_str();
        let instance = arn.rsplit('/').next().unwrap_or_default();
        let settings = &self.app_state.settings;
        let derived = || AwsConsole::portal_of(&self.app_state.instance.identity_store);
        let portal = settings.access_portal.clone().unwrap_or_else(derived);
        AwsConsole::of(&settings.region, instance, portal)
    }

    fn freshness(&self) -> Freshness {
        let snapshot = &self.read_model.snapshot;
        let mut freshness =
            names::freshness(snapshot, self.app_state.settings.crawl_every, self.now);
        if self.may(Action::SeeDirectory).is_err() {
            let unread = snapshot.parts().coverage.unread.iter();
            freshness.unread = unread
                .map(|one| names::unread_kind(one).to_owned())
                .collect();
        }
        freshness
    }

    async fn administrators(&self) -> PortResult<Vec<String>> {
        self.allowed(Action::SeeOwn)?;
        self.administrator_names().await.map_err(broken)
    }

    async fn palette(&self) -> PortResult<Vec<PaletteEntry>> {
        self.allowed(Action::SeeOwn)?;
        let mut entries: Vec<PaletteEntry> = PLACES
            .into_iter()
            .filter(|(path, _)| {
                let route = PAGES.iter().find(|route| route.path == *path);
                route.is_some_and(|route| self.may(route.action).is_ok())
            })
            .map(|(path, label)| entry(label, "Page".into(), path.into()))
            .collect();
        entries.extend(self.commands().await?);
        if self.may(Action::SeeReports).is_ok() {
            entries.push(entry(
                "Who can reach production PCI",
                "Report".into(),
                "/reports/production-pci".into(),
            ));
        }
        if self.may(Action::SeeDirectory).is_ok() {
            self.directory(&mut entries);
        } else if let Some(calling) = self.caller.person()
            && let Some(user) = &calling.user
        {
            entries.push(entry(
                &calling.name,
                "You".into(),
                format!("/people/{user}"),
            ));
        }
        Ok(entries)
    }
}

impl Service {
    async fn administrator_names(&self) -> Result<Vec<String>, StoreError> {
        let mut conn = self.connection().await?;
        let mut people = PersonNames::new(&self.read_model.snapshot);
        let nobody = BTreeSet::new();
        let role = Role::Administrator;
        let mut names = people.with_role(&mut conn, role, &nobody).await?;
        names.truncate(NAMED);
        Ok(names)
    }

    /// Returns what the viewer can do from anywhere.
    async fn commands(&self) -> PortResult<Vec<PaletteEntry>> {
        let command = |label: &str, href: String, method| PaletteEntry {
            label: label.to_owned(),
            detail: "Action".into(),
            href,
            method,
        };
        let mut commands = Vec::new();
        if let Some(next) = self.waiting_for_viewer().await.map_err(broken)?.first() {
            let href = format!("/changes/{}", next.change.id);
            commands.push(command("Decide the next change", href, PaletteMethod::Get));
        }
        if self.may(Action::ProposeOwn).is_ok() {
            commands.extend(new_change::tabs().map(|(kind, label)| {
                let href = format!("/changes/new?kind={}", kind.word());
                command(label, href, PaletteMethod::Get)
            }));
        }
        let crawl = ACTIONS.iter().find(|route| route.path == CRAWL);
        if crawl.is_some_and(|route| self.may(route.action).is_ok()) {
            commands.push(command("Crawl AWS now", CRAWL.into(), PaletteMethod::Post));
        }
        commands.push(command(
            "Sign out",
            SIGN_OUT_ACTION.into(),
            PaletteMethod::Post,
        ));
        Ok(commands)
    }

    fn directory(&self, entries: &mut Vec<PaletteEntry>) {
        let (index, snapshot) = (&self.read_model.index, &self.read_model.snapshot);
        entries.extend(index.accounts().take(EACH).filter_map(|account| {
            let (known, _) = snapshot.account(&account.id)?;
            Some(entry(
                &known.name,
                format!("Account {}", account.id),
                format!("/accounts/{}", account.id),
            ))
        }));
        entries.extend(index.sets().take(EACH).map(|set| {
            let set = names::set(snapshot, &set.arn);
            entry(
                &set.name,
                set_detail(&set),
                format!("/permission-sets/{}", set.key()),
            )
        }));
        entries.extend(index.groups().take(EACH).filter_map(|group| {
            let known = snapshot.group(&group.id)?;
            Some(entry(
                &known.display_name,
                "Group".into(),
                format!("/groups/{}", group.id),
            ))
        }));
        // People with access to production PCI come first, so that the limit never excludes them in favor of others.
        let guarded = index.people().filter(|person| person.production_pci > 0);
        let others = index.people().filter(|person| person.production_pci == 0);
        entries.extend(guarded.chain(others).take(EACH).filter_map(|person| {
            let known = snapshot.user(&person.id)?;
            Some(entry(
                &known.display_name,
                format!("Person {}", known.user_name),
                format!("/people/{}", person.id),
            ))
        }));
    }
}

/// Returns what a permission set is, and its most dangerous capability.
fn set_detail(set: &SetRef) -> String {
    match Capability::named(&set.capabilities).first() {
        Some(worst) => format!("Permission set, {}", worst.label().to_lowercase()),
        None => "Permission set".into(),
    }
}

fn entry(label: &str, detail: String, href: String) -> PaletteEntry {
    PaletteEntry {
        label: label.to_owned(),
        detail,
        href,
        method: PaletteMethod::Get,
    }
}
