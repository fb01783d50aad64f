// People without a browser: pages and forms are parsed as HTML, and requests are sent as by a browser without JavaScript
// (cookies, redirects, `Origin`, `Referer`, `Sec-Fetch-*`). Only fields on a page can be filled in.

import { request as httpRequest } from 'node:http';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'parse5';
import { OUTPUT } from './leastwise.mjs';
import { until } from './suite.mjs';

/** The maximum wait for a response, in milliseconds. */
const LIMIT = 30_000;
/** The maximum number of redirects that a browser follows. */
const MOST_REDIRECTS = 20;

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Error codes of a connection that was closed or refused. */
const GONE = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE']);

export class Visitor {
  /** Creates a visitor who has not signed in. */
  constructor(sandbox) {
    this.sandbox = sandbox;
    this.cookies = new Cookies();
  }

  /** Creates a visitor who has signed in and sees the home page. */
  static async signedIn(sandbox, username) {
    const visitor = new Visitor(sandbox);
    visitor.username = username;
    await visitor.signIn(username);
    return visitor;
  }

  /** Signs in at the local Cognito, including the second factor. */
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

  /** Opens a page of Leastwise, like a typed URL. */
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

  /** Sends a form of the page, and returns the page that it leads to. */
  async send(form, status = 200) {
    const { url, method, body } = form.request();
    await this.go(url, { method, body, from: this.page });
    this.#answered(status);
    return this.page;
  }

  /** Sends a form whose response may never arrive, because the process may end first. */
  async sendUnanswered(form) {
    try {
      await this.send(form);
    } catch (error) {
      if (!GONE.has(error.code)) throw error;
    }
  }

  /** Reopens a page until it contains the text. */
  async findsInTime(target, words, limit = 90_000) {
    const says = async () => (await this.open(target)).says(words);
    await until(`${target} contains ${words}`, says, limit).catch((error) => {
      throw new Error(`${error.message}; its text is:\n${this.page.text().slice(0, 2000)}`, { cause: error.cause });
    });
  }

  /** Reopens the current page until it contains the text. */
  saysInTime(words, limit = 60_000) {
    return this.findsInTime(this.page.url.href, words, limit);
  }

  /** Saves the last page, for the analysis of a failure. */
  keep(name) {
    if (!this.page) return;
    mkdirSync(OUTPUT, { recursive: true });
    writeFileSync(path.join(OUTPUT, `${name}.html`), `<!-- ${this.page.status} ${this.page.url} -->\n${this.page.html}`);
  }

  /** Navigates and follows redirects. `from` is the page with the link or form; without it the URL was typed. */
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
      // 307 and 308 repeat the request with its body; the other codes change it to GET.
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

/** Runs a test with visitors. Saves their last pages if it fails. */
export async function withVisitors(name, visitors, body) {
  try {
    return await body();
  } catch (error) {
    for (const visitor of visitors) visitor.keep(`failed-${name.replace(/[^a-z0-9]+/gi, '-')}-${visitor.username}`);
    throw error;
  }
}

/** A response, parsed as a page. */
export class Page {
  constructor(url, { status, headers, body }) {
    Object.assign(this, { url, status, headers, html: body, document: parse(body) });
  }

  /** Returns the first element that satisfies a condition. */
  find(holds) {
    return this.all(holds)[0];
  }

  /** Returns all elements that satisfy a condition, in document order. */
  all(holds) {
    return elements(this.document).filter(holds);
  }

  /** Returns the visible text of the main content. */
  text() {
    return textOf(this.find((node) => node.tagName === 'main') ?? this.document).replace(/\s+/g, ' ').trim();
  }

  says(words) {
    const text = this.text();
    return words instanceof RegExp ? words.test(text) : text.includes(words);
  }

  /** Returns the form with this action URL. */
  formTo(target) {
    return this.#form((form) => (attribute(form, 'action') ?? '') === target, `form to ${target}`);
  }

  /** Returns the first form that has a field of this name. */
  formWith(name) {
    return this.#form((form) => controls(form).some((one) => attribute(one, 'name') === name), `form with a field ${name}`);
  }

  /** Returns the form around the field with this id. */
  formAround(id) {
    return this.#form((form) => controls(form).some((one) => attribute(one, 'id') === id), `form around #${id}`);
  }

  #form(holds, what) {
    const found = this.find((node) => node.tagName === 'form' && holds(node));
    if (!found) throw new Error(`${this.url} has no ${what}; it says: ${this.text().slice(0, 1000)}`);
    return new Form(found, this);
  }
}

/** A form of a page, and the values to fill in. */
class Form {
  #filled = new Map();
  #pressed;

  constructor(element, page) {
    Object.assign(this, { element, page });
  }

  /** Fills in a field. Only visible fields and offered options are allowed, as for a person. */
  fill(name, value) {
    const field = controls(this.element).find((one) => attribute(one, 'name') === name && isFilledIn(one));
    if (!field) throw new Error(`${this.page.url} has no field ${name} to fill in`);
    if (field.tagName === 'select' && !options(field).some((option) => valueOf(option) === value)) {
      throw new Error(`the list ${name} has no option ${value}`);
    }
    const most = Number(attribute(field, 'maxlength') ?? Infinity);
    if (value.length > most) throw new Error(`the field ${name} takes ${most} characters`);
    this.#filled.set(field, value);
    return this;
  }

  /** Chooses the button that is pressed, by its text: it may send the form elsewhere, without its required fields. */
  press(label) {
    this.#pressed = controls(this.element).find((one) => isButton(one) && textOf(one).trim() === label);
    if (!this.#pressed) throw new Error(`${this.page.url} has no button ${label}`);
    return this;
  }

  /** Returns the request that a browser sends when the chosen button is pressed, or the first one that sends the form to its own action. */
  request() {
    const method = (attribute(this.element, 'method') ?? 'get').toUpperCase();
    const to = this.#pressed && attribute(this.#pressed, 'formaction');
    const url = new URL(to || attribute(this.element, 'action') || this.page.url.href, this.page.url);
    const fields = new URLSearchParams(this.#entries());
    if (method === 'GET') {
      url.search = fields;
      return { url, method };
    }
    return { url, method, body: fields.toString() };
  }

  #entries() {
    const all = controls(this.element);
    const pressed = this.#pressed ?? all.find((one) => isButton(one) && attribute(one, 'formaction') === undefined);
    const unchecked = this.#pressed && attribute(this.#pressed, 'formnovalidate') !== undefined;
    const sent = all.filter((one) => attribute(one, 'name') && attribute(one, 'disabled') === undefined);
    return sent.flatMap((one) => {
      const name = attribute(one, 'name');
      if (isButton(one)) return one === pressed ? [[name, attribute(one, 'value') ?? '']] : [];
      const type = attribute(one, 'type');
      if ((type === 'checkbox' || type === 'radio') && attribute(one, 'checked') === undefined) return [];
      const value = this.#filled.get(one) ?? initial(one);
      if (!unchecked && attribute(one, 'required') !== undefined && value === '') throw new Error(`the field ${name} is required`);
      // Line breaks are sent as CRLF.
      return [[name, value.replace(/\r?\n/g, '\r\n')]];
    });
  }
}

/** Cookies, stored per host and shared between ports, as in a browser. */
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

/** Sends one request and returns the complete response. */
function exchange(url, { method, headers, body }) {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { agent: false, method, headers, timeout: LIMIT }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts).toString('utf8') }));
    });
    request.on('timeout', () => request.destroy(new Error(`${method} ${url}: no response in ${LIMIT / 1000} s`)));
    request.on('error', reject);
    request.end(body);
  });
}

// The origin headers of a request (Fetch Metadata, Referrer Policy, Fetch). All URLs are plain HTTP on one machine, so two
// URLs are same-site if their hosts are equal.

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

/** The origins for which a browser accepts and sends `Secure` cookies. */
const trustworthy = (url) => url.protocol === 'https:' || url.hostname === 'localhost' || url.hostname === '127.0.0.1';

const within = (pathname, folder) => pathname === folder || pathname.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

const present = (headers) => Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));

// The DOM tree of a page.

/** Returns the value of an attribute, if it is present. */
export const attribute = (node, name) => node.attrs?.find((one) => one.name === name)?.value;

/** Returns every element below a node, in document order. */
export function elements(node) {
  return (node.childNodes ?? []).flatMap((child) => (child.tagName ? [child, ...elements(child)] : []));
}

/** Returns the text below a node that is not hidden. */
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

/** Returns the initial value of a field. */
function initial(node) {
  if (node.tagName === 'textarea') return (node.childNodes ?? []).map((child) => child.value).join('');
  if (node.tagName !== 'select') return attribute(node, 'value') ?? (['checkbox', 'radio'].includes(attribute(node, 'type')) ? 'on' : '');
  const all = options(node);
  const chosen = all.find((option) => attribute(option, 'selected') !== undefined) ?? all[0];
  return chosen ? valueOf(chosen) : '';
}

/** Requests a crawl of AWS, as an administrator does, so that a test need not wait for the next one. */
export async function requestCrawl(sandbox) {
  const maya = await Visitor.signedIn(sandbox, 'maya.okafor');
  await maya.open('/operations');
  await maya.send(maya.page.formTo('/do/jobs/crawl'));
}
