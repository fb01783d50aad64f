// An independent AWS client: awsJson1.1 by fetch, without shared code. It calls the sandbox's AWS port as anyone with
// credentials can.

import { createHash, createHmac } from 'node:crypto';
import { until } from './suite.mjs';

/** The target prefix of each service, the name that calls are signed for, and the Region. */
const SERVICES = {
  sso: { target: 'SWBExternalService', signing: 'sso', region: 'eu-west-1' },
  identitystore: { target: 'AWSIdentityStore', signing: 'identitystore', region: 'eu-west-1' },
  organizations: { target: 'AWSOrganizationsV20161128', signing: 'organizations', region: 'us-east-1' },
  cognito: { target: 'AWSCognitoIdentityProviderService', signing: 'cognito-idp', region: 'eu-west-1' },
};

/** The secret of every access key of the sandbox. */
const SECRET = 'sandbox';

const hash = (text) => createHash('sha256').update(text).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();

/** Returns the signed headers of a call (Signature Version 4). */
function signed({ target, signing, region }, operation, host, accessKey, body) {
  const at = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const day = at.slice(0, 8);
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    host,
    'x-amz-date': at,
    'x-amz-target': `${target}.${operation}`,
  };
  const names = Object.keys(headers).join(';');
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`).join('');
  const scope = `${day}/${region}/${signing}/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${at}\n${scope}\n${hash(`POST\n/\n\n${lines}\n${names}\n${hash(body)}`)}`;
  const key = scope.split('/').reduce(hmac, `AWS4${SECRET}`);
  const signature = hmac(key, text).toString('hex');
  const { host: _, ...sent } = headers;
  return { ...sent, authorization: `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=${names}, Signature=${signature}` };
}

export class Aws {
  constructor(endpoint, accessKey = 'outside') {
    this.endpoint = endpoint;
    this.accessKey = accessKey;
  }

  /** Makes one call. Throws an error whose name is AWS's error code. */
  async call(service, operation, parameters = {}) {
    const body = JSON.stringify(parameters);
    const { host } = new URL(this.endpoint);
    const headers = signed(SERVICES[service], operation, host, this.accessKey, body);
    const response = await fetch(this.endpoint, { method: 'POST', headers, body });
    const answer = await response.json();
    if (response.ok) return answer;
    const error = new Error(`${operation}: ${answer.message ?? answer.Message ?? response.status}`);
    error.name = String(answer.__type ?? response.status).split('#').pop();
    throw error;
  }

  /** Returns the state of the sandbox. */
  async state() {
    const response = await fetch(`${this.endpoint}/_sandbox/state`);
    return (await response.json()).organisation;
  }

  /** Returns the calls that the sandbox received after a sequence number, in order. */
  async calls(since = 0) {
    const response = await fetch(`${this.endpoint}/_sandbox/calls?since=${since}`);
    return (await response.json()).calls;
  }

  /** Sets the fault rules of the sandbox; without arguments, clears them. */
  async breaks(...rules) {
    const response = await fetch(`${this.endpoint}/_sandbox/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ seed: 1, rules }),
    });
    if (!response.ok) throw new Error(`invalid fault rules: ${await response.text()}`);
  }

  /** Returns the ids in AWS by name. */
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

  /** Creates an assignment outside Leastwise, and waits until AWS has completed it. */
  async assign(what) {
    const names = await this.names();
    const asked = await this.call('sso', 'CreateAccountAssignment', await this.#assignment(names, what));
    const request = asked.AccountAssignmentCreationStatus.RequestId;
    await until('the assignment outside Leastwise is complete', async () => {
      const answer = await this.call('sso', 'DescribeAccountAssignmentCreationStatus', {
        InstanceArn: names.instance,
        AccountAssignmentCreationRequestId: request,
      });
      return answer.AccountAssignmentCreationStatus.Status === 'SUCCEEDED';
    });
  }

  /** Adds a user to a group outside Leastwise. */
  async join(group, user) {
    const names = await this.names();
    await this.call('identitystore', 'CreateGroupMembership', {
      IdentityStoreId: names.store,
      GroupId: names.groups[group],
      MemberId: { UserId: names.users[user] },
    });
  }

  /** Returns the principals that AWS lists for an account and permission set. */
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

  /** Signs a user out of all sessions at Cognito. */
  async signOutEverywhere(username) {
    const { pool } = await this.names();
    await this.call('cognito', 'AdminUserGlobalSignOut', { UserPoolId: pool, Username: username });
  }
}
