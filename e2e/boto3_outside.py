"""Reads or changes an account outside Leastwise with boto3, as anyone with credentials could.

    boto3_outside.py ENDPOINT list ACCOUNT
    boto3_outside.py ENDPOINT assign ACCOUNT PERMISSION_SET_ARN TYPE PRINCIPAL

`list` prints a JSON list of `SET TYPE NAME`, sorted.
"""

import json
import sys
import time

import boto3
from botocore.config import Config


def client(service, endpoint):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="outside",
        aws_secret_access_key="sandbox",
        config=Config(retries={"max_attempts": 10, "mode": "standard"}),
    )


def pages(client, operation, key, **arguments):
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page[key]


def listed(sso, store, instance, account):
    rows = []
    sets = pages(sso, "list_permission_sets_provisioned_to_account", "PermissionSets", InstanceArn=instance["InstanceArn"], AccountId=account)
    for arn in sets:
        described = sso.describe_permission_set(InstanceArn=instance["InstanceArn"], PermissionSetArn=arn)
        name = described["PermissionSet"]["Name"]
        found = pages(
            sso, "list_account_assignments", "AccountAssignments",
            InstanceArn=instance["InstanceArn"], AccountId=account, PermissionSetArn=arn,
        )
        for one in found:
            kind, principal = one["PrincipalType"], one["PrincipalId"]
            if kind == "GROUP":
                who = store.describe_group(IdentityStoreId=instance["IdentityStoreId"], GroupId=principal)["DisplayName"]
            else:
                who = store.describe_user(IdentityStoreId=instance["IdentityStoreId"], UserId=principal)["DisplayName"]
            rows.append(f"{name} {kind} {who}")
    return sorted(rows)


def assign(sso, instance, account, arn, kind, principal):
    asked = sso.create_account_assignment(
        InstanceArn=instance["InstanceArn"], TargetId=account, TargetType="AWS_ACCOUNT",
        PermissionSetArn=arn, PrincipalType=kind, PrincipalId=principal,
    )["AccountAssignmentCreationStatus"]
    while asked["Status"] == "IN_PROGRESS":
        time.sleep(0.1)
        asked = sso.describe_account_assignment_creation_status(
            InstanceArn=instance["InstanceArn"], AccountAssignmentCreationRequestId=asked["RequestId"]
        )["AccountAssignmentCreationStatus"]
    if asked["Status"] != "SUCCEEDED":
        sys.exit(asked.get("FailureReason", "failed"))


def main():
    endpoint, verb, account, *rest = sys.argv[1:]
    sso, store = client("sso-admin", endpoint), client("identitystore", endpoint)
    instance = sso.list_instances()["Instances"][0]
    if verb == "list":
        print(json.dumps(listed(sso, store, instance, account)))
    else:
        assign(sso, instance, account, *rest)


main()
