// Sign-in with npm `oidc-provider`, an independent implementation that the OpenID Foundation has certified: it checks the
// code, the PKCE verifier, the redirect URI and the client secret according to the standard, and issues its own tokens.
// It is configured to write Cognito's claims. AWS is the sandbox.

import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import path from 'node:path';
import { Provider } from 'oidc-provider';
import { PLAIN, Person, SCRIPT, withPeople } from './support/browser.mjs';
import { Aws } from './support/aws.mjs';
import { freePort } from './support/ports.mjs';

export const about = 'Sign-in with a certified OpenID provider';

const CLIENT = { client_id: 'leastwise-e2e', client_secret: 'e2e-secret-that-guards-nothing-real' };

export async function journey(suite, browser) {
  const sandbox = await suite.sandbox('oidc-sandbox');
  const aws = new Aws(sandbox.aws);
  const { held } = await aws.names();
  const web = `http://localhost:${await freePort()}`;
  const op = await provider(held.pool.users, web);
  suite.resources.own(op.close);
  const data = suite.resources.folder('oidc-serve');
  const subjects = (group) => held.pool.users.filter((user) => user.groups.includes(group)).map((user) => user.sub).join(',');
  const leastwise = await suite.resources.serve('oidc-serve', {
    LEASTWISE_LISTEN: web.replace('http://localhost', '127.0.0.1'),
    LEASTWISE_PUBLIC_URL: web,
    LEASTWISE_COGNITO_POOL: held.pool.id,
    LEASTWISE_OIDC_ISSUER: op.issuer,
    LEASTWISE_OIDC_SUBJECT_ISSUER: `https://cognito-idp.${held.pool.region}.amazonaws.com/${held.pool.id}`,
    LEASTWISE_COGNITO_DOMAIN: op.issuer,
    LEASTWISE_OIDC_CLIENT_ID: CLIENT.client_id,
    LEASTWISE_OIDC_CLIENT_SECRET: CLIENT.client_secret,
    LEASTWISE_ADMINISTRATORS: subjects('leastwise-administrators'),
    LEASTWISE_APPROVERS: subjects('leastwise-approvers'),
    LEASTWISE_AUDITORS: subjects('leastwise-auditors'),
    LEASTWISE_DATABASE_URL: `sqlite:${path.join(data, 'leastwise.db')}`,
    LEASTWISE_KEYS: path.join(data, 'keys'),
    LEASTWISE_AWS_ENDPOINT: sandbox.aws,
    LEASTWISE_AWS_REGION: held.pool.region,
    LEASTWISE_AWS_TPS: '200',
  });
  // The properties of a sandbox that `Person` uses.
  const place = { name: 'oidc', web, cognito: op.issuer };

  for (const way of [SCRIPT, PLAIN]) {
    await suite.test(`an administrator signs in and is linked to the directory user, ${way.name}`, async () => {
      const maya = await Person.arrive(browser, place, way);
      await withPeople(`oidc ${way.name}`, [maya], async () => {
        await signIn(maya, 'maya.okafor');
        await maya.findsInTime('/', /can reach production PCI/);
        await maya.open(`/people/${held.users.find((user) => user.user_name === 'maya.okafor').id}`);
        await maya.says('platform-admins');
      });
      await maya.leave();
    });
  }

  await suite.test('a code and a state are valid once, and in one browser only', async () => {
    const maya = await Person.arrive(browser, place, { axe: false });
    const thief = await Person.arrive(browser, place, { axe: false });
    await withPeople('replay', [maya, thief], async () => {
      let callback;
      maya.page.on('request', (request) => {
        if (new URL(request.url()).pathname === '/sign-in/callback') callback = request.url();
      });
      await signIn(maya, 'maya.okafor');
      thief.expecting(400);
      maya.expecting(400);
      assert.equal((await thief.page.goto(callback)).status(), 400);
      assert.equal((await maya.page.goto(callback)).status(), 400);
      const other = new URL(callback);
      other.searchParams.set('state', 'x'.repeat(43));
      assert.equal((await maya.page.goto(other.href)).status(), 400);
    });
    await maya.leave();
    await thief.leave();
  });

  await suite.test('a code without its PKCE verifier is rejected', async () => {
    const maya = await Person.arrive(browser, place, { axe: false });
    await withPeople('verifier', [maya], async () => {
      let code;
      await maya.context.route('**/sign-in/callback*', (route) => {
        code = new URL(route.request().url()).searchParams.get('code');
        return route.abort();
      });
      maya.page.on('requestfailed', () => {});
      await maya.page.goto(`${web}/`);
      await maya.page.locator('input[name=username]').fill('maya.okafor');
      await maya.page.locator('input[name=username]').press('Enter').catch(() => {});
      for (let tries = 0; !code && tries < 100; tries += 1) await maya.page.waitForTimeout(50).catch(() => {});
      const exchange = (verifier) =>
        fetch(`${op.issuer}/token`, {
          method: 'POST',
          headers: { authorization: `Basic ${Buffer.from(`${CLIENT.client_id}:${CLIENT.client_secret}`).toString('base64')}` },
          body: new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: `${web}/sign-in/callback`, ...verifier }),
        });
      assert.equal((await exchange({})).status, 400);
      assert.equal((await exchange({ code_verifier: createHash('sha256').update('guess').digest('base64url') })).status, 400);
    });
    await maya.leave();
  });

  await suite.test('tokens with claims that Cognito would not issue are rejected', async () => {
    for (const [what, claims] of [
      ['an access token in place of an ID token', { token_use: 'access' }],
      ['a person who is not in the user pool', { 'cognito:username': 'nobody.at-all' }],
    ]) {
      const maya = await Person.arrive(browser, place, { axe: false });
      await withPeople(what, [maya], async () => {
        op.next = claims;
        for (const status of [400, 401, 403]) maya.expecting(status);
        await signIn(maya, 'maya.okafor', false);
        const answer = await maya.page.goto(`${web}/accounts`);
        assert.ok(!maya.page.url().startsWith(web) || answer.status() !== 200, `${what} was accepted`);
      });
      op.next = {};
      await maya.leave();
    }
  });

  await suite.test('a sign-in with one factor is enough to view, but not to approve', async () => {
    const ines = await Person.arrive(browser, place, { axe: false });
    await withPeople('one factor', [ines], async () => {
      op.next = { amr: ['pwd'], acr: 'urn:cognito:loa:1' };
      await signIn(ines, 'lena.fischer');
      op.next = {};
      await ines.open('/accounts');
    });
    await ines.leave();
  });

  await suite.test('no error was logged', async () => {
    assert.deepEqual(leastwise.errors, []);
  });
  await leastwise.stop();
}

/** Signs in. The provider has a single form and no second page, because the test sets the factor. */
async function signIn(person, username, lands = true) {
  const { page, sandbox } = person;
  await page.goto(`${sandbox.web}/`);
  await page.locator('input[name=username]').fill(username);
  await page.locator('input[name=username]').press('Enter');
  await page.waitForURL((url) => url.href.startsWith(sandbox.web));
  if (lands) await person.settled();
}

/** Starts oidc-provider with Cognito's claims and a page that accepts any username. */
async function provider(users, web) {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://localhost:${server.address().port}`;
  const handle = { issuer, next: {}, close: () => server.close() };
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const claimsOf = (user, access) => ({
    sub: user.sub,
    // `at_hash` is optional in the code flow (Core 3.1.3.6); Cognito writes it, oidc-provider does not. It hashes the value
    // that is given here.
    ...(access ? { at_hash: access } : {}),
    token_use: 'id',
    'cognito:username': user.username,
    ...(user.groups.length ? { 'cognito:groups': user.groups } : {}),
    name: user.name,
    email: user.email,
    // In userInfo, Cognito writes this as a string.
    email_verified: 'true',
    acr: 'urn:cognito:loa:4',
    amr: ['pwd', 'otp', 'mfa'],
    ...handle.next,
  });
  const op = new Provider(issuer, {
    clients: [
      {
        ...CLIENT,
        redirect_uris: [`${web}/sign-in/callback`],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        require_auth_time: true,
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'e2e', alg: 'RS256', use: 'sig' }] },
    cookies: { keys: ['e2e'] },
    pkce: { required: () => true },
    conformIdTokenClaims: false,
    claims: {
      openid: ['sub', 'at_hash', 'token_use', 'cognito:username', 'cognito:groups', 'name', 'acr', 'amr'],
      email: ['email', 'email_verified'],
      profile: ['name'],
    },
    acrValues: ['urn:cognito:loa:1', 'urn:cognito:loa:4'],
    features: { devInteractions: { enabled: false }, revocation: { enabled: true }, userinfo: { enabled: true } },
    issueRefreshToken: () => true,
    findAccount: (ctx, id) => {
      const user = users.find((one) => one.sub === id);
      const access = (use) => (use === 'id_token' ? ctx.oidc.entities.AccessToken?.jti : undefined);
      return user && { accountId: id, claims: (use) => claimsOf(user, access(use)) };
    },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
    ttl: { AccessToken: 3600, IdToken: 3600, RefreshToken: 86_400, Session: 3600, Grant: 86_400, Interaction: 600 },
  });
  const answer = op.callback();
  server.on('request', async (request, response) => {
    if (!request.url.startsWith('/interaction/')) return answer(request, response);
    if (request.method === 'GET') {
      response.setHeader('content-type', 'text/html');
      return response.end('<!doctype html><title>Sign in</title><link rel="icon" href="data:,"><form method="post"><label>Name <input name="username"></label><button>Go</button></form>');
    }
    let body = '';
    for await (const chunk of request) body += chunk;
    const user = users.find((one) => one.username === new URLSearchParams(body).get('username'));
    const { acr = 'urn:cognito:loa:4', amr = ['pwd', 'otp', 'mfa'] } = handle.next;
    return op.interactionFinished(request, response, { login: { accountId: user.sub, acr, amr } }, { mergeWithLastSubmission: false });
  });
  return handle;
}
