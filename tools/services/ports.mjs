import { createServer } from 'node:net';

// Linux takes the local ports of outgoing connections from 32768 upwards. A server that is started again on its port
// must find it free, so ports are chosen below.
const lowest = 20_000;
const highest = 32_767;

/** Ports that this process has given away; the server may not listen yet. */
const given = new Set();

/**
 * A loopback port without a server. Two calls in one process never return the same.
 *
 * @param {readonly string[]} [addresses] it is free on all of these
 * @returns {Promise<number>}
 */
export async function freePort(addresses = ['127.0.0.1']) {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest + 1));
    if (given.has(port)) continue;
    const free = await Promise.all(addresses.map((address) => canListen(port, address)));
    if (!free.every(Boolean)) continue;
    given.add(port);
    return port;
  }
}

/**
 * @param {number} port
 * @param {string} address
 * @returns {Promise<boolean>}
 */
function canListen(port, address) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    });
    server.listen(port, address, () => server.close(() => resolve(true)));
  });
}
