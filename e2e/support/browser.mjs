// People at their browsers: each in a context of their own. Whatever a page complains of (console, uncaught error,
// content security policy, accessibility) is a failure, unless the test said which HTTP status it expects.

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

/** Between two looks at a page that does not say yet what is waited for, in milliseconds. */
const PAUSE = 250;

/** Ids and numbers in an address. */
const VARYING = /[0-9a-f-]{8,}|\d+/g;

/** What axe has looked at in this run, whoever saw it: kinds of elements by kind of page, width and colour scheme. */
const looked = new Map();

/** The browser of the run. */
export function launch() {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    // A signal ends the run as a whole; see resources.mjs.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
}

export class Person {
  /** Somebody who has not signed in yet. */
  static async arrive(browser, sandbox, { javaScript = true, width = 1440, height = 900, scheme = 'light', axe = true, state } = {}) {
    const context = await browser.newContext({
      storageState: state,
      javaScriptEnabled: javaScript,
      viewport: { width, height },
      colorScheme: scheme,
      reducedMotion: 'reduce',
      acceptDownloads: true,
    });
    const person = new Person();
    Object.assign(person, { context, sandbox, javaScript, axe, look: `${width} ${scheme}`, troubles: [], expected: new Set() });
    context.setDefaultTimeout(30_000);
    person.page = await context.newPage();
    context.on('page', (page) => person.#watch(page));
    person.#watch(person.page);
    return person;
  }

  /**
   * Somebody who has signed in, and sees the home page. Who signed in to this sandbox before goes on with that session,
   * unless it is to be a session of its own.
   */
  static async signedIn(browser, sandbox, username, { session = 'any', ...options } = {}) {
    sandbox.sessions ??= new Map();
    const state = session === 'any' ? await sandbox.sessions.get(username) : undefined;
    const person = await Person.arrive(browser, sandbox, { ...options, state });
    person.username = username;
    if (state) {
      await person.open('/');
      return person;
    }
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

  /** Says that answers with this status belong to the test. */
  expecting(status) {
    this.expected.add(status);
    return this;
  }

  /** Goes through the local Cognito, second factor included. */
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

  /** Opens one of our pages and looks at it. */
  async open(target, status = 200) {
    if (status !== 200) this.expecting(status);
    const response = await this.page.goto(new URL(target, this.sandbox.web).href);
    if (response.status() !== status) {
      throw new Error(`${target} answered ${response.status()}, not ${status}`);
    }
    await this.settled();
    return response;
  }

  /** The page works, and nothing is wrong with it. Call it after every step that leads to a new page. */
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

  /** A page with a live status loads itself anew when the state moves on: what was begun before begins again. */
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

  /** Fails on everything that axe finds. A page that only has what was looked at on its kind of page is not looked at again. */
  async accessible() {
    const { page } = this;
    const url = new URL(page.url());
    const { status, parts } = await page.evaluate(pageParts);
    const kind = `${this.look} ${status < 400 ? url.pathname.replace(VARYING, '*') : status}`;
    const known = looked.get(kind) ?? looked.set(kind, new Set()).get(kind);
    if (parts.every((part) => known.has(part))) return;
    await page.evaluate(AXE);
    const found = await page.evaluate(async () => {
      const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
      return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html.slice(0, 160)).slice(0, 3).join(' ; ')}`);
    });
    for (const part of parts) known.add(part);
    for (const one of found) this.troubles.push(`axe on ${url.pathname}: ${one}`);
  }

  /** Throws if anything was complained of so far. */
  fine() {
    const troubles = this.troubles.splice(0);
    if (troubles.length) throw new Error(troubles.join('\n'));
  }

  /** Presses something that leads to another page of ours. */
  async press(locator) {
    // Not until it is loaded: a page of a change that moves reloads itself, and settled() waits for that.
    await Promise.all([this.page.waitForNavigation({ waitUntil: 'commit' }), locator.click()]);
    await this.settled();
  }

  /** Waits until the address says so, however often the page is loaded on the way. */
  async arrives(pattern) {
    const until = Date.now() + 30_000;
    while (!pattern.test(this.page.url())) {
      if (Date.now() > until) throw new Error(`still at ${this.page.url()}`);
      await new Promise((done) => setTimeout(done, 50));
    }
    await this.settled();
  }

  /** The text of the page proper. */
  text() {
    return this.page.locator('main').innerText();
  }

  /** Fails unless the page says all of it; white space does not matter. */
  async says(...wanted) {
    const text = (await this.text()).replace(/\s+/g, ' ');
    for (const words of wanted) {
      const there = words instanceof RegExp ? words.test(text) : text.includes(words);
      if (!there) throw new Error(`${this.page.url()} does not say ${words}; it says:\n${text.slice(0, 2000)}`);
    }
  }

  /** The same page until it says so: the live status brings it with JavaScript, asking again without. */
  async saysInTime(words, limit = 60_000) {
    await until(`${this.page.url()} says ${words}`, async () => {
      if (!this.javaScript) await this.page.reload();
      const text = (await this.text()).replace(/\s+/g, ' ');
      return words instanceof RegExp ? words.test(text) : text.includes(words);
    }, limit, this.javaScript ? undefined : PAUSE).catch(async (error) => {
      throw new Error(`${error.message}; it says:\n${(await this.text()).replace(/\s+/g, ' ').slice(0, 2000)}`);
    });
    await this.settled();
  }

  /** Opens a page again until it says so; for what only a read of AWS brings. */
  async findsInTime(target, words, limit = 90_000) {
    await this.open(target);
    let before;
    await until(`${target} says ${words}`, async () => {
      // What the server sends tells whether loading it in the browser is worth while.
      if (before && !(await this.served(target)).says(words)) return false;
      if (before) await this.page.reload();
      before = (await this.text()).replace(/\s+/g, ' ');
      return words instanceof RegExp ? words.test(before) : before.includes(words);
    }, limit, PAUSE);
    await this.settled();
  }

  /** A page as the server sends it to this person, without the browser showing it. */
  async served(target) {
    const url = new URL(target, this.sandbox.web);
    const answer = await this.context.request.get(url.href);
    return new Page(url, { status: answer.status(), headers: answer.headers(), body: await answer.text() });
  }

  /** The file behind a link that downloads. */
  async download(link) {
    const [file] = await Promise.all([this.page.waitForEvent('download'), link.click()]);
    return readFileSync(await file.path(), 'utf8');
  }

  /** The whole page, unless it is longer than anybody would look at. */
  async screenshot(name) {
    mkdirSync(OUTPUT, { recursive: true });
    const fullPage = (await this.page.evaluate(() => document.documentElement.scrollHeight)) < 6000;
    await this.page.screenshot({ path: path.join(OUTPUT, `${name}.png`), fullPage });
  }

  async leave() {
    await this.context.close();
  }
}

/** Runs in the page: its status, and its elements as tag, place, and whatever styles or means something. */
function pageParts() {
  const telling = /^(class|role|type|disabled|open|hidden|lang|tabindex|data-.*|aria-(current|expanded|selected|hidden|invalid|live|sort|pressed|busy))$/;
  const part = (element) => {
    const attributes = [...element.attributes].map(({ name, value }) => (telling.test(name) ? `${name}=${value.replace(/[0-9a-f-]{8,}|\d+/g, '*')}` : name));
    const empty = element.childElementCount === 0 && element.textContent.trim() === '' ? 'empty' : '';
    return [element.parentElement.localName, element.localName, ...attributes.sort(), empty].join(' ');
  };
  return {
    status: performance.getEntriesByType('navigation')[0].responseStatus,
    parts: [...new Set([...document.body.querySelectorAll('*')].map(part))],
  };
}

/** Runs a test with people who leave at its end, with a picture of what they saw if it failed. */
export async function withPeople(name, people, body) {
  try {
    return await body();
  } catch (error) {
    for (const [at, person] of people.entries()) {
      // What the failure brought with it is not the next test's.
      person.troubles.length = 0;
      await person.screenshot(`failed-${person.sandbox.name}-${name.replace(/[^a-z0-9]+/gi, '-')}-${person.username ?? at}`).catch(() => {});
    }
    throw error;
  }
}
