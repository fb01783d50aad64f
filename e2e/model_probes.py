"""The probes of `model_contract.py`: valid responses and forbidden inputs, both derived from AWS's service models."""

import copy
import http.client
import json
import time
import urllib.parse
from functools import cache

import aws_models
import regex
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

REGION = "eu-west-1"
NOTHING = "00000000-0000-4000-8000-000000000000"

# Errors of the protocol, which no model names.
PROTOCOL_ERRORS = {"SerializationException"}
THROTTLED = {"ThrottlingException", "TooManyRequestsException", "Throttling"}

# The codes with which services refuse invalid input, before they look anything up.
INVALID = {
    "sso-admin": {"ValidationException"},
    "identitystore": {"ValidationException"},
    "organizations": {"InvalidInputException"},
    "cloudtrail": {
        "InvalidLookupAttributesException", "InvalidMaxResultsException", "InvalidNextTokenException", "InvalidEventCategoryException",
    },
    "cognito-idp": {"InvalidParameterException"},
    "sts": set(),
}


class Api:
    """Sends raw requests, signed by botocore, so that invalid input reaches the server as it is."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(endpoint).netloc, timeout=30)

    def call(self, service, operation, body, key="outside"):
        """Returns the status and the parsed response; repeats a throttled call."""
        model = aws_models.model(service)
        region = "us-east-1" if service == "organizations" else REGION
        if model.metadata["protocol"] == "query":
            data = urllib.parse.urlencode({"Action": operation, "Version": model.api_version, **body})
            headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        else:
            data = json.dumps(body)
            version = model.metadata.get("jsonVersion", "1.1")
            headers = {
                "Content-Type": f"application/x-amz-json-{version}",
                "X-Amz-Target": f"{model.metadata['targetPrefix']}.{operation}",
            }
        for _ in range(400):
            request = AWSRequest("POST", f"{self.endpoint}/", data=data.encode(), headers=headers)
            SigV4Auth(Credentials(key, "sandbox"), model.signing_name, region).add_auth(request)
            self.connection.request("POST", "/", body=data.encode(), headers=dict(request.headers.items()))
            response = self.connection.getresponse()
            text = response.read().decode()
            answer = json.loads(text) if text.startswith("{") else {"xml": text}
            if str(answer.get("__type", "")) not in THROTTLED:
                return response.status, answer
            time.sleep(0.02)
        raise RuntimeError(f"{operation} is throttled for ever")


@cache
def compiled(pattern):
    """Returns a pattern of Java for Python: the classes are ASCII, and `\\p{L}` is not."""
    for letter in "wdsS":
        pattern = pattern.replace(f"\\{letter}", aws_models.CLASSES[letter])
    return regex.compile(pattern, regex.VERSION1)


def matches(pattern, text):
    """Returns whether the whole text matches, as AWS reads a pattern."""
    return bool(compiled(pattern).fullmatch(text))


def differences(shape, value, path):
    """Yields what differs between a value and its output shape."""
    kind, limits = shape.type_name, shape.metadata
    types = {
        "structure": dict, "map": dict, "list": list, "string": str, "boolean": bool,
        "integer": int, "long": int, "timestamp": (int, float),
    }
    if getattr(shape, "is_document_type", False):
        return
    if not isinstance(value, types[kind]) or (kind in ("integer", "long") and isinstance(value, bool)):
        yield f"{path} is {type(value).__name__}, not {kind}"
    elif kind == "structure":
        for name in shape.required_members:
            if name not in value:
                yield f"{path}.{name} is missing"
        for name, held in value.items():
            if name not in shape.members:
                yield f"{path}.{name} is not in the model"
            else:
                yield from differences(shape.members[name], held, f"{path}.{name}")
    elif kind == "list":
        for item in value:
            yield from differences(shape.member, item, f"{path}[]")
    elif kind == "map":
        for held in value.values():
            yield from differences(shape.value, held, f"{path}{{}}")
    elif kind == "string":
        if shape.enum and value not in shape.enum:
            yield f"{path} is not in the enumeration"
        if len(value) < limits.get("min", 0) or len(value) > limits.get("max", len(value)):
            yield f"{path} has the wrong length"
        if limits.get("pattern") and not matches(limits["pattern"], value):
            yield f"{path} does not match {limits['pattern']}"


def malformed(shape):
    """Returns a text of a permitted length that does not match the pattern of a shape; None if every text does."""
    least = max(shape.metadata.get("min", 1), 1)
    for letter in ("!", "\u0007", "{", " ", "\u2028"):
        text = letter * least
        if len(text) <= shape.metadata.get("max", least) and not matches(shape.metadata["pattern"], text):
            return text
    return None


def wrong_values(shape):
    """Yields the values that a shape forbids, each with a name."""
    kind, limits = shape.type_name, shape.metadata
    if getattr(shape, "is_document_type", False):
        return
    if kind == "string":
        yield "wrong type", 7
        if limits.get("min", 0) > 0:
            yield "too short", ""
        if "max" in limits:
            yield "too long", "a" * (limits["max"] + 1)
        if limits.get("pattern") and malformed(shape) is not None:
            yield "malformed", malformed(shape)
        if shape.enum:
            yield "not in the enumeration", "SOMETHING_ELSE"
    elif kind == "integer":
        yield "wrong type", "ten"
        if "min" in limits:
            yield "too small", limits["min"] - 1
        if "max" in limits:
            yield "too large", limits["max"] + 1
    elif kind in ("list", "structure", "map", "boolean", "timestamp"):
        yield "wrong type", "text"
        if kind == "list" and limits.get("min", 0) > 0:
            yield "too short", []


def wrong_inputs(shape, valid, path=""):
    """Yields `(name, input)` for every input that differs from a valid one in one forbidden value."""
    for name, member in shape.members.items():
        at = f"{path}.{name}".lstrip(".")
        if name in shape.required_members and name in valid:
            yield f"{at}: missing", {key: value for key, value in valid.items() if key != name}
        for what, value in wrong_values(member):
            yield f"{at}: {what}", {**valid, name: value}
        held = valid.get(name)
        if member.type_name == "structure" and isinstance(held, dict) and not getattr(member, "is_document_type", False):
            for what, value in wrong_inputs(member, held, at):
                yield what, {**valid, name: value}
        if member.type_name == "list" and held:
            yield from wrong_items(member, held, valid, name, at)


def wrong_items(member, held, valid, name, at):
    limit = member.metadata.get("max")
    if limit is not None and limit <= 200:
        yield f"{at}: too long a list", {**valid, name: [copy.deepcopy(held[0]) for _ in range(limit + 1)]}
    item = member.member
    for what, value in wrong_values(item):
        yield f"{at}[]: {what}", {**valid, name: [value]}
    if item.type_name == "structure":
        for what, value in wrong_inputs(item, held[0], f"{at}[]"):
            yield what, {**valid, name: [value]}


# Identifiers that are well formed and name nothing.
UNKNOWN = {
    "InstanceArn": "arn:aws:sso:::instance/ssoins-0000000000000000",
    "PermissionSetArn": "arn:aws:sso:::permissionSet/ssoins-0000000000000000/ps-0000000000000000",
    "ResourceArn": "arn:aws:sso:::permissionSet/ssoins-0000000000000000/ps-0000000000000000",
    "ManagedPolicyArn": "arn:aws:iam::aws:policy/NoSuchPolicy",
    "IdentityStoreId": "d-0000000000",
    "GroupId": NOTHING, "UserId": NOTHING, "MembershipId": NOTHING, "PrincipalId": NOTHING,
    "AccountAssignmentCreationRequestId": NOTHING, "AccountAssignmentDeletionRequestId": NOTHING,
    "ProvisionPermissionSetRequestId": NOTHING,
    "AccountId": "999999999999", "TargetId": "999999999999", "ChildId": "999999999999", "ResourceId": "999999999999",
    "ParentId": "ou-zzzz-00000000", "SourceParentId": "ou-zzzz-00000000", "DestinationParentId": "ou-zzzz-00000000",
    "OrganizationalUnitId": "ou-zzzz-00000000",
    "UserPoolId": "eu-west-1_NoSuchPool", "ClientId": "nosuchclient", "Username": "nobody", "GroupName": "nowhere",
}
