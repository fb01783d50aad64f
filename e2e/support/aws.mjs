// An outside client of AWS: awsJson1.1 by fetch, sharing no code with the product. It speaks to the sandbox's AWS
// port as anybody with credentials would.

import { until } from './suite.mjs';

const TARGETS = {
  sso: 'SWBExternalService',
  identitystore: 'AWSIdentityStore',
  organizations: 'AWSOrganizationsV20161128',
  cognito: 'AWSCognitoIdentityProviderService',
};

export class Aws {
  constructor(endpoint, accessKey = 'AKIAOUTSIDE') {
    this.endpoint = endpoint;
    this.accessKey = accessKey;
  }

  /** One call. Throws with AWS's error code as the error's name. */
  async call(service, operation, parameters = {}) {
    const response = await fetch(this.endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `${TARGETS[service]}.${operation}`,
        authorization: `AWS4-HMAC-SHA256 Credential=${this.accessKey}/20260101/eu-west-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
      },
      body: JSON.stringify(parameters),
    });
    const answer = await response.json();
    if (response.ok) return answer;
    const error = new Error(`${operation}: ${answer.message ?? answer.Message ?? response.status}`);
    error.name = String(answer.__type ?? response.status).split('#').pop();
    throw error;
  }

  /** Everything that the sandbox holds. */
  async state() {
    const response = await fetch(`${this.endpoint}/_sandbox/state`);
    return (await response.json()).organisation;
  }

  /** Every call that it received after a number, in order. */
  async calls(since = 0) {
    const response = await fetch(`${this.endpoint}/_sandbox/calls?since=${since}`);
    return (await response.json()).calls;
  }

  /** Has the sandbox break what a rule names; without one, nothing any more. */
  async breaks(...rules) {
    const response = await fetch(`${this.endpoint}/_sandbox/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ seed: 1, rules }),
    });
    if (!response.ok) throw new Error(`no such faults: ${await response.text()}`);
  }

  /** Ids by name, as AWS knows them. */
  async names() {
    const held = await this.state();
    const found = (list, key, value) => Object.fromEntries(list.map((one) => [one[key], one[value]]));
    const sets = found(held.permission_sets, 'name', 'arn');
    return {
      held,
      instance: held.instance_arn,
      store: held.identity_store_id,
      pool: held.pool.id,
      groups: found(held.groups, 'display_name', 'id'),
      users: found(held.users, 'user_name', 'id'),
      accounts: found(held.accounts, 'name', 'id'),
      sets,
      keys: Object.fromEntries(Object.entries(sets).map(([name, arn]) => [name, arn.split('/').pop()])),
    };
  }

  async #assignment(names, { account, set, group, user }) {
    return {
      InstanceArn: names.instance,
      TargetId: names.accounts[account],
      TargetType: 'AWS_ACCOUNT',
      PermissionSetArn: names.sets[set],
      PrincipalType: group ? 'GROUP' : 'USER',
      PrincipalId: group ? names.groups[group] : names.users[user],
    };
  }

  /** Assigns outside Leastwise, and waits until AWS has done it. */
  async assign(what) {
    const names = await this.names();
    const asked = await this.call('sso', 'CreateAccountAssignment', await this.#assignment(names, what));
    const request = asked.AccountAssignmentCreationStatus.RequestId;
    await until('the outside assignment', async () => {
      const answer = await this.call('sso', 'DescribeAccountAssignmentCreationStatus', {
        InstanceArn: names.instance,
        AccountAssignmentCreationRequestId: request,
      });
      return answer.AccountAssignmentCreationStatus.Status === 'SUCCEEDED';
    });
  }

  /** Puts somebody into a group outside Leastwise. */
  async join(group, user) {
    const names = await this.names();
    await this.call('identitystore', 'CreateGroupMembership', {
      IdentityStoreId: names.store,
      GroupId: names.groups[group],
      MemberId: { UserId: names.users[user] },
    });
  }

  /** Who is assigned to an account with a set, as AWS lists it. */
  async assigned(account, set) {
    const names = await this.names();
    const principals = [];
    let token;
    do {
      const page = await this.call('sso', 'ListAccountAssignments', {
        InstanceArn: names.instance,
        AccountId: names.accounts[account],
        PermissionSetArn: names.sets[set],
        ...(token ? { NextToken: token } : {}),
      });
      principals.push(...page.AccountAssignments.map((one) => one.PrincipalId));
      token = page.NextToken;
    } while (token);
    return principals;
  }

  /** Ends every session of somebody at Cognito. */
  async signOutEverywhere(username) {
    const { pool } = await this.names();
    await this.call('cognito', 'AdminUserGlobalSignOut', { UserPoolId: pool, Username: username });
  }
}
