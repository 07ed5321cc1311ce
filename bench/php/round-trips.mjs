// Counts the round trips between PHP and the database, by a relay between the two.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** Commands that the server does not answer: COM_QUIT, COM_STMT_CLOSE. */
const UNANSWERED = new Set([0x01, 0x19]);

/** @param {number} database its port */
export async function startRelay(database) {
  let commands = 0;
  const server = createServer((client) => {
    const upstream = connect(database, '127.0.0.1');
    let rest = Buffer.alloc(0);
    client.on('data', (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      // A packet: three bytes of length, a number, and the command. A command has the number 0; what belongs to connecting has others.
      while (rest.length > 4 && rest.length >= 4 + rest.readUIntLE(0, 3)) {
        if (rest[3] === 0 && !UNANSWERED.has(/** @type {number} */ (rest[4]))) commands++;
        rest = rest.subarray(4 + rest.readUIntLE(0, 3));
      }
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => client.write(bytes));
    for (const socket of [client, upstream]) {
      socket.setNoDelay().on('error', () => {});
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: /** @type {import('node:net').AddressInfo} */ (server.address()).port,
    /**
     * @param {string} url a page that uses the relay
     * @returns {Promise<number>} the fewest of some requests of one visitor: others make a connection that lives on
     */
    async fewest(url) {
      let cookie = '';
      let fewest = Number.POSITIVE_INFINITY;
      for (let i = 0; i < 40; i++) {
        const before = commands;
        const answer = await fetch(url, { headers: cookie === '' ? {} : { cookie } });
        const set = answer.headers.getSetCookie().map((line) => line.split(';')[0]);
        if (set.length > 0) cookie = set.join('; ');
        await answer.text();
        if (i > 0) fewest = Math.min(fewest, commands - before);
      }
      return fewest;
    },
    stop: () => server.close(),
  };
}
