//! Who gains and loses what, in sentences: paths that differ in the person only are one sentence. The effect is computed by
//! the domain, and the table beside it names every path.

use domain::grant::Term;
use leptos::prelude::*;

use super::{AccountLink, EffectTense, Glyph, Icon, Status, directory_link};
use crate::backend::{AccountRef, AffectedPrincipal, EffectRow, PrincipalRef, SetRef, ViaRef};

/// The number of sentences; the table has the rest.
const SENTENCES: usize = 4;
/// The number of people named in one.
const NAMED: usize = 3;

/// Whether access is gained or lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Gain,
    Loss,
}

/// Paths that differ in the person only.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sentence {
    sign: Sign,
    /// The names of the people.
    people: Vec<String>,
    /// The group whose future members are concerned.
    future: Option<String>,
    account: AccountRef,
    set: SetRef,
    via: ViaRef,
    term: Option<Term>,
}

impl Sentence {
    fn of(sign: Sign, row: &EffectRow) -> Self {
        Self {
            sign,
            people: Vec::new(),
            future: None,
            account: row.account.clone(),
            set: row.set.clone(),
            via: row.via.clone(),
            term: row.term,
        }
    }

    fn is_about(&self, sign: Sign, row: &EffectRow) -> bool {
        self.sign == sign
            && self.account.id == row.account.id
            && self.set.arn == row.set.arn
            && self.via == row.via
            && self.term == row.term
    }

    fn add(&mut self, who: &AffectedPrincipal) {
        match who {
            AffectedPrincipal::Principal(principal) => self.people.push(name(principal)),
            AffectedPrincipal::FutureMembers { name, .. } => self.future = Some(name.clone()),
        }
    }

    /// Returns who gains or loses, such as *Ann, Bob, Cas and 2 more people*. Future members have not done so yet: where it is past, they
    /// are only named if nobody else is.
    fn who(&self, tense: EffectTense) -> String {
        let more = self.people.len().saturating_sub(NAMED);
        let mut who: Vec<String> = self.people.iter().take(NAMED).cloned().collect();
        match more {
            0 => {}
            1 => who.push("1 more person".to_owned()),
            more => who.push(format!("{more} more people")),
        }
        let future = self.future.as_ref();
        if let Some(group) = future.filter(|_| self.later(tense).is_none()) {
            who.push(format!("future members of {group}"));
        }
        match who.split_last() {
            None => "Nobody".to_owned(),
            Some((only, [])) => only.clone(),
            Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        }
    }

    /// Returns what future members will have, behind a sentence about what others have already.
    fn later(&self, tense: EffectTense) -> Option<String> {
        let group = self.future.as_ref()?;
        let past = tense == EffectTense::Past && self.sign == Sign::Gain;
        (past && !self.people.is_empty()).then(|| format!("Future members of {group} gain it too."))
    }

    /// Returns how they have it, and for how long if that is to be said. A group whose future members gain is named already. Empty if
    /// there is nothing to say.
    fn how(&self) -> String {
        let named = match &self.via {
            ViaRef::Group { name, .. } => self.future.as_ref() == Some(name),
            ViaRef::Direct => false,
        };
        let via = (!named).then(|| self.via.to_string());
        let parts = [via, self.term.map(term_words)];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        parts.join(", ")
    }

    fn verb(&self, tense: EffectTense) -> &'static str {
        let many = self.people.len() > 1 || self.future.is_some();
        match (tense, self.sign, many) {
            (EffectTense::Past, Sign::Gain, _) if self.people.is_empty() => "gain",
            (EffectTense::Ahead, Sign::Gain, true) => "gain",
            (EffectTense::Ahead, Sign::Gain, false) => "gains",
            (EffectTense::Ahead, Sign::Loss, true) => "lose",
            (EffectTense::Ahead, Sign::Loss, false) => "loses",
            (EffectTense::Past, Sign::Gain, _) => "gained",
            (EffectTense::Past, Sign::Loss, _) => "lost",
            (EffectTense::Never, Sign::Gain, _) => "would gain",
            (EffectTense::Never, Sign::Loss, _) => "would lose",
        }
    }
}

fn name(principal: &PrincipalRef) -> String {
    match principal {
        PrincipalRef::User(user) => user.name.clone(),
        PrincipalRef::Group { name, .. } => name.clone(),
        PrincipalRef::Orphan(principal) | PrincipalRef::NotRead(principal) => {
            principal.id().to_owned()
        }
    }
}

/// Returns the sentences, in the order of the paths.
fn sentences(gained: &[EffectRow], lost: &[EffectRow]) -> Vec<Sentence> {
    let gains = gained.iter().map(|row| (Sign::Gain, row));
    let losses = lost.iter().map(|row| (Sign::Loss, row));
    let mut found: Vec<Sentence> = Vec::new();
    for (sign, row) in gains.chain(losses) {
        // At most one page of paths, so that a search costs little.
        let at = found.iter().position(|one| one.is_about(sign, row));
        let at = at.unwrap_or_else(|| {
            found.push(Sentence::of(sign, row));
            found.len() - 1
        });
        found[at].add(&row.who);
    }
    found
}

/// Renders the sentences about all paths of an effect. Empty if there are no paths.
pub(super) fn effect_words(
    gained: &[EffectRow],
    lost: &[EffectRow],
    tense: EffectTense,
) -> AnyView {
    let mut all = sentences(gained, lost);
    // The heading and the warning say once that all of it stands.
    if gained.iter().all(|row| row.term == Some(Term::Standing)) {
        for one in &mut all {
            one.term = None;
        }
    }
    let more = all.split_off(all.len().min(SENTENCES)).len();
    if all.is_empty() {
        return ().into_any();
    }
    let lines = all.into_iter().map(|one| line(one, tense)).collect_view();
    let more = (more > 0).then(|| {
        view! { <li class="text-muted">{format!("and {more} more, in the table below")}</li> }
    });
    view! { <ul data-effect-words>{lines} {more}</ul> }.into_any()
}

fn line(sentence: Sentence, tense: EffectTense) -> impl IntoView {
    let (status, glyph, sign) = match sentence.sign {
        // Nothing was gained.
        Sign::Gain if tense == EffectTense::Never => (Status::Off, Glyph::Plus, "plus"),
        Sign::Gain => (Status::Ok, Glyph::Plus, "plus"),
        Sign::Loss => (Status::Danger, Glyph::Minus, "minus"),
    };
    let (who, verb) = (sentence.who(tense), sentence.verb(tense));
    let later = sentence.later(tense);
    let later = later.map(|words| view! { <span data-later>{words}</span> });
    let how = sentence.how();
    let href = format!("/permission-sets/{}", sentence.set.key());
    view! {
        <li data-status=status.token() data-sign=sign>
            <Icon glyph />
            <span>
                <b>{who}</b> " " {verb} " " <b>{directory_link(href, sentence.set.name)}</b> " on "
                <AccountLink account=sentence.account /> " " {how} " " {later}
            </span>
        </li>
    }
}

/// Returns how long access lasts.
pub(super) fn term_words(term: Term) -> String {
    match term {
        Term::Standing => "as standing access".to_owned(),
        Term::For(length) => format!("for {}", length.words()),
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        classification::{Basis, Classification, Environment, Pci, Source},
        ids::{AccountId, GroupId, PermissionSetArn, Principal, UserId},
        time::Duration,
    };

    use super::*;
    use crate::backend::{AccountStatus, UserRef};

    const SET: &str = "arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-1234567890abcdef";

    fn row(who: AffectedPrincipal, term: Option<Term>) -> EffectRow {
        EffectRow {
            who,
            account: AccountRef {
                id: AccountId::parse("111122223333").unwrap(),
                name: "cards-prod".into(),
                class: Classification {
                    environment: Environment::Production,
                    environment_source: Source::Nothing,
                    pci: Pci::In,
                    pci_source: Source::Nothing,
                    contradictory: false,
                    waiting: None,
                    basis: Basis::default(),
                },
                state: None,
            },
            set: SetRef {
                arn: PermissionSetArn::parse(SET).unwrap(),
                name: "viewer".into(),
                capabilities: Vec::new(),
            },
            via: ViaRef::Direct,
            term,
        }
    }

    fn person(name: &str) -> AffectedPrincipal {
        let id = UserId::parse("00000000-0000-4000-8000-000000000002").unwrap();
        AffectedPrincipal::Principal(PrincipalRef::User(UserRef {
            id,
            name: name.into(),
            status: AccountStatus::Enabled,
        }))
    }

    fn future() -> AffectedPrincipal {
        AffectedPrincipal::FutureMembers {
            group: GroupId::parse("00000000-0000-4000-8000-000000000001").unwrap(),
            name: "operators".into(),
        }
    }

    fn said(gained: &[EffectRow], lost: &[EffectRow]) -> Vec<String> {
        let all = sentences(gained, lost);
        let all = all.iter();
        all.map(|one| {
            format!(
                "{} {}",
                one.who(EffectTense::Ahead),
                one.verb(EffectTense::Ahead)
            )
        })
        .collect()
    }

    #[test]
    fn future_members_are_not_said_to_have_gained_anything() {
        let standing = Some(Term::Standing);
        let gained = [row(person("Ann"), standing), row(future(), standing)];
        let all = sentences(&gained, &[]);
        let one = &all[0];
        assert_eq!(one.who(EffectTense::Past), "Ann");
        assert_eq!(
            one.later(EffectTense::Past).as_deref(),
            Some("Future members of operators gain it too.")
        );
        assert_eq!(one.later(EffectTense::Ahead), None);
    }

    #[test]
    fn people_with_the_same_path_are_one_sentence_and_future_members_are_no_people() {
        let standing = Some(Term::Standing);
        let gains = |names: &[&str]| -> Vec<EffectRow> {
            names
                .iter()
                .map(|name| row(person(name), standing))
                .collect()
        };
        assert_eq!(said(&gains(&["Ann"]), &[]), ["Ann gains"]);
        assert_eq!(said(&gains(&["Ann", "Bob"]), &[]), ["Ann and Bob gain"]);
        assert_eq!(
            said(&gains(&["Ann", "Bob", "Cas", "Dee"]), &[]),
            ["Ann, Bob, Cas and 1 more person gain"]
        );
        let mut with_future = gains(&["Ann"]);
        with_future.push(row(future(), standing));
        assert_eq!(
            said(&with_future, &[]),
            ["Ann and future members of operators gain"]
        );
        assert_eq!(
            said(&[row(future(), standing)], &[]),
            ["future members of operators gain"]
        );
    }

    #[test]
    fn a_sentence_says_no_group_twice() {
        let group = |name: &str| ViaRef::Group {
            id: GroupId::parse("00000000-0000-4000-8000-000000000001").unwrap(),
            name: name.into(),
        };
        let how = |future: Option<&str>, via: ViaRef, term: Option<Term>| {
            let row = EffectRow {
                via,
                ..row(person("Ann"), term)
            };
            let sentence = Sentence {
                future: future.map(str::to_owned),
                ..Sentence::of(Sign::Gain, &row)
            };
            sentence.how()
        };
        let hour = Some(Term::For(Duration::hours(1)));
        let (operators, future) = (group("operators"), Some("operators"));
        assert_eq!(how(future, operators.clone(), None), "");
        assert_eq!(how(future, operators.clone(), hour), "for 1 hour");
        assert_eq!(how(None, operators, hour), "through operators, for 1 hour");
        assert_eq!(how(None, ViaRef::Direct, None), "directly");
    }

    #[test]
    fn another_term_or_a_loss_is_another_sentence() {
        let hour = Some(Term::For(Duration::hours(1)));
        let gained = [
            row(person("Ann"), Some(Term::Standing)),
            row(person("Bob"), hour),
        ];
        let lost = [row(person("Cas"), None)];
        assert_eq!(
            said(&gained, &lost),
            ["Ann gains", "Bob gains", "Cas loses"]
        );
        assert_eq!(term_words(Term::Standing), "as standing access");
        let unread = PrincipalRef::NotRead(Principal::Group(
            GroupId::parse("00000000-0000-4000-8000-000000000001").unwrap(),
        ));
        assert_eq!(name(&unread), "00000000-0000-4000-8000-000000000001");
    }
}
