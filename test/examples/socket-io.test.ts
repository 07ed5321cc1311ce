import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Harness } from '../php/harness.ts';
import { Example, phpPage, startPhp, table } from './example.ts';

/** examples/socket.io: sockets of those who have logged in, beside PHP. */

let php: Harness;
let example: Example;
// biome-ignore lint/suspicious/noExplicitAny: socket.io-client is in the folder of the example
let connect: any;

beforeAll(async () => {
  example = await Example.install('examples/socket.io');
  php = await startPhp();
  await example.consumer.fetch('socket.io-client@4.8.4');
  connect = createRequire(example.consumer.path('server.mjs'))('socket.io-client').io;
  await example.start(['server.mjs'], { RECHECK: '200' }, '/socket.io/');
}, 240_000);

afterAll(async () => {
  await example?.remove();
  await php?.stop();
});

const logIn = async (name = 'Ann') => {
  const id = randomBytes(16).toString('hex');
  await php.put(table, id, `user|a:1:{s:4:"name";s:${name.length}:"${name}";}`);
  return id;
};

/** @returns the socket, or why there is none */
function open(id?: string, { origin = example.url, transports = ['websocket'] } = {}) {
  const extraHeaders = { origin, ...(id !== undefined && { cookie: `other=1; PHPSESSID=${id}` }) };
  const socket = connect(example.url, { transports, extraHeaders, reconnection: false, forceNew: true });
  return new Promise<typeof socket | string>((resolve) => {
    socket.once('connect', () => resolve(socket));
    socket.once('connect_error', ({ message }: Error) => {
      socket.close();
      resolve(message);
    });
  });
}
const ended = (socket: { once(event: string, listener: (reason: string) => void): void }) =>
  new Promise<string>((resolve) => socket.once('disconnect', resolve));

test('who is not logged in gets no socket', async () => {
  expect(await open()).toBe('not logged in');
  expect(await open('a'.repeat(32))).toBe('not logged in'); // a forged id
  expect(await open("' OR 1=1 -- ")).toBe('not logged in');
  const id = await logIn();
  await phpPage(php, id, 'return session_destroy();');
  expect(await open(id)).toBe('not logged in');
});

test('a page of another origin gets no socket', async () => {
  const id = await logIn();
  expect(await open(id, { origin: 'http://evil.example' })).toBe('websocket error');
  expect(await open(id, { origin: 'http://evil.example', transports: ['polling'] })).toBe('xhr poll error');
});

test.each(['websocket', 'polling'])(
  'a message writes, and PHP is not kept waiting by the socket: %s',
  async (transport) => {
    const id = await logIn();
    const socket = await open(id, { transports: [transport] });
    expect(await socket.emitWithAck('say', 'hello')).toEqual({ said: 1 });
    expect(await phpPage(php, id, '$_SESSION["php"] = 1; return $_SESSION["said"];')).toBe(1);
    const answers = await Promise.all(Array.from({ length: 20 }, () => socket.emitWithAck('say', 'hello')));
    expect(answers.map(({ said }) => said).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 2));
    expect(await phpPage(php, id, 'return [$_SESSION["said"], $_SESSION["php"]];')).toEqual([21, 1]);
    socket.close();
  },
);

test('a logout on a page of PHP closes the socket', async () => {
  const id = await logIn();
  const [socket, other] = [await open(id), await open(await logIn('Bob'))];
  const end = ended(socket);
  await phpPage(php, id, 'return session_destroy();');
  expect(await end).toBe('io server disconnect');
  expect(other.connected).toBe(true);
  other.close();
});

test('a login as somebody else closes the socket, and so does a new id', async () => {
  for (const code of ['$_SESSION["user"] = ["name" => "Bob"];', 'session_regenerate_id(true);']) {
    const id = await logIn();
    const end = ended(await open(id));
    await phpPage(php, id, `${code} return 1;`);
    expect(await end).toBe('io server disconnect');
  }
});

test('a message after a logout is not sent, and brings nothing back', async () => {
  const id = await logIn();
  const socket = await open(id);
  const [end, heard] = [ended(socket), [] as string[]];
  socket.on('said', (text: string) => heard.push(text));
  await phpPage(php, id, 'return session_destroy();');
  socket.emit('say', 'still here', () => heard.push('answer'));
  expect(await end).toBe('io server disconnect');
  expect(heard).toEqual([]);
  expect(await php.row(table, id)).toBeUndefined();
});

test('an open socket does not keep the session alive', async () => {
  const id = await logIn();
  await php.put(table, id, 'user|a:1:{s:4:"name";s:3:"Ann";}', 600);
  const socket = await open(id);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await php.age(table, id)).toBeGreaterThanOrEqual(600);
  socket.close();
});

test('SIGTERM: what is being written is written, the sockets go, the process ends', async () => {
  const id = await logIn();
  const socket = await open(id);
  const release = await php.hold(table, id);
  const end = ended(socket);
  socket.emit('say', 'last words', () => undefined);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const over = example.end();
  await end;
  await release();
  expect(await over).toBe('exit 0');
  expect(await php.row(table, id)).toContain('said|i:1;');
  expect(example.log()).toBe('');
});
