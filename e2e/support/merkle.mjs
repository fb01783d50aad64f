// RFC 6962 inclusion proofs, and RFC 8785 for the leaf, implemented from the standards and independently of our code: the
// values on the page of an entry must yield the root of the signed checkpoint.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const node = (left, right) => sha256(Buffer.from([1]), left, right);

/** RFC 8785 for the values in leaves: objects, arrays, strings, booleans, null, and whole numbers. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
  return `{${members.join(',')}}`;
}

/** Computes the root from a leaf and its inclusion proof (RFC 9162, 2.1.3.2). */
export function rootOf(leaf, index, size, path) {
  let [fn, sn, hash] = [index, size - 1, leaf];
  for (const step of path) {
    assert.notEqual(sn, 0, 'the path is too long');
    if (fn % 2 === 1 || fn === sn) {
      hash = node(step, hash);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)];
    } else {
      hash = node(hash, step);
    }
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  assert.equal(sn, 0, 'the path is too short');
  return hash;
}

/** Checks that the hashes and the proof on the page of an entry are consistent. */
export async function provesItself(page) {
  const fact = async (term) => {
    const value = page.locator('main dl > div', { has: page.locator('dt', { hasText: new RegExp(`^${term}$`) }) }).locator('dd');
    return (await value.first().innerText()).trim();
  };
  const index = Number(new URL(page.url()).pathname.split('/').pop());
  const size = Number((await fact('Checkpoint')).replace(/\D/g, ''));
  const json = JSON.parse(await page.locator('pre').innerText());
  const path = (await page.locator('main ol > li code').allInnerTexts()).map((hex) => Buffer.from(hex.trim(), 'hex'));
  const leaf = sha256(Buffer.from([0]), Buffer.from(canonical(json), 'utf8'));
  assert.equal(leaf.toString('hex'), await fact('Leaf hash'), 'the leaf hash on the page is wrong');
  assert.equal(rootOf(leaf, index, size, path).toString('hex'), await fact('Root'), 'the proof does not lead to the root');
}
