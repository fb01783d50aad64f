// Writes aws_managed_policies.txt: the ARNs of the AWS managed policies, without their common beginning.
//
//   node sandbox/data/policies.mjs
//
// The names come from the file that catalogue/data/build.mjs makes of an npm package. Only its first column is read, so the
// sandbox shares the names with the analysis, and neither texts nor code.

import { readFileSync, writeFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';

const BEGINNING = 'arn:aws:iam::aws:policy/';
const packed = readFileSync(new URL('../../catalogue/data/aws_managed_policies.tsv.br', import.meta.url));
const [, ...lines] = brotliDecompressSync(packed).toString('utf8').trimEnd().split('\n');
const names = lines.map((line) => line.split('\t')[0]).map((arn) => {
  if (!arn.startsWith(BEGINNING)) throw new Error(`not an AWS managed policy: ${arn}`);
  return arn.slice(BEGINNING.length);
});
writeFileSync(new URL('aws_managed_policies.txt', import.meta.url), `${names.join('\n')}\n`);
console.log(`${names.length} policies`);
