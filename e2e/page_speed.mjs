// Measures what a person waits for in a browser: Lighthouse's scores of the most used pages, with its throttling of a desktop,
// and the time from each interaction with the form of a new change to the next paint. Prints a table, and fails below a limit.
// Needs `npm ci --prefix e2e/lighthouse`, and a measured binary: `LEASTWISE_BINARY=… node e2e/page_speed.mjs`.

import { Aws } from './support/aws.mjs';
import { Person, launch } from './support/browser.mjs';
import { Resources } from './support/resources.mjs';
import lighthouse, { desktopConfig } from './lighthouse/node_modules/lighthouse/core/index.js';

/** The lowest scores, of 100. */
const LIMITS = { performance: 98, accessibility: 100 };
/** The longest time from an interaction to the next paint, in milliseconds. */
const SLOWEST = 100;
/** How often a page is measured. The median counts. */
const TIMES = 3;
/** The port of Chromium's protocol, on loopback. */
const PORT = 9_333;

const resources = new Resources();
const browser = await launch([`--remote-debugging-port=${PORT}`]);
const missed = [];
try {
  const sandbox = await resources.sandbox('page-speed');
  const names = await new Aws(sandbox.aws).names();
  const maya = await Person.signedIn(browser, sandbox, 'maya.okafor', { axe: false });
  await maya.findsInTime('/', 'people can reach production PCI');
  const pages = {
    home: '/',
    accounts: '/accounts',
    account: `/accounts/${names.accounts['cards-prod']}`,
    people: '/people',
    person: `/people/${names.users['maya.okafor']}`,
    set: `/permission-sets/${names.keys.ReleaseToolkit}`,
    'new change': '/changes/new',
    ledger: '/ledger',
    report: '/reports/production-pci',
    operations: '/operations',
  };
  const cookies = (await maya.context.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
  console.log('page          performance  accessibility  first paint  largest paint  blocked  layout shift');
  for (const [name, target] of Object.entries(pages)) {
    const scores = await scoresOf(`${sandbox.web}${target}`, cookies);
    console.log(`${name.padEnd(13)} ${scores.row}`);
    for (const [kind, limit] of Object.entries(LIMITS)) if (scores[kind] < limit) missed.push(`${name}: ${kind} ${scores[kind]}, at least ${limit}`);
    for (const audit of scores.failed) missed.push(`${name}: ${audit}`);
  }
  const paints = await interactions(maya, names);
  for (const [what, duration] of paints) console.log(`${what}: painted after at most ${duration} ms`);
  for (const [what, duration] of paints) if (duration > SLOWEST) missed.push(`${what}: ${duration} ms, at most ${SLOWEST}`);
} finally {
  await browser.close();
  await resources.release();
}
for (const one of missed) console.log(`missed: ${one}`);
process.exit(missed.length ? 1 : 0);

/** Returns the median scores and times of a page. */
async function scoresOf(url, cookies) {
  const runs = [];
  for (let time = 0; time < TIMES; time += 1) {
    const flags = { port: PORT, output: 'json', logLevel: 'error', extraHeaders: { Cookie: cookies }, onlyCategories: Object.keys(LIMITS) };
    const { lhr } = await lighthouse(url, flags, desktopConfig);
    if (lhr.runtimeError) throw new Error(`${url}: ${lhr.runtimeError.message}`);
    if (new URL(lhr.finalDisplayedUrl).pathname !== new URL(url).pathname) throw new Error(`${url} leads to ${lhr.finalDisplayedUrl}`);
    runs.push(lhr);
  }
  const middle = (of) => runs.map(of).sort((one, other) => one - other)[Math.floor(TIMES / 2)];
  const score = (kind) => Math.round(100 * middle(({ categories }) => categories[kind].score));
  const time = (audit) => `${Math.round(middle(({ audits }) => audits[audit].numericValue))} ms`;
  const [performance, accessibility] = Object.keys(LIMITS).map(score);
  const cells = [[performance, 11], [accessibility, 13], [time('first-contentful-paint'), 11], [time('largest-contentful-paint'), 13], [time('total-blocking-time'), 7]];
  const shift = middle(({ audits }) => audits['cumulative-layout-shift'].numericValue).toFixed(3);
  const checks = runs[0].categories.accessibility.auditRefs.map(({ id }) => runs[0].audits[id]);
  return {
    performance,
    accessibility,
    failed: checks.filter(({ score: points }) => points !== null && points < 1).map(({ id, title }) => `${id}: ${title}`),
    row: `${cells.map(([text, width]) => String(text).padStart(width)).join('  ')}  ${shift.padStart(12)}`,
  };
}

/** Uses the form of a new change, and returns the longest time to the next paint of each kind of interaction, in milliseconds. */
async function interactions(person, names) {
  const { page } = person;
  await person.open('/changes/new');
  await page.evaluate(() => {
    globalThis.longest = 0;
    // Shorter ones than 16 ms are not reported, and count as that.
    new PerformanceObserver((list) => {
      for (const { interactionId, duration } of list.getEntries()) if (interactionId) globalThis.longest = Math.max(globalThis.longest, duration);
    }).observe({ type: 'event', durationThreshold: 16, buffered: true });
  });
  const found = [];
  const measured = async (what, act) => {
    await page.evaluate(() => { globalThis.longest = 16; });
    await act();
    await page.waitForTimeout(1_000);
    found.push([what, await page.evaluate(() => Math.round(globalThis.longest))]);
  };
  // By the keyboard: an option that the protocol selects is no interaction.
  const chosen = (name, value) => async () => {
    const select = page.locator(`select[name=${name}]`);
    await select.focus();
    const words = await select.locator(`option[value="${value}"]`).first().textContent();
    await page.keyboard.type(words.trim().slice(0, 8), { delay: 40 });
  };
  await measured('a user or group is chosen', chosen('who', `group:${names.groups['support-desk']}`));
  await measured('an account is chosen', chosen('account', names.accounts['cards-prod']));
  await measured('a permission set is chosen', chosen('set', names.keys.SupportMetrics));
  await measured('a duration is chosen', () => page.locator('label', { hasText: /^1 h$/ }).click());
  await measured('the justification is typed', () => page.locator('textarea').first().pressSequentially('Needed for the certification in week 48.', { delay: 30 }));
  return found;
}
