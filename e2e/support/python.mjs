// The Python that has boto3 and moto: the one that xtask made, or the one in its usual place.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const usual = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../target/python/bin/python');

export function python() {
  const found = process.env.LEASTWISE_TEST_PYTHON ?? usual;
  if (!existsSync(found)) {
    throw new Error(`no ${found}; \`cargo xtask test\` makes it, or set LEASTWISE_TEST_PYTHON to a Python with e2e/requirements.txt`);
  }
  return found;
}
