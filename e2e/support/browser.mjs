// People with browsers, each in a separate context. Every error of a page (console, uncaught error, content security
// policy, accessibility) is a failure, except for an HTTP status that the test expects.

import { readFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { Page } from './http.mjs';
import { OUTPUT } from './leastwise.mjs';
import { until } from './suite.mjs';
import { CHROMIUM } from './tools.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const SCRIPT = { name: 'with JavaScript', javaScript: true };
export const PLAIN = { name: 'without JavaScript', javaScript: false };

/** Whether journeys save what they look at, in `output/`: `--screenshots` of `run.mjs`. A failure is always saved. */
const SCREENSHOTS = process.argv.includes('--screenshots');

/** If a page that axe has checked shows at most this many new kinds of elements, only those are checked. */
const FEW = 20;

/** The pause between two checks of a page, in milliseconds. */
const PAUSE = 250;

/** The height up to which a picture shows a page, in pixels: a browser draws none that is much higher. */
const HIGHEST = 12_000;

/** Ids and numbers in a URL. */
const VARYING = /[0-9a-f-]{8,}|\d+/g;

/** What axe cannot decide by itself, each looked at. Anything else that it leaves open is a failure. */
const TRIAGED = [
  // Menus and dialogs: journeys open them, and axe looks at what they show then.
  { id: 'hidden-content', why: /./ },
  // Text over a pseudo element, an SVG or the edge of a table, and one digit below a bar: `cargo xtask lint` checks the contrast of every pair of colours.
  { id: 'color-contrast', why: /could not be determined|partially obscured|overlapped|too short/ },
  // On a narrow screen some columns of the report are left out, and so are their cells.
  { id: 'th-has-data-cells', why: /./ },
];

/** What axe has checked in this run: kinds of elements by kind of page, width and colour scheme. */
const looked = new Map();

/** The browser of the run. `more` are switches of Chromium. */
export function launch(more = []) {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', ...more],
    // Signals end the whole run; see resources.mjs.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
}

export class Person {
  /** Creates a person who has not signed in. */
  static async arrive(browser, sandbox, { javaScript = true, width = 1440, height = 900, scheme = 'light', axe = true, zone, state } = {}) {
    const context = await browser.newContext({
      storageState: state,
      javaScriptEnabled: javaScript,
      viewport: { width, height },
      colorScheme: scheme,
      reducedMotion: 'reduce',
      timezoneId: zone,
      acceptDownloads: true,
    });
    const person = new Person();
    Object.assign(person, { context, sandbox, javaScript, axe, shape: `${width} ${scheme}`, troubles: [], expected: new Set() });
    context.setDefaultTimeout(30_000);
    person.page = await context.newPage();
    context.on('page', (page) => person.#watch(page));
    person.#watch(person.page);
    return person;
  }

  /**
   * Creates a person who has signed in and has no page open. An earlier session of the same person in this sandbox is
   * reused, unless the test needs a separate one.
   */
  static async signedIn(browser, sandbox, username, { session = 'any', ...options } = {}) {
    sandbox.sessions ??= new Map();
    const state = session === 'any' ? await sandbox.sessions.get(username) : undefined;
    const person = await Person.arrive(browser, sandbox, { ...options, state });
    person.username = username;
    if (state) return person;
    const signingIn = person.signIn(username).then(() => person.context.storageState());
    if (session === 'any') sandbox.sessions.set(username, signingIn.catch(() => undefined));
    await signingIn;
    return person;
  }

  #watch(page) {
    page.on('console', (message) => {
      if (message.type() !== 'error') return;
      const text = message.text();
      const status = /the server responded with a status of (\d+)/.exec(text)?.[1];
      if (status && this.expected.has(Number(status))) return;
      this.troubles.push(`console: ${text} (${message.location().url})`);
    });
    page.on('pageerror', (error) => this.troubles.push(`page error: ${error.stack ?? error}`));
    if (this.javaScript) {
      page.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', (event) => {
          console.error(`securitypolicyviolation: ${event.violatedDirective} ${event.blockedURI}`);
        });
      });
    }
  }

  /** Declares that responses with this status are expected. */
  expecting(status) {
    this.expected.add(status);
    return this;
  }

  /** Signs in at the local Cognito, including the second factor. */
  async signIn(username) {
    const { page } = this;
    if (page.url() === 'about:blank') await page.goto(`${this.sandbox.web}/`);
    await page.locator('input[name=username]').fill(username);
    await page.locator('input[name=username]').press('Enter');
    const shown = page.locator('#shown-code');
    await page.waitForLoadState();
    if (await shown.count()) {
      const code = (await shown.textContent()).trim();
      await page.locator('input[name=code]').fill(code);
      await page.locator('input[name=code]').press('Enter');
    }
    await page.waitForURL((url) => url.href.startsWith(this.sandbox.web));
    await this.settled();
  }

  /** Opens a page of Leastwise and checks it. */
  async open(target, status = 200) {
    if (status !== 200) this.expecting(status);
    const response = await this.#reach(new URL(target, this.sandbox.web).href);
    if (response.status() !== status) {
      throw new Error(`${target} answered ${response.status()}, not ${status}`);
    }
    await this.settled();
    return response;
  }

  /** The page of a change in progress reloads itself, which interrupts a navigation that begins at the same moment. */
  async #reach(href) {
    for (let tries = 0; ; tries += 1) {
      try {
        const response = await this.page.goto(href);
        // None if the page reloaded itself to the same address at the same moment.
        if (response || tries === 5) return response;
      } catch (error) {
        if (tries === 5 || !String(error).includes('interrupted by another navigation')) throw error;
      }
      await this.page.waitForLoadState();
    }
  }

  /** Waits until the page is ready, and fails on any error. Call this after every navigation. */
  async settled() {
    const { page } = this;
    await page.waitForLoadState();
    const ours = page.url().startsWith(this.sandbox.web);
    if (this.javaScript && ours && (await page.locator('script[type=module]').count())) {
      await page.locator('html[data-ready]').waitFor({ state: 'attached' });
    }
    if (this.javaScript && ours && this.axe) await this.#onOnePage(() => this.accessible());
    this.fine();
  }

  /** Runs a check, and repeats it if the page was reloaded meanwhile by its live status. */
  async #onOnePage(look) {
    for (let tries = 0; ; tries += 1) {
      try {
        return await look();
      } catch (error) {
        if (tries === 5 || !/context was destroyed|navigation/.test(error.message)) throw error;
        await this.page.waitForLoadState();
        await this.page.locator('html[data-ready]').waitFor({ state: 'attached' });
      }
    }
  }

  /**
   * Records every violation that axe finds. Checks a kind of page whole once for each size and scheme, and then whole again
   * if much on it is new; otherwise only the kinds of elements that it has not checked there. The dark scheme differs from
   * the light one only by its colours.
   */
  async accessible() {
    const { page } = this;
    const url = new URL(page.url());
    const { status, parts } = await page.evaluate(`(${pageParts})(${partOf})`);
    const kind = `${this.shape} ${status < 400 ? url.pathname.replace(VARYING, '*') : status}`;
    const known = looked.get(kind) ?? looked.set(kind, new Set()).get(kind);
    const fresh = parts.filter((part) => !known.has(part));
    if (!fresh.length) return;
    const whole = !known.size || fresh.length > FEW;
    // Before the check, so that another test does not repeat it at the same time.
    for (const part of fresh) known.add(part);
    let found;
    try {
      // In one script: the page may be replaced between two.
      found = await page.evaluate(`${AXE};\n(${violations})(${partOf}, ${JSON.stringify({ fresh: whole ? null : fresh, category: this.shape.endsWith('dark') ? 'cat.color' : null })})`);
    } catch (error) {
      for (const part of fresh) known.delete(part);
      throw error;
    }
    const open = found.filter((one) => one.sure || !TRIAGED.some(({ id, why }) => id === one.id && why.test(one.why)));
    for (const { id, help, html, why } of open) this.troubles.push(`axe on ${url.pathname}: ${id}: ${help}: ${html}: ${why}`);
  }

  /** Throws if any error was recorded. */
  fine() {
    const troubles = this.troubles.splice(0);
    if (troubles.length) throw new Error(troubles.join('\n'));
  }

  /** Clicks an element that leads to another page of Leastwise. */
  async press(locator) {
    // Does not wait for the load: the page of a change in progress reloads itself, and settled() waits for that.
    // The event, because waitForNavigation() also fails when the click ends a reload that has begun.
    const left = this.page.waitForEvent('framenavigated', (frame) => frame === this.page.mainFrame());
    await Promise.all([left, locator.click()]);
    await this.settled();
  }

  /** Waits until the URL matches, across any number of navigations. */
  async arrives(pattern) {
    const until = Date.now() + 30_000;
    while (!pattern.test(this.page.url())) {
      if (Date.now() > until) throw new Error(`still at ${this.page.url()}`);
      await new Promise((done) => setTimeout(done, 50));
    }
    await this.settled();
  }

  /** Returns the text of the main content. */
  text() {
    return this.page.locator('main').innerText();
  }

  /** Fails unless the page contains all texts, regardless of white space. */
  async says(...wanted) {
    const text = (await this.text()).replace(/\s+/g, ' ');
    for (const words of wanted) {
      const there = words instanceof RegExp ? words.test(text) : text.includes(words);
      if (!there) throw new Error(`${this.page.url()} does not contain ${words}; its text is:\n${text.slice(0, 2000)}`);
    }
  }

  /** Waits until the page contains the text: by the live status with JavaScript, by reloading without. */
  async saysInTime(words, limit = 60_000) {
    await until(`${this.page.url()} contains ${words}`, async () => {
      if (!this.javaScript) {
        if (!(await this.served(this.page.url())).says(words)) return false;
        await this.page.reload();
      }
      const text = (await this.text()).replace(/\s+/g, ' ');
      return words instanceof RegExp ? words.test(text) : text.includes(words);
    }, limit, this.javaScript ? undefined : PAUSE).catch(async (error) => {
      throw new Error(`${error.message}; its text is:\n${(await this.text()).replace(/\s+/g, ' ').slice(0, 2000)}`);
    });
    await this.settled();
  }

  /** Reopens a page until it contains the text, for data that appears only after a read of AWS. */
  async findsInTime(target, words, limit = 90_000) {
    await until(`${target} contains ${words}`, async () => {
      // Check the server's response first, and load the page in the browser only if it matches.
      if (!(await this.served(target)).says(words)) return false;
      await this.open(target);
      const text = (await this.text()).replace(/\s+/g, ' ');
      return words instanceof RegExp ? words.test(text) : text.includes(words);
    }, limit, PAUSE);
  }

  /** Fetches a page as this person, without loading it in the browser. */
  async served(target) {
    const url = new URL(target, this.sandbox.web);
    const answer = await this.context.request.get(url.href);
    return new Page(url, { status: answer.status(), headers: answer.headers(), body: await answer.text() });
  }

  /** Returns the content of the file that a link downloads. */
  async download(link) {
    const [file] = await Promise.all([this.page.waitForEvent('download'), link.click()]);
    return readFileSync(await file.path(), 'utf8');
  }

  /** Changes the size of the window and the colour scheme of the open page. */
  async reshape({ width, height, scheme = 'light' }) {
    await this.page.setViewportSize({ width, height });
    await this.page.emulateMedia({ colorScheme: scheme });
    this.shape = `${width} ${scheme}`;
  }

  /** Saves a screenshot if they are asked for. */
  async screenshot(name) {
    if (SCREENSHOTS) await this.capture(name);
  }

  /** Saves a screenshot: of the whole page, or of as much of it as a picture shows. */
  async capture(name) {
    mkdirSync(OUTPUT, { recursive: true });
    await this.page.evaluate(() => globalThis.scrollTo(0, 0));
    const size = this.page.viewportSize();
    const height = await this.page.evaluate(() => document.documentElement.scrollHeight);
    // What sticks to the edge of the window would cover the middle of a picture that is longer than the window.
    await this.page.setViewportSize({ width: size.width, height: Math.max(size.height, Math.min(height, HIGHEST)) });
    await this.page.screenshot({ path: path.join(OUTPUT, `${name}.png`), fullPage: height <= HIGHEST });
    await this.page.setViewportSize(size);
  }

  async leave() {
    await this.context.close();
  }
}

/**
 * Runs in the page, after axe: every rule up to WCAG 2.2 AA, best practices and experiments, whether it is enabled by default
 * or not. Returns its violations, and what it could not decide.
 */
async function violations(partOf, { fresh, category }) {
  // At the top, so that what is sticky covers nothing; and without the shadows at the edges of tables, which axe cannot see
  // through: below text they are covered by the canvas.
  const { scrollY } = globalThis;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('[data-table] { background: var(--canvas) !important; } [data-repeats] { display: none !important; } [data-selection-bar], [data-decision], [data-foot] { position: static !important; }');
  // Rows without a kind of element that earlier rows do not have are hidden: axe takes seconds for a long table.
  const seen = new Set();
  const some = fresh && [...document.body.querySelectorAll('*')].filter((element) => fresh.includes(partOf(element)));
  const repeated = [...document.querySelectorAll('main tbody > tr')].filter((row) => {
    const parts = [row, ...row.querySelectorAll('*')].map(partOf);
    const news = parts.some((part) => !seen.has(part));
    for (const part of parts) seen.add(part);
    return !news;
  });
  for (const row of repeated) row.toggleAttribute('data-repeats', true);
  document.adoptedStyleSheets.push(sheet);
  globalThis.scrollTo(0, 0);
  const beyond = ['wcag2aaa', 'deprecated'];
  const wanted = globalThis.axe.getRules().filter(({ ruleId, tags }) => {
    if (tags.some((tag) => beyond.includes(tag)) || (category && !tags.includes(category))) return false;
    // The order of headings cannot be told from some of them.
    return !fresh || ruleId !== 'heading-order';
  });
  const rules = Object.fromEntries(wanted.map(({ ruleId }) => [ruleId, { enabled: true }]));
  // What is new may have gone meanwhile.
  const nothing = { violations: [], incomplete: [] };
  const found = some?.length === 0 ? nothing : await globalThis.axe.run(some ?? document, { runOnly: wanted.map(({ ruleId }) => ruleId), rules, resultTypes: ['violations', 'incomplete'] });
  for (const row of repeated) row.removeAttribute('data-repeats');
  document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
  globalThis.scrollTo(0, scrollY);
  const said = (sure) => ({ id, help, nodes }) => nodes.map((node) => ({ sure, id, help, html: node.html.slice(0, 240), why: [...node.any, ...node.all, ...node.none].map((check) => check.message).join(' ').slice(0, 200) }));
  return [...found.violations.flatMap(said(true)), ...found.incomplete.flatMap(said(false))];
}

/** Runs in the page. Returns an element as tag, parent, and attributes that affect style or meaning. */
function partOf(element) {
  const telling = /^(class|role|type|disabled|open|hidden|lang|tabindex|data-.*|aria-(current|expanded|selected|hidden|invalid|live|sort|pressed|busy))$/;
  const attributes = [...element.attributes].map(({ name, value }) => (telling.test(name) ? `${name}=${value.replace(/[0-9a-f-]{8,}|\d+/g, '*')}` : name));
  const empty = element.childElementCount === 0 && element.textContent.trim() === '' ? 'empty' : '';
  return [element.parentElement.localName, element.localName, ...attributes.sort(), empty].join(' ');
}

/** Runs in the page. Returns its status, and its kinds of elements. */
function pageParts(partOf) {
  return {
    status: performance.getEntriesByType('navigation')[0].responseStatus,
    parts: [...new Set([...document.body.querySelectorAll('*')].map(partOf))],
  };
}

/** Runs a test and saves a screenshot for each person if it fails. */
export async function withPeople(name, people, body) {
  try {
    return await body();
  } catch (error) {
    for (const [at, person] of people.entries()) {
      // Errors caused by this failure must not fail the next test.
      person.troubles.length = 0;
      await person.capture(`failed-${person.sandbox.name}-${name.replace(/[^a-z0-9]+/gi, '-')}-${person.username ?? at}`).catch(() => {});
    }
    throw error;
  }
}
