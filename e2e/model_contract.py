"""Drives every operation that the sandbox serves by AWS's own service models.

    model_contract.py ENDPOINT

Prints one JSON object per line: the name of a test, what differs from the model, if anything, and the duration. Every
operation runs once with valid input, and the response is compared with the output shape: required and unknown members,
types, lengths, patterns, enumerations. Then it gets every input that the model forbids (a missing, too short, too long or
malformed value, a list of a wrong size, a value of a wrong type) and identifiers of things that do not exist, and must
answer each with an error that the model names. A deviation fails unless `ALLOWED` states a reason for it.
"""

import json
import sys
import time
import urllib.request

import aws_models
from model_probes import INVALID, NOTHING, PROTOCOL_ERRORS, UNKNOWN, Api, differences, wrong_inputs

# Deviations that remain, each with its reason: (service, operation, the beginning of the deviation).
ALLOWED = {
    ("cognito-idp", "DescribeIdentityProvider", "valid input"): "the pool of the sample has no identity provider",
    ("cognito-idp", "DescribeUserPool", "output: .UserPool.SchemaAttributes[].Name has the wrong length"): (
        "AWS returns custom attributes with the prefix `custom:`, which the length in the model does not include"
    ),
}


class Contract:
    """Runs all probes. Keeps the ids that later operations need."""

    def __init__(self, endpoint):
        self.api = Api(endpoint)
        self.probes = 0
        self.deviations = 0
        self.used = set()
        self.driven = set()
        found = self.ok("sso-admin", "ListInstances", {})["Instances"][0]
        self.instance, self.store = found["InstanceArn"], found["IdentityStoreId"]
        organization = self.ok("organizations", "DescribeOrganization", {})["Organization"]
        self.management = organization["MasterAccountId"]
        self.accounts = {one["Name"]: one["Id"] for one in self.every("organizations", "ListAccounts", {}, "Accounts")}
        self.root = self.every("organizations", "ListRoots", {}, "Roots")[0]["Id"]
        self.unit = self.every("organizations", "ListOrganizationalUnitsForParent", {"ParentId": self.root}, "OrganizationalUnits")[0]["Id"]
        self.pool = self.ok("cognito-idp", "ListUserPools", {"MaxResults": 60})["UserPools"][0]["Id"]
        self.account = self.accounts["cards-dev"]
        # The sandbox lists no clients.
        with urllib.request.urlopen(f"{endpoint}/_sandbox/state") as state:
            self.client = json.load(state)["organisation"]["pool"]["client"]["client_id"]

    def ok(self, service, operation, body, key="outside"):
        status, answer = self.api.call(service, operation, body, key)
        if status != 200:
            raise RuntimeError(f"{operation} {body}: {answer}")
        return answer

    def every(self, service, operation, body, member):
        found, token = [], {}
        while True:
            page = self.ok(service, operation, {**body, **token})
            found += page[member]
            if not page.get("NextToken"):
                return found
            token = {"NextToken": page["NextToken"]}

    def check(self, service, operation, valid, key="outside"):
        """Runs one operation with valid input and with every forbidden input. Returns the response."""
        start = time.monotonic()
        self.driven.add((service, operation))
        shape = aws_models.model(service).operation_model(operation)
        found = []
        if shape.input_shape:
            codes = {one.name for one in shape.error_shapes} | {
                one.metadata["error"]["code"] for one in shape.error_shapes if "code" in one.metadata.get("error", {})
            }
            for name, body in wrong_inputs(shape.input_shape, valid):
                found += self.refused(service, operation, name, body, codes, key)
            for name, body in self.unknown(operation, valid):
                found += self.known_error(service, operation, name, body, codes, key)
        self.probes += 1
        status, answer = self.api.call(service, operation, valid, key)
        if status != 200:
            found.append(f"valid input: {status} {answer}")
        elif "xml" in answer:
            found += [] if f"<{operation}Result>" in answer["xml"] else ["valid input: no result"]
        elif shape.output_shape:
            found += [f"output: {what}" for what in dict.fromkeys(differences(shape.output_shape, answer, ""))]
        elif answer:
            found.append("output: not empty")
        self.report(service, operation, found, start)
        return answer

    def refused(self, service, operation, name, body, codes, key):
        """Yields a deviation unless the input is refused as invalid."""
        self.probes += 1
        status, answer = self.api.call(service, operation, body, key)
        code = answer.get("__type", "none")
        permitted = PROTOCOL_ERRORS if name.endswith("wrong type") else codes & INVALID[service]
        if status != 400 or code not in permitted:
            yield f"{name}: {status} {code}"

    def known_error(self, service, operation, name, body, codes, key):
        """Yields a deviation unless the response is an error that the model names, or a success."""
        self.probes += 1
        status, answer = self.api.call(service, operation, body, key)
        code = answer.get("__type", "none")
        if status != 200 and code not in codes:
            yield f"{name}: {status} {code}"
        idempotent = operation.startswith(("Delete", "IsMember")) or "List" in operation
        if status == 200 and not idempotent and "ParentId" not in name:
            yield f"{name}: accepted"

    def unknown(self, operation, valid):
        """Yields `(name, input)` for every identifier of something that does not exist."""
        for name in valid:
            # Accepted, and fails later: see `assignments`.
            if (operation, name) == ("CreateAccountAssignment", "PrincipalId"):
                continue
            if name in UNKNOWN:
                yield f"unknown {name}", {**valid, name: UNKNOWN[name]}
            elif name == "MemberId":
                yield "unknown MemberId", {**valid, name: {"UserId": NOTHING}}

    def report(self, service, operation, found, start):
        left = []
        for what in found:
            allowed = [key for key in ALLOWED if key[:2] == (service, operation) and what.startswith(key[2])]
            self.used.update(allowed)
            if not allowed:
                left.append(what)
        self.deviations += len(left)
        seconds = time.monotonic() - start
        line(f"model of {service} {operation}", "; ".join(left) or None, seconds)

    def settled(self, operation, members, request):
        """Waits until an asynchronous write is complete."""
        asked, status = members
        for _ in range(600):
            found = self.ok("sso-admin", operation, {"InstanceArn": self.instance, f"{asked}RequestId": request})[status]
            if found["Status"] != "IN_PROGRESS":
                return found
            time.sleep(0.02)
        raise RuntimeError(f"{operation}: still in progress")


def line(name, differs, seconds):
    print(json.dumps({"name": name, "differs": differs, "seconds": round(seconds, 2)}), flush=True)


def directory(run):
    """Users, groups and memberships."""
    store = {"IdentityStoreId": run.store}

    def check(operation, **body):
        return run.check("identitystore", operation, {**store, **body})

    user = check(
        "CreateUser", UserName="model.user", DisplayName="Model User", NickName="Model", Title="Engineer", UserType="Employee",
        ProfileUrl="https://example.com/model", PreferredLanguage="en", Locale="en_GB", Timezone="Europe/Berlin",
        Website="https://example.com", Birthdate="1990-01-01",
        Name={"GivenName": "Model", "FamilyName": "User", "Formatted": "Model User", "MiddleName": "M", "HonorificPrefix": "Dr", "HonorificSuffix": "Jr"},
        Emails=[{"Value": "model.user@example.com", "Type": "work", "Primary": True}],
        Addresses=[{"StreetAddress": "1 Main Street", "Locality": "Town", "Region": "R", "PostalCode": "1", "Country": "DE",
                    "Formatted": "1 Main Street", "Type": "work", "Primary": True}],
        PhoneNumbers=[{"Value": "+491234", "Type": "work", "Primary": True}],
        Photos=[{"Value": "https://example.com/photo.png", "Type": "photo", "Display": "Photo", "Primary": True}],
        Roles=[{"Value": "engineer", "Type": "work", "Primary": True}],
    )["UserId"]
    group = check("CreateGroup", DisplayName="model-group", Description="made by the model contract")["GroupId"]
    check("DescribeUser", UserId=user, Extensions=["aws:identitystore:enterprise"])
    check("DescribeGroup", GroupId=group)
    check("GetUserId", AlternateIdentifier={"UniqueAttribute": {"AttributePath": "userName", "AttributeValue": "model.user"}})
    check("GetGroupId", AlternateIdentifier={"UniqueAttribute": {"AttributePath": "displayName", "AttributeValue": "model-group"}})
    check("ListUsers", MaxResults=2)
    check("ListGroups", MaxResults=2)
    check("UpdateUser", UserId=user, Operations=[{"AttributePath": "title", "AttributeValue": "Senior Engineer"}])
    check("UpdateGroup", GroupId=group, Operations=[{"AttributePath": "description", "AttributeValue": "changed"}])
    membership = check("CreateGroupMembership", GroupId=group, MemberId={"UserId": user})["MembershipId"]
    check("DescribeGroupMembership", MembershipId=membership)
    check("GetGroupMembershipId", GroupId=group, MemberId={"UserId": user})
    check("IsMemberInGroups", GroupIds=[group], MemberId={"UserId": user})
    check("ListGroupMemberships", GroupId=group, MaxResults=10)
    check("ListGroupMembershipsForMember", MemberId={"UserId": user}, MaxResults=10)
    check("DeleteGroupMembership", MembershipId=membership)
    check("DeleteGroup", GroupId=group)
    check("DeleteUser", UserId=user)


def permission_sets(run):
    """Permission sets, their policies and tags."""
    instance = {"InstanceArn": run.instance}

    def check(operation, **body):
        return run.check("sso-admin", operation, {**instance, **body})

    made = check(
        "CreatePermissionSet", Name="ModelSet", Description="made by the model contract", SessionDuration="PT2H",
        RelayState="https://example.com/", Tags=[{"Key": "team", "Value": "model"}],
    )
    one = {"PermissionSetArn": made["PermissionSet"]["PermissionSetArn"]}
    managed = {**one, "ManagedPolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
    customer = {**one, "CustomerManagedPolicyReference": {"Name": "ModelPolicy", "Path": "/model/"}}
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}]}
    tagged = {"ResourceArn": one["PermissionSetArn"]}
    check("DescribePermissionSet", **one)
    check("ListPermissionSets", MaxResults=3)
    check("UpdatePermissionSet", **one, Description="changed", SessionDuration="PT3H", RelayState="https://example.com/")
    check("AttachManagedPolicyToPermissionSet", **managed)
    check("ListManagedPoliciesInPermissionSet", **one, MaxResults=10)
    check("DetachManagedPolicyFromPermissionSet", **managed)
    check("AttachCustomerManagedPolicyReferenceToPermissionSet", **customer)
    check("ListCustomerManagedPolicyReferencesInPermissionSet", **one, MaxResults=10)
    check("DetachCustomerManagedPolicyReferenceFromPermissionSet", **customer)
    check("PutInlinePolicyToPermissionSet", **one, InlinePolicy=json.dumps(policy))
    check("GetInlinePolicyForPermissionSet", **one)
    check("DeleteInlinePolicyFromPermissionSet", **one)
    check("PutPermissionsBoundaryToPermissionSet", **one, PermissionsBoundary={"ManagedPolicyArn": managed["ManagedPolicyArn"]})
    check("GetPermissionsBoundaryForPermissionSet", **one)
    check("DeletePermissionsBoundaryFromPermissionSet", **one)
    check("TagResource", **tagged, Tags=[{"Key": "stage", "Value": "test"}])
    check("ListTagsForResource", **tagged)
    check("UntagResource", **tagged, TagKeys=["stage"])
    assignments(run, check, one)
    check("DeletePermissionSet", **one)


def assignments(run, check, one):
    """Account assignments of a permission set, and its provisioning."""
    group = run.every("identitystore", "ListGroups", {"IdentityStoreId": run.store}, "Groups")[0]["GroupId"]
    who = {"PrincipalType": "GROUP", "PrincipalId": group}
    what = {**one, **who, "TargetId": run.account, "TargetType": "AWS_ACCOUNT"}
    created = check("CreateAccountAssignment", **what)["AccountAssignmentCreationStatus"]["RequestId"]
    check("DescribeAccountAssignmentCreationStatus", AccountAssignmentCreationRequestId=created)
    creation = ("AccountAssignmentCreation", "AccountAssignmentCreationStatus")
    run.settled("DescribeAccountAssignmentCreationStatus", creation, created)
    start = time.monotonic()
    accepted = run.ok("sso-admin", "CreateAccountAssignment", {"InstanceArn": run.instance, **what, "PrincipalId": NOTHING})
    request = accepted["AccountAssignmentCreationStatus"]["RequestId"]
    ended = run.settled("DescribeAccountAssignmentCreationStatus", creation, request)
    nobody = ended["Status"] == "FAILED" and "404" in ended["FailureReason"]
    line("an assignment to nobody is accepted and fails later", None if nobody else str(ended), time.monotonic() - start)
    check("ListAccountAssignmentCreationStatus", Filter={"Status": "SUCCEEDED"}, MaxResults=5)
    check("ListAccountAssignments", **one, AccountId=run.account, MaxResults=5)
    run.check(
        "sso-admin", "ListAccountAssignmentsForPrincipal", {"InstanceArn": run.instance, **who, "MaxResults": 5}, key=run.management
    )
    check("ListAccountsForProvisionedPermissionSet", **one, ProvisioningStatus="LATEST_PERMISSION_SET_PROVISIONED", MaxResults=5)
    check("ListPermissionSetsProvisionedToAccount", AccountId=run.account, MaxResults=5)
    asked = check("ProvisionPermissionSet", **one, TargetType="AWS_ACCOUNT", TargetId=run.account)
    provisioned = asked["PermissionSetProvisioningStatus"]["RequestId"]
    check("DescribePermissionSetProvisioningStatus", ProvisionPermissionSetRequestId=provisioned)
    run.settled("DescribePermissionSetProvisioningStatus", ("ProvisionPermissionSet", "PermissionSetProvisioningStatus"), provisioned)
    check("ListPermissionSetProvisioningStatus", MaxResults=5)
    deleted = check("DeleteAccountAssignment", **what)["AccountAssignmentDeletionStatus"]["RequestId"]
    check("DescribeAccountAssignmentDeletionStatus", AccountAssignmentDeletionRequestId=deleted)
    deletion = ("AccountAssignmentDeletion", "AccountAssignmentDeletionStatus")
    run.settled("DescribeAccountAssignmentDeletionStatus", deletion, deleted)
    check("ListAccountAssignmentDeletionStatus", MaxResults=5)
    # The role is removed after the assignment.
    while run.ok("sso-admin", "ListAccountsForProvisionedPermissionSet", {"InstanceArn": run.instance, **one})["AccountIds"]:
        time.sleep(0.02)


def organization(run):
    """Accounts, organizational units, tags and policies."""

    def check(operation, **body):
        return run.check("organizations", operation, body)

    check("DescribeOrganization")
    check("ListAccounts", MaxResults=5)
    check("DescribeAccount", AccountId=run.account)
    check("ListRoots", MaxResults=5)
    check("ListOrganizationalUnitsForParent", ParentId=run.root, MaxResults=5)
    check("DescribeOrganizationalUnit", OrganizationalUnitId=run.unit)
    check("ListAccountsForParent", ParentId=run.root, MaxResults=5)
    check("ListParents", ChildId=run.account, MaxResults=5)
    check("ListChildren", ParentId=run.root, ChildType="ACCOUNT", MaxResults=5)
    check("ListTagsForResource", ResourceId=run.account)
    delegated = check("ListDelegatedAdministrators", ServicePrincipal="sso.amazonaws.com", MaxResults=5)
    delegated = delegated["DelegatedAdministrators"][0]["Id"]
    check("ListDelegatedServicesForAccount", AccountId=delegated, MaxResults=5)
    changes = {"key": run.management}
    run.check("organizations", "TagResource", {"ResourceId": run.account, "Tags": [{"Key": "model", "Value": "x"}]}, **changes)
    run.check("organizations", "UntagResource", {"ResourceId": run.account, "TagKeys": ["model"]}, **changes)
    parent = run.ok("organizations", "ListParents", {"ChildId": run.account})["Parents"][0]["Id"]
    move = {"AccountId": run.account, "SourceParentId": parent, "DestinationParentId": run.unit}
    run.check("organizations", "MoveAccount", move, **changes)
    run.ok("organizations", "MoveAccount", {**move, "SourceParentId": run.unit, "DestinationParentId": parent}, run.management)
    check("ListPolicies", Filter="SERVICE_CONTROL_POLICY", MaxResults=5)


def pool(run):
    """The user pool, its users and groups."""

    def check(operation, **body):
        return run.check("cognito-idp", operation, {"UserPoolId": run.pool, **body})

    client = run.ok("cognito-idp", "ListUsers", {"UserPoolId": run.pool, "Limit": 1})["Users"][0]["Username"]
    user = {"Username": client}
    group = {"GroupName": run.ok("cognito-idp", "ListGroups", {"UserPoolId": run.pool})["Groups"][0]["GroupName"]}
    run.check("cognito-idp", "ListUserPools", {"MaxResults": 5})
    check("DescribeUserPool")
    check("GetUserPoolMfaConfig")
    check("DescribeUserPoolClient", ClientId=run.client)
    check("ListUserPoolClients", MaxResults=5)
    check("DescribeIdentityProvider", ProviderName="Corporate")
    check("ListUsers", Limit=5, Filter='status = "Enabled"')
    check("ListGroups", Limit=5)
    check("ListUsersInGroup", **group, Limit=5)
    check("AdminGetUser", **user)
    check("AdminListGroupsForUser", **user, Limit=5)
    check("AdminAddUserToGroup", **user, **group)
    check("AdminRemoveUserFromGroup", **user, **group)
    check("AdminDisableUser", **user)
    check("AdminEnableUser", **user)
    check("AdminUserGlobalSignOut", **user)


def main():
    start = time.monotonic()
    run = Contract(sys.argv[1])
    current = aws_models.TARGET.read_text(encoding="utf-8") == aws_models.generated()
    line(
        "the models of the sandbox are those of the pinned botocore",
        None if current else "run python3 e2e/aws_models.py",
        time.monotonic() - start,
    )
    run.check("sso-admin", "ListInstances", {"MaxResults": 5})
    run.check("sso-admin", "DescribeInstance", {"InstanceArn": run.instance})
    for part in (directory, permission_sets, organization, pool):
        begun = time.monotonic()
        try:
            part(run)
        except (KeyError, RuntimeError) as error:
            line(f"the operations of {part.__name__} build on each other", f"{type(error).__name__}: {error}", time.monotonic() - begun)
    attribute = {"AttributeKey": "EventSource", "AttributeValue": "sso.amazonaws.com"}
    run.check("cloudtrail", "LookupEvents", {"LookupAttributes": [attribute], "MaxResults": 5})
    run.check("sts", "GetCallerIdentity", {})
    served = {(service, name) for service in aws_models.SERVICES for name in aws_models.operations(service)}
    missing = sorted(f"{service} {name}" for service, name in served - run.driven)
    line("every operation of the sandbox is driven", ", ".join(missing) or None, time.monotonic() - start)
    unused = [f"{key}: no longer deviates" for key in ALLOWED if key not in run.used]
    counts = f"{len(run.driven)} operations, {run.probes} probes, {run.deviations} deviations, {len(ALLOWED)} allowed"
    line(f"models of AWS: {counts}", "; ".join(unused) or None, time.monotonic() - start)


if __name__ == "__main__":
    main()
