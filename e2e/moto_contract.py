"""One scenario on two servers, compared step by step: our sandbox and moto.

    moto_contract.py SANDBOX MOTO

Prints one JSON object per line: the name of the step, the difference between the servers, if any, and the duration.
Contains only steps that moto implements correctly. Responses are reduced to what both servers must agree on: the members
and their types, values that the scenario sets, and error codes. Members that AWS writes and moto does not support may
occur on the sandbox only.
"""

import json
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "eu-west-1"


def client(service, endpoint, key="outside"):
    # Calls to Organizations are signed for its only Region, which boto3 does not select for an endpoint that is given.
    region = "us-east-1" if service == "organizations" else REGION
    return boto3.client(
        service, endpoint_url=endpoint, region_name=region, aws_access_key_id=key, aws_secret_access_key="sandbox",
        config=Config(retries={"max_attempts": 10, "mode": "standard"}),
    )


def shape(value):
    """Returns the value with types in place of the values."""
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items() if name != "ResponseMetadata"}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def only(value, *names):
    return {name: value.get(name) for name in names}


def code(call, **arguments):
    """Returns the error code of a call that must fail."""
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "no error"


def everything(client, operation, key, **arguments):
    found, token = [], {}
    while True:
        page = getattr(client, operation)(**arguments, **token)
        found += page[key]
        if not page.get("NextToken"):
            return found
        token = {"NextToken": page["NextToken"]}


class Scenario:
    """Keeps the ids of one server between steps. Every step returns the value to compare."""

    def __init__(self, endpoint):
        self.sso = client("sso-admin", endpoint)
        self.store = client("identitystore", endpoint)
        self.org = client("organizations", endpoint)
        self.sts = client("sts", endpoint)
        self.instance = self.sso.list_instances()["Instances"][0]
        self.i = {"InstanceArn": self.instance["InstanceArn"]}
        self.s = {"IdentityStoreId": self.instance["IdentityStoreId"]}
        self.prepare_organization()
        # Both servers accept an account number as the access key of that account.
        master = self.org.describe_organization()["Organization"]["MasterAccountId"]
        self.management = client("sso-admin", endpoint, master)

    def prepare_organization(self):
        try:
            self.org.describe_organization()
        except ClientError:
            self.org.create_organization(FeatureSet="ALL")
        accounts = everything(self.org, "list_accounts", "Accounts")
        if len(accounts) < 2:
            self.org.create_account(AccountName="contract", Email="contract@example.com")
            accounts = everything(self.org, "list_accounts", "Accounts")
        master = self.org.describe_organization()["Organization"]["MasterAccountId"]
        self.account = next(one["Id"] for one in accounts if one["Id"] != master)

    # Caller and organization

    def caller_identity(self):
        return shape(self.sts.get_caller_identity())

    def instances(self):
        return shape(self.instance)

    def organization(self):
        described = self.org.describe_organization()["Organization"]
        return shape(only(described, "Id", "Arn", "FeatureSet", "MasterAccountArn", "MasterAccountId", "MasterAccountEmail"))

    def accounts(self):
        names = ("Id", "Arn", "Email", "Name", "Status", "JoinedMethod", "JoinedTimestamp")
        return shape(only(self.org.describe_account(AccountId=self.account)["Account"], *names))

    def every_account_is_listed_and_described_alike(self):
        names = ("Id", "Arn", "Email", "Name", "Status")
        listed = everything(self.org, "list_accounts", "Accounts")
        return [
            only(one, *names) == only(self.org.describe_account(AccountId=one["Id"])["Account"], *names) for one in listed[:2]
        ]

    def roots_and_parents(self):
        root = self.org.list_roots()["Roots"][0]
        parent = self.org.list_parents(ChildId=self.account)["Parents"][0]
        return shape(only(root, "Id", "Arn", "Name")), shape(parent)

    def accounts_of_the_root_page_by_page(self):
        parent = self.org.list_parents(ChildId=self.account)["Parents"][0]["Id"]
        by_one = everything(self.org, "list_accounts_for_parent", "Accounts", ParentId=parent, MaxResults=1)
        at_once = everything(self.org, "list_accounts_for_parent", "Accounts", ParentId=parent)
        return sorted(one["Id"] for one in by_one) == sorted(one["Id"] for one in at_once)

    def unknown_account(self):
        return code(self.org.describe_account, AccountId="999999999999")

    def tags_of_an_account(self):
        found = everything(self.org, "list_tags_for_resource", "Tags", ResourceId=self.account)
        return all(set(tag) == {"Key", "Value"} for tag in found)

    # Directory

    def create_user(self):
        made = self.store.create_user(
            **self.s, UserName="contract.user", DisplayName="Contract User", Name={"GivenName": "Contract", "FamilyName": "User"},
            Emails=[{"Value": "contract.user@example.com", "Type": "work", "Primary": True}],
        )
        self.user = made["UserId"]
        return shape(made)

    def describe_user(self):
        return only(self.store.describe_user(**self.s, UserId=self.user), "UserName", "DisplayName", "Name", "Emails")

    def user_id_by_name(self):
        found = self.store.get_user_id(
            **self.s, AlternateIdentifier={"UniqueAttribute": {"AttributePath": "userName", "AttributeValue": "contract.user"}}
        )
        return found["UserId"] == self.user

    def list_users(self):
        found = [one for one in everything(self.store, "list_users", "Users", **self.s) if one["UserId"] == self.user]
        return [only(one, "UserName", "DisplayName", "Name") for one in found]

    def the_same_user_name_twice(self):
        return code(
            self.store.create_user, **self.s, UserName="contract.user", DisplayName="Other", Name={"GivenName": "O", "FamilyName": "T"}
        )

    def create_groups(self):
        made = [self.store.create_group(**self.s, DisplayName=name, Description=name) for name in ("contract-a", "contract-b")]
        self.groups = [one["GroupId"] for one in made]
        return shape(made)

    def describe_group(self):
        return only(self.store.describe_group(**self.s, GroupId=self.groups[0]), "DisplayName", "Description")

    def group_id_by_name(self):
        found = self.store.get_group_id(
            **self.s, AlternateIdentifier={"UniqueAttribute": {"AttributePath": "displayName", "AttributeValue": "contract-b"}}
        )
        return found["GroupId"] == self.groups[1]

    def list_groups(self):
        found = everything(self.store, "list_groups", "Groups", **self.s)
        return sorted(one["DisplayName"] for one in found if one["GroupId"] in self.groups)

    def the_same_group_name_twice(self):
        return code(self.store.create_group, **self.s, DisplayName="contract-a")

    def unknown_group(self):
        return code(self.store.describe_group, **self.s, GroupId="00000000-0000-4000-8000-000000000000")

    def unknown_user(self):
        return code(self.store.describe_user, **self.s, UserId="00000000-0000-4000-8000-000000000000")

    # Memberships

    def create_membership(self):
        made = self.store.create_group_membership(**self.s, GroupId=self.groups[0], MemberId={"UserId": self.user})
        self.membership = made["MembershipId"]
        return shape(made)

    def members_of_a_group(self):
        found = everything(self.store, "list_group_memberships", "GroupMemberships", **self.s, GroupId=self.groups[0])
        return [(one["MemberId"] == {"UserId": self.user}, one["MembershipId"] == self.membership) for one in found]

    def groups_of_a_member(self):
        found = everything(
            self.store, "list_group_memberships_for_member", "GroupMemberships", **self.s, MemberId={"UserId": self.user}
        )
        return [one["GroupId"] == self.groups[0] for one in found]

    def membership_id(self):
        found = self.store.get_group_membership_id(**self.s, GroupId=self.groups[0], MemberId={"UserId": self.user})
        return found["MembershipId"] == self.membership

    def describe_membership(self):
        found = self.store.describe_group_membership(**self.s, MembershipId=self.membership)
        return found["GroupId"] == self.groups[0], found["MemberId"] == {"UserId": self.user}

    # Permission sets

    def create_permission_sets(self):
        made = [
            self.sso.create_permission_set(**self.i, Name=name, Description="made by the contract", SessionDuration=duration)
            for name, duration in (("ContractA", "PT2H"), ("ContractB", "PT1H"))
        ]
        self.sets = [one["PermissionSet"]["PermissionSetArn"] for one in made]
        return [only(one["PermissionSet"], "Name", "Description", "SessionDuration") for one in made], shape(made[0]["PermissionSet"])

    def describe_permission_set(self):
        found = self.sso.describe_permission_set(**self.i, PermissionSetArn=self.sets[0])["PermissionSet"]
        return only(found, "Name", "Description", "SessionDuration"), found["PermissionSetArn"] == self.sets[0]

    def list_permission_sets_page_by_page(self):
        found = everything(self.sso, "list_permission_sets", "PermissionSets", **self.i, MaxResults=1)
        return all(arn in found for arn in self.sets), len(found) == len(set(found))

    def update_permission_set(self):
        self.sso.update_permission_set(**self.i, PermissionSetArn=self.sets[0], Description="changed", SessionDuration="PT3H")
        found = self.sso.describe_permission_set(**self.i, PermissionSetArn=self.sets[0])["PermissionSet"]
        return only(found, "Name", "Description", "SessionDuration")

    def managed_policies(self):
        arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
        one = {**self.i, "PermissionSetArn": self.sets[0]}
        self.sso.attach_managed_policy_to_permission_set(**one, ManagedPolicyArn=arn)
        attached = everything(self.sso, "list_managed_policies_in_permission_set", "AttachedManagedPolicies", **one)
        twice = code(self.sso.attach_managed_policy_to_permission_set, **one, ManagedPolicyArn=arn)
        self.sso.detach_managed_policy_from_permission_set(**one, ManagedPolicyArn=arn)
        left = everything(self.sso, "list_managed_policies_in_permission_set", "AttachedManagedPolicies", **one)
        return attached, twice, left, code(self.sso.detach_managed_policy_from_permission_set, **one, ManagedPolicyArn=arn)

    def customer_managed_policies(self):
        one = {**self.i, "PermissionSetArn": self.sets[0]}
        policy = {"Name": "ContractPolicy", "Path": "/contract/"}
        self.sso.attach_customer_managed_policy_reference_to_permission_set(**one, CustomerManagedPolicyReference=policy)
        operation, key = "list_customer_managed_policy_references_in_permission_set", "CustomerManagedPolicyReferences"
        attached = everything(self.sso, operation, key, **one)
        self.sso.detach_customer_managed_policy_reference_from_permission_set(**one, CustomerManagedPolicyReference=policy)
        return attached, everything(self.sso, operation, key, **one)

    def inline_policy(self):
        one = {**self.i, "PermissionSetArn": self.sets[0]}
        policy = json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}]}
        )
        self.sso.put_inline_policy_to_permission_set(**one, InlinePolicy=policy)
        held = self.sso.get_inline_policy_for_permission_set(**one)["InlinePolicy"]
        self.sso.delete_inline_policy_from_permission_set(**one)
        return json.loads(held) == json.loads(policy), self.sso.get_inline_policy_for_permission_set(**one)["InlinePolicy"]

    # Assignments

    def assign(self):
        asked = self.sso.create_account_assignment(**self.what(), **self.i)["AccountAssignmentCreationStatus"]
        told = only(asked, "PermissionSetArn", "PrincipalId", "PrincipalType", "TargetId", "TargetType")
        ended = self.wait("describe_account_assignment_creation_status", "AccountAssignmentCreation", asked["RequestId"])
        wanted = {name: value for name, value in self.what().items()}
        return told == wanted, ended["Status"], ended["RequestId"] == asked["RequestId"]

    def assignments_of_an_account(self):
        found = everything(
            self.sso, "list_account_assignments", "AccountAssignments", **self.i, AccountId=self.account, PermissionSetArn=self.sets[1]
        )
        wanted = {"AccountId": self.account, "PermissionSetArn": self.sets[1], "PrincipalType": "GROUP", "PrincipalId": self.groups[0]}
        return [one == wanted for one in found]

    def assignments_of_a_group(self):
        found = everything(
            self.management, "list_account_assignments_for_principal", "AccountAssignments", **self.i, PrincipalId=self.groups[0],
            PrincipalType="GROUP",
        )
        return [only(one, "PrincipalType") | {"account": one["AccountId"] == self.account} for one in found]

    def unassign(self):
        asked = self.sso.delete_account_assignment(**self.what(), **self.i)["AccountAssignmentDeletionStatus"]
        ended = self.wait("describe_account_assignment_deletion_status", "AccountAssignmentDeletion", asked["RequestId"])
        left = everything(
            self.sso, "list_account_assignments", "AccountAssignments", **self.i, AccountId=self.account, PermissionSetArn=self.sets[1]
        )
        return ended["Status"], left

    def what(self):
        return {
            "TargetId": self.account, "TargetType": "AWS_ACCOUNT", "PermissionSetArn": self.sets[1], "PrincipalType": "GROUP",
            "PrincipalId": self.groups[0],
        }

    def wait(self, operation, member, request):
        for _ in range(600):
            found = getattr(self.sso, operation)(**self.i, **{f"{member[0].upper()}{member[1:]}RequestId": request})[f"{member}Status"]
            if found["Status"] != "IN_PROGRESS":
                return found
            time.sleep(0.05)
        return found

    # Cleanup

    def delete_membership(self):
        self.store.delete_group_membership(**self.s, MembershipId=self.membership)
        return everything(self.store, "list_group_memberships", "GroupMemberships", **self.s, GroupId=self.groups[0])

    def delete_groups(self):
        for group in self.groups:
            self.store.delete_group(**self.s, GroupId=group)
        return code(self.store.describe_group, **self.s, GroupId=self.groups[0])

    def delete_user(self):
        self.store.delete_user(**self.s, UserId=self.user)
        return code(self.store.describe_user, **self.s, UserId=self.user)

    def delete_permission_sets(self):
        for arn in self.sets:
            # The role is removed shortly after its last assignment; until then the set is in use.
            for _ in range(100):
                if code(self.sso.delete_permission_set, **self.i, PermissionSetArn=arn) != "ConflictException":
                    break
                time.sleep(0.1)
        found = everything(self.sso, "list_permission_sets", "PermissionSets", **self.i)
        return any(arn in found for arn in self.sets), code(
            self.sso.describe_permission_set, **self.i, PermissionSetArn=self.sets[0]
        )


def difference(ours, theirs, where="answer"):
    """Describes what moto returned and the sandbox did not. Members that only the sandbox returns are newer ones of AWS."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name, value in theirs.items():
            if name not in ours:
                return f"{where}.{name} is missing; moto returned {value!r}"
            found = difference(ours[name], value, f"{where}.{name}")
            if found:
                return found
        return None
    if isinstance(theirs, (list, tuple)) and isinstance(ours, (list, tuple)) and len(theirs) == len(ours):
        for at, (one, other) in enumerate(zip(ours, theirs)):
            found = difference(one, other, f"{where}[{at}]")
            if found:
                return found
        return None
    return None if ours == theirs else f"{where} is {ours!r}; moto returned {theirs!r}"


def main():
    sandbox, moto = (Scenario(endpoint) for endpoint in sys.argv[1:3])
    steps = [name for name in vars(Scenario) if not name.startswith("_") and name not in ("prepare_organization", "what", "wait")]
    for step in steps:
        start = time.monotonic()
        try:
            differs = difference(getattr(sandbox, step)(), getattr(moto, step)())
        except Exception as error:  # noqa: BLE001: a failure on either server is a difference
            differs = f"{type(error).__name__}: {error}"
        seconds = time.monotonic() - start
        print(json.dumps({"name": step.replace("_", " "), "differs": differs, "seconds": seconds}), flush=True)


main()
