// Ports for programs that are told on which port to listen.

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * A port on which nothing listens. It is below the range from which Linux assigns ports (32768 and up), so that no
 * other program gets it before the program that is told listens there.
 */
export async function freePort() {
  for (;;) {
    const port = randomInt(20_000, 30_000);
    const server = createServer();
    const free = await new Promise((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
