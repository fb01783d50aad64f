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

/** Returns the leaf hash of the bytes of an entry. */
export function leafHash(bytes) {
  return sha256(Buffer.from([0]), Buffer.from(bytes, 'utf8'));
}

/** Returns the hash of a private value in a leaf (section 2 of the specification). */
export function privateHash(salt, value) {
  return sha256(Buffer.from('leastwise-private-v1\0', 'utf8'), Buffer.from(salt, 'hex'), Buffer.from(value, 'utf8')).toString('hex');
}

/** Checks that the hashes and the proof on the page of an entry are consistent. */
export async function provesItself(page) {
  const fact = async (term) => {
    const value = page.locator('main dl > div', { has: page.locator('dt', { hasText: new RegExp(`^${term}$`) }) }).locator('dd');
    return (await value.first().textContent()).trim();
  };
  const index = Number(new URL(page.url()).pathname.split('/').pop());
  const size = Number(/^\d+/.exec(await fact('Checkpoint'))[0]);
  const bytes = await page.locator('pre[data-leaf]').textContent();
  assert.equal(bytes, canonical(JSON.parse(bytes)), 'the bytes are not canonical');
  const path = (await page.locator('main ol[data-proof] > li code').allTextContents()).map((hex) => Buffer.from(hex.trim(), 'hex'));
  const leaf = leafHash(bytes);
  assert.equal(leaf.toString('hex'), await fact('Leaf hash'), 'the leaf hash on the page is wrong');
  assert.equal(rootOf(leaf, index, size, path).toString('hex'), await fact('Root'), 'the proof does not lead to the root');
}
