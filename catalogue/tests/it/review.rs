//! The review of actions: complete, in form, and about actions that exist.

use std::collections::BTreeMap;

use catalogue::{Catalogue, actions};
use domain::permission_set::analysis::{Capability, named_by_rules};

use crate::data;

/// The services that AWS's own managed policies name most often, in that order.
const MOST_USED: &str = "ec2 iam s3 cloudwatch logs kms organizations ssm cloudformation sns lambda secretsmanager \
    elasticloadbalancing tag rds events glue dynamodb sagemaker ecr autoscaling sqs redshift sts ecs route53 config ds sso \
    kinesis cloudtrail application-autoscaling aws-marketplace fsx resource-groups acm elasticfilesystem bedrock firehose eks \
    ram apigateway elasticmapreduce iot cloudfront identitystore redshift-serverless codecommit xray acm-pca athena \
    codestar-connections cognito-idp backup sso-directory wafv2 account es servicequotas elasticbeanstalk";

#[test]
fn each_line_is_about_an_action_of_the_catalogue_and_in_order() {
    let catalogue = Catalogue::embedded().unwrap();
    let known: BTreeMap<String, Vec<Capability>> = catalogue.actions.capabilities().collect();
    for (service, text) in actions::reviews().map(Result::unwrap) {
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[0].starts_with("# "),
            "{service}: the name of the service"
        );
        let mut last = "";
        for line in &lines[1..] {
            let name = line.split_whitespace().next().unwrap_or_default();
            assert!(name > last, "{service}: {name} stands after {last}");
            last = name;
            assert!(
                known.contains_key(&format!("{service}:{name}")),
                "{service}:{name}"
            );
            if let Some((_, reason)) = line.split_once('#') {
                let reason = reason.trim();
                assert!(
                    reason.ends_with('.') && reason.chars().count() <= 110,
                    "{service}:{name}: {reason}"
                );
            }
        }
    }
}

#[test]
fn capabilities_are_ordered_and_what_departs_from_the_first_guess_has_a_reason() {
    let facts = data::actions();
    let mut levels = BTreeMap::new();
    let mut service = "";
    for line in facts.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields[..] {
            ["S", prefix] => service = prefix,
            ["A", name, level, _] => {
                levels.insert((service, name), level);
            }
            _ => {}
        }
    }
    for (service, text) in actions::reviews().map(Result::unwrap) {
        for line in text.lines().skip(1) {
            let (judgement, reason) = line.split_once('#').unwrap_or((line, ""));
            let words: Vec<&str> = judgement.split_whitespace().collect();
            let capabilities: Vec<Capability> = words[1]
                .split('+')
                .map(|word| Capability::parse(word).unwrap())
                .collect();
            assert!(
                capabilities.is_sorted_by(|a, b| a < b),
                "{service}:{line}: the most dangerous first, each once"
            );
            let guess = match levels[&(service, words[0])] {
                "L" => Capability::Metadata,
                "R" => Capability::ReadsConfiguration,
                "P" => Capability::GrantsRights,
                _ => Capability::Changes,
            };
            assert!(
                capabilities == [guess] || !reason.is_empty(),
                "{service}:{line}: a reason is missing"
            );
        }
    }
}

#[test]
fn every_action_that_a_rule_looks_for_exists() {
    let catalogue = Catalogue::embedded().unwrap();
    assert!(named_by_rules().count() > 80);
    for name in named_by_rules() {
        let found = catalogue.actions.capabilities_named(name);
        assert!(!found.is_empty(), "{name}");
    }
}

#[test]
fn every_action_of_the_services_in_common_use_is_reviewed() {
    let reviews: BTreeMap<&str, &str> = actions::reviews().map(Result::unwrap).collect();
    let catalogue = Catalogue::embedded().unwrap();
    assert_eq!(MOST_USED.split_whitespace().count(), 60);
    for service in MOST_USED.split_whitespace() {
        let text = reviews
            .get(service)
            .unwrap_or_else(|| panic!("{service} has no review"));
        let reviewed = text.lines().filter(|line| !line.starts_with('#')).count();
        let prefix = format!("{service}:");
        let known = catalogue
            .actions
            .capabilities()
            .filter(|(name, _)| name.starts_with(&prefix))
            .count();
        assert_eq!(reviewed, known, "{service}");
    }
}
