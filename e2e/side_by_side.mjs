// Puts two folders of screenshots of `run.mjs --screenshots` side by side, by name: `node side_by_side.mjs BEFORE [AFTER]`. AFTER is `output` unless it is
// named. Writes `side_by_side.html` there, which embeds no image, so both folders must stay where they are.

import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [before, after = path.join(import.meta.dirname, 'output')] = process.argv.slice(2);
if (!before) {
  console.error('name the folder with the screenshots of before: node side_by_side.mjs BEFORE [AFTER]');
  process.exit(2);
}

const pictures = (folder) => readdirSync(folder).filter((name) => name.endsWith('.png') && !name.startsWith('failed-'));
const [old, now] = [new Set(pictures(before)), new Set(pictures(after))];
const picture = (folder, held, name) => (held.has(name) ? `<img loading="lazy" src="${pathToFileURL(path.join(folder, name))}" alt="">` : '<p>none</p>');
const rows = [...new Set([...old, ...now])].sort().map((name) => `<section><h2>${name.replace('.png', '')}</h2><div>${picture(before, old, name)}${picture(after, now, name)}</div></section>`);
const page = `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Before and after</title>
<style>body{font:14px/1.4 sans-serif;margin:24px}section>div{display:grid;grid-template-columns:1fr 1fr;gap:16px;align-items:start}img{width:100%;border:1px solid #ccc}</style>
<h1>Before and after</h1>${rows.join('\n')}</html>
`;
const target = path.join(after, 'side_by_side.html');
writeFileSync(target, page);
console.log(`${rows.length} names, ${[...now].filter((name) => old.has(name)).length} of them in both: ${target}`);
