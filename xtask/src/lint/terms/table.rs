//! The table of retired terms: names and phrases that are not allowed, their replacements, and the exemptions.

/// Retired names of types and modules, with the name to use. Checked where a type or a module is declared. The first
/// column limits a rule to a folder, because the name is a plain word elsewhere.
pub(super) const NAMES: &[(&str, &str, &str)] = &[
    ("domain/src", "said", "projection"),
    ("domain/src", "guardrails", "policies"),
    ("domain/src", "hold", "existing_access"),
    ("domain/src", "alike", "equivalence_classes"),
    ("domain/src", "quiet", "indirect_effects"),
    ("domain/src", "late", "overdue_revocation"),
    ("domain/src", "judge", "change_evaluation"),
    ("server/src", "judging", "evaluation"),
    ("server/src", "standing", "approver_status"),
    ("server/src", "lost", "role_revocation"),
    ("server/src", "places", "concurrency"),
    ("server/src", "recheck", "session_revalidation"),
    ("server/src", "joined", "identity_link"),
    ("server/src", "core", "app_state"),
    ("server/src", "guarded", "pci_findings"),
    ("server/src", "told", "domain_events"),
    ("server/tests", "past_leastwise", "outside_changes"),
    ("", "draft", "change_form, entry_builder or saved_form"),
    ("", "words", "the name of what it holds"),
    ("", "world", "read_model, simulation, fixture or state"),
    ("", "utils", "the name of what it holds"),
    ("", "helpers", "the name of what it holds"),
    ("", "common", "the name of what it holds"),
    ("", "manager", "the name of what it does"),
    ("", "Said", "Projection or PolicyFindings"),
    ("", "Spoken", "AssignmentFindings"),
    ("", "Holds", "ExistingAccessEvaluator"),
    ("", "Court", "ChangeEvaluation"),
    ("", "Judgement", "Evaluation"),
    ("", "Given", "RequestedGrants or RecordedGrant"),
    ("", "Asked", "RequestContext or SubmittedRequest"),
    ("", "Story", "ChangeHistory"),
    ("", "Life", "Lifecycle"),
    ("", "Tell", "DomainEvent"),
    ("", "Amiss", "RowMismatch"),
    ("", "Begun", "RecordedSession"),
    ("", "Join", "IdentityLink"),
    ("", "Joined", "MergedMembers"),
    ("", "Doors", "PortAdapters"),
    ("", "Core", "AppState"),
    ("", "World", "ReadModel, Simulation or SandboxState"),
    ("", "SharedWorld", "SharedState"),
    ("", "Draft", "ChangeForm, EntryBuilder or SavedForm"),
    ("", "DraftForm", "SavedForm"),
    ("", "Guarded", "PciFindings"),
    ("", "Reacher", "PersonExposure"),
    ("", "Foremost", "TopExposed"),
    ("", "Outside", "Drift"),
    ("", "Seen", "DriftEvent"),
    ("", "Barred", "ApproverRefusal"),
    ("", "Whom", "Affected"),
    ("", "Who", "EntryActor or PolicyPrincipal"),
    ("", "Way", "AccessPath"),
    ("", "Places", "Concurrency or ConnectionPermit"),
    ("", "Risk", "Capability"),
    ("", "Loops", "BackgroundTasks"),
    ("", "WaitingRoom", "PendingStarts"),
    ("", "Dice", "TestRng"),
    ("", "Truth", "ReferenceModel"),
    ("", "Doing", "ErrorContext or Direction"),
    ("", "Around", "PageContext"),
    ("", "Leads", "DirectoryLinks"),
    ("domain/src", "Key", "AccessResource"),
    ("server/src", "Went", "DecideOutcome or WithdrawOutcome"),
];

/// Names that are too general to be declared twice in one crate.
pub(super) const ONCE: [&str; 7] = [
    "Answer", "Draft", "Kind", "Known", "Read", "Standing", "Target",
];

/// Retired phrases in strings of `app` and `server`, in the shipped policies and in the documents, with the phrase to
/// use. Compared without regard to case; a word is compared as a whole.
pub(super) const PHRASES: &[(&str, &str)] = &[
    ("against the rules", "policy violation"),
    ("within the rules", "compliant"),
    ("not approved here", "unapproved"),
    ("what it could be abused for", "Capabilities"),
    ("can blind logs", "Logs and guardrails"),
    ("can tamper with logs", "Logs and guardrails"),
    ("can gain more rights", "Grants rights"),
    ("risk", "capability"),
    ("risks", "capabilities"),
    ("riskiest", "most dangerous"),
    ("past leastwise", "outside Leastwise"),
    ("not made here", "changed outside Leastwise"),
    ("refused by the rules", "blocked by policy"),
    ("the rules say", "the policy states"),
    ("pool's word", "according to the user pool"),
    ("makes itself", "creates"),
    ("joined person", "linked identity"),
    ("joined to", "linked to"),
    ("stands against", "violates"),
    ("stand against", "violate"),
    ("made again", "recreated"),
    ("taken away", "removed or revoked"),
    ("take away", "remove or revoke"),
    ("the how manieth", "the number of"),
    ("whoever", "anyone who, or the role that is meant"),
    ("seat", "approval slot"),
    ("seats", "approval slots"),
    ("sit", "approve"),
];

/// Phrases that are retired in pages only.
pub(super) const PAGE_PHRASES: &[(&str, &str)] = &[
    ("window", "temporary access"),
    ("windows", "temporary access"),
];

/// Exemptions: a file (or a folder, with a trailing slash), the name or phrase (empty for all), and the reason.
pub(super) const EXEMPT: &[(&str, &str, &str)] = &[
    (
        "CHANGELOG.md",
        "",
        "describes earlier versions in the words that they used",
    ),
    (
        "docs/glossary.md",
        "",
        "names retired terms to say what replaced them",
    ),
    (
        "app/src/islands/",
        "window",
        "the browser's `window` object, not access for a limited time",
    ),
    (
        "server/policies/",
        "sit",
        "part of names that stored policies use",
    ),
];
