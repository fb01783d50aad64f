// People without a browser: pages and forms as HTML, sent as a browser without JavaScript sends them (cookies,
// redirects, `Origin`, `Referer`, `Sec-Fetch-*`). Only fields that a page holds can be filled in.

import { request as httpRequest } from 'node:http';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'parse5';
import { OUTPUT } from './leastwise.mjs';
import { until } from './suite.mjs';

/** Longest wait for an answer, in milliseconds. */
const LIMIT = 30_000;
/** Redirects that a browser follows. */
const MOST_REDIRECTS = 20;

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Codes of an error that says that nobody answers any more. */
const GONE = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE']);

export class Visitor {
  /** Somebody who has not signed in yet. */
  constructor(sandbox) {
    this.sandbox = sandbox;
    this.cookies = new Cookies();
  }

  /** Somebody who has signed in, and sees the home page. */
  static async signedIn(sandbox, username) {
    const visitor = new Visitor(sandbox);
    visitor.username = username;
    await visitor.signIn(username);
    return visitor;
  }

  /** Goes through the local Cognito, second factor included. */
  async signIn(username) {
    await this.go(new URL(this.sandbox.web));
    await this.send(this.page.formWith('username').fill('username', username));
    const code = this.page.find((node) => attribute(node, 'id') === 'shown-code');
    if (code) await this.send(this.page.formWith('code').fill('code', textOf(code).trim()));
    if (!this.page.url.href.startsWith(this.sandbox.web)) {
      throw new Error(`${username} is still at ${this.page.url}: ${this.page.text()}`);
    }
    this.#answered(200);
  }

  /** Opens one of our pages, as a typed address. */
  async open(target, status = 200) {
    await this.go(new URL(target, this.sandbox.web));
    this.#answered(status);
    return this.page;
  }

  /** Follows a link of the page. */
  async follow(link) {
    await this.go(new URL(attribute(link, 'href'), this.page.url), { from: this.page });
    this.#answered(200);
    return this.page;
  }

  /** Sends a form of the page, and sees the page that it leads to. */
  async send(form, status = 200) {
    const { url, method, body } = form.request();
    await this.go(url, { method, body, from: this.page });
    this.#answered(status);
    return this.page;
  }

  /** Sends a form whose answer may never come, because the process may end before. */
  async sendUnanswered(form) {
    try {
      await this.send(form);
    } catch (error) {
      if (!GONE.has(error.code)) throw error;
    }
  }

  /** Opens a page again until it says so. */
  async findsInTime(target, words, limit = 90_000) {
    const says = async () => (await this.open(target)).says(words);
    await until(`${target} says ${words}`, says, limit).catch((error) => {
      throw new Error(`${error.message}; it says:\n${this.page.text().slice(0, 2000)}`, { cause: error.cause });
    });
  }

  /** Opens this page again until it says so. */
  saysInTime(words, limit = 60_000) {
    return this.findsInTime(this.page.url.href, words, limit);
  }

  /** Keeps the page that was seen last, for whoever looks into a failure. */
  keep(name) {
    if (!this.page) return;
    mkdirSync(OUTPUT, { recursive: true });
    writeFileSync(path.join(OUTPUT, `${name}.html`), `<!-- ${this.page.status} ${this.page.url} -->\n${this.page.html}`);
  }

  /** A navigation with its redirects. `from` is the page that holds the link or form; without it the address was typed. */
  async go(url, { method = 'GET', body, from } = {}) {
    let site = from ? siteBetween(from.url, url) : 'none';
    let origin = from && method !== 'GET' ? originOf(from, url) : undefined;
    for (let hops = 0; hops <= MOST_REDIRECTS; hops += 1) {
      const headers = {
        accept: 'text/html,application/xhtml+xml',
        'accept-language': 'en',
        'sec-fetch-dest': 'document',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-site': site,
        'sec-fetch-user': '?1',
        'upgrade-insecure-requests': '1',
        'user-agent': 'leastwise-e2e (HTML without JavaScript)',
        ...present({ cookie: this.cookies.for(url), referer: from && refererOf(from, url), origin }),
        ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) }),
      };
      const answer = await exchange(url, { method, headers, body });
      this.cookies.take(url, answer.headers['set-cookie'] ?? []);
      const location = REDIRECTS.has(answer.status) ? answer.headers.location : undefined;
      if (location === undefined) {
        this.page = new Page(url, answer);
        return this.page;
      }
      const next = new URL(location, url);
      if (site !== 'none') site = worst(site, siteBetween(url, next));
      // 307 and 308 send the form again; after the others the answer is fetched.
      if (answer.status < 307) [method, body, origin] = ['GET', undefined, undefined];
      else if (origin && next.origin !== url.origin) origin = 'null';
      url = next;
    }
    throw new Error(`more than ${MOST_REDIRECTS} redirects, the last to ${url}`);
  }

  #answered(status) {
    const { page } = this;
    if (page.status !== status) throw new Error(`${page.url} answered ${page.status}, not ${status}: ${page.text().slice(0, 500)}`);
  }
}

/** Runs a test with visitors; the pages that they saw last are kept if it failed. */
export async function withVisitors(name, visitors, body) {
  try {
    return await body();
  } catch (error) {
    for (const visitor of visitors) visitor.keep(`failed-${name.replace(/[^a-z0-9]+/gi, '-')}-${visitor.username}`);
    throw error;
  }
}

/** One answer as a page. */
export class Page {
  constructor(url, { status, headers, body }) {
    Object.assign(this, { url, status, headers, html: body, document: parse(body) });
  }

  /** The first element for which something holds. */
  find(holds) {
    return this.all(holds)[0];
  }

  /** All of them, in the order of the page. */
  all(holds) {
    return elements(this.document).filter(holds);
  }

  /** What can be read in the page proper. */
  text() {
    return textOf(this.find((node) => node.tagName === 'main') ?? this.document).replace(/\s+/g, ' ').trim();
  }

  says(words) {
    const text = this.text();
    return words instanceof RegExp ? words.test(text) : text.includes(words);
  }

  /** The form that is sent to an address. */
  formTo(target) {
    return this.#form((form) => (attribute(form, 'action') ?? '') === target, `form to ${target}`);
  }

  /** The first form with a field of a name. */
  formWith(name) {
    return this.#form((form) => controls(form).some((one) => attribute(one, 'name') === name), `form with a field ${name}`);
  }

  /** The form around the field with an id. */
  formAround(id) {
    return this.#form((form) => controls(form).some((one) => attribute(one, 'id') === id), `form around #${id}`);
  }

  #form(holds, what) {
    const found = this.find((node) => node.tagName === 'form' && holds(node));
    if (!found) throw new Error(`${this.url} has no ${what}; it says: ${this.text().slice(0, 1000)}`);
    return new Form(found, this);
  }
}

/** A form as the page has it, and what somebody fills in. */
class Form {
  #filled = new Map();

  constructor(element, page) {
    Object.assign(this, { element, page });
  }

  /** Fills in a field that a person could: not a hidden one, and of a list only what it offers. */
  fill(name, value) {
    const field = controls(this.element).find((one) => attribute(one, 'name') === name && isFilledIn(one));
    if (!field) throw new Error(`${this.page.url} has no field ${name} to fill in`);
    if (field.tagName === 'select' && !options(field).some((option) => valueOf(option) === value)) {
      throw new Error(`the list ${name} does not offer ${value}`);
    }
    const most = Number(attribute(field, 'maxlength') ?? Infinity);
    if (value.length > most) throw new Error(`the field ${name} takes ${most} characters`);
    this.#filled.set(field, value);
    return this;
  }

  /** What a browser sends for it when somebody presses its first button. */
  request() {
    const method = (attribute(this.element, 'method') ?? 'get').toUpperCase();
    const url = new URL(attribute(this.element, 'action') || this.page.url.href, this.page.url);
    const fields = new URLSearchParams(this.#entries());
    if (method === 'GET') {
      url.search = fields;
      return { url, method };
    }
    return { url, method, body: fields.toString() };
  }

  #entries() {
    const all = controls(this.element);
    const pressed = all.find((one) => isButton(one));
    const sent = all.filter((one) => attribute(one, 'name') && attribute(one, 'disabled') === undefined);
    return sent.flatMap((one) => {
      const name = attribute(one, 'name');
      if (isButton(one)) return one === pressed ? [[name, attribute(one, 'value') ?? '']] : [];
      const type = attribute(one, 'type');
      if ((type === 'checkbox' || type === 'radio') && attribute(one, 'checked') === undefined) return [];
      const value = this.#filled.get(one) ?? initial(one);
      if (attribute(one, 'required') !== undefined && value === '') throw new Error(`the field ${name} is required`);
      // Line breaks are sent as CRLF.
      return [[name, value.replace(/\r?\n/g, '\r\n')]];
    });
  }
}

/** Cookies as a browser keeps them: by host, whatever the port. */
class Cookies {
  #kept = [];

  for(url) {
    const host = url.hostname;
    const sent = this.#kept.filter((one) => one.host === host && within(url.pathname, one.path) && !(one.ends <= Date.now()) && (!one.secure || trustworthy(url)));
    return sent.map((one) => `${one.name}=${one.value}`).join('; ') || undefined;
  }

  take(url, lines) {
    for (const line of lines) {
      const [pair, ...attributes] = line.split(';').map((part) => part.trim());
      const at = pair.indexOf('=');
      const given = Object.fromEntries(attributes.map((one) => {
        const [name, ...value] = one.split('=');
        return [name.toLowerCase(), value.join('=')];
      }));
      const cookie = { host: url.hostname, name: pair.slice(0, at), value: pair.slice(at + 1), secure: 'secure' in given };
      cookie.path = given.path?.startsWith('/') ? given.path : url.pathname.replace(/\/[^/]*$/, '') || '/';
      if (given['max-age'] !== undefined) cookie.ends = Date.now() + Number(given['max-age']) * 1000;
      else if (given.expires) cookie.ends = Date.parse(given.expires);
      if (given.domain) throw new Error(`a cookie for other hosts: ${line}`);
      if (cookie.secure && !trustworthy(url)) continue;
      if (cookie.name.startsWith('__Host-') && !(cookie.secure && given.path === '/')) continue;
      this.#kept = this.#kept.filter((one) => !(one.host === cookie.host && one.name === cookie.name && one.path === cookie.path));
      this.#kept.push(cookie);
    }
  }
}

/** One request and its whole answer. */
function exchange(url, { method, headers, body }) {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { agent: false, method, headers, timeout: LIMIT }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts).toString('utf8') }));
    });
    request.on('timeout', () => request.destroy(new Error(`${method} ${url}: no answer in ${LIMIT / 1000} s`)));
    request.on('error', reject);
    request.end(body);
  });
}

// Where a request comes from (Fetch Metadata, Referrer Policy, Fetch). Everything here is plain HTTP on one machine, so
// two addresses are of one site when their hosts are the same.

const SITES = ['same-origin', 'same-site', 'cross-site'];

function siteBetween(from, to) {
  if (from.origin === to.origin) return 'same-origin';
  return from.protocol === to.protocol && from.hostname === to.hostname ? 'same-site' : 'cross-site';
}

const worst = (one, other) => SITES[Math.max(SITES.indexOf(one), SITES.indexOf(other))];

function refererOf(page, to) {
  const same = page.url.origin === to.origin;
  const whole = `${page.url.origin}${page.url.pathname}${page.url.search}`;
  switch (policyOf(page)) {
    case 'no-referrer':
      return undefined;
    case 'same-origin':
      return same ? whole : undefined;
    case 'origin':
    case 'strict-origin':
      return `${page.url.origin}/`;
    default:
      return same ? whole : `${page.url.origin}/`;
  }
}

function originOf(page, to) {
  const hidden = { 'no-referrer': true, 'same-origin': page.url.origin !== to.origin }[policyOf(page)];
  return hidden ? 'null' : page.url.origin;
}

const policyOf = (page) => page.headers['referrer-policy'] ?? 'strict-origin-when-cross-origin';

/** Where a browser takes and sends `Secure` cookies. */
const trustworthy = (url) => url.protocol === 'https:' || url.hostname === 'localhost' || url.hostname === '127.0.0.1';

const within = (pathname, folder) => pathname === folder || pathname.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

const present = (headers) => Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));

// The tree of a page.

/** An attribute's value, if it is there. */
export const attribute = (node, name) => node.attrs?.find((one) => one.name === name)?.value;

/** Every element under a node, in the order of the page. */
export function elements(node) {
  return (node.childNodes ?? []).flatMap((child) => (child.tagName ? [child, ...elements(child)] : []));
}

/** The text under a node that is not hidden. */
export function textOf(node) {
  if (node.nodeName === '#text') return node.value;
  if (['script', 'style', 'head'].includes(node.tagName) || attribute(node, 'hidden') !== undefined) return '';
  const text = (node.childNodes ?? []).map(textOf).join('');
  return INLINE.has(node.tagName) ? text : ` ${text} `;
}

const INLINE = new Set(['a', 'abbr', 'b', 'code', 'em', 'i', 'span', 'strong', 'time']);

const controls = (form) => elements(form).filter((node) => ['input', 'select', 'textarea', 'button'].includes(node.tagName));
const isButton = (node) => (node.tagName === 'button' ? (attribute(node, 'type') ?? 'submit') : attribute(node, 'type')) === 'submit';
const isFilledIn = (node) => node.tagName !== 'button' && !['hidden', 'submit'].includes(attribute(node, 'type')) && attribute(node, 'readonly') === undefined;
const options = (select) => elements(select).filter((node) => node.tagName === 'option');
const valueOf = (option) => attribute(option, 'value') ?? textOf(option).trim();

/** What stands in a field before anybody fills it in. */
function initial(node) {
  if (node.tagName === 'textarea') return (node.childNodes ?? []).map((child) => child.value).join('');
  if (node.tagName !== 'select') return attribute(node, 'value') ?? (['checkbox', 'radio'].includes(attribute(node, 'type')) ? 'on' : '');
  const all = options(node);
  const chosen = all.find((option) => attribute(option, 'selected') !== undefined) ?? all[0];
  return chosen ? valueOf(chosen) : '';
}
