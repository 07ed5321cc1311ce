import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { format, inspect } from 'node:util';
import { afterAll, afterEach, beforeEach, expect, jest } from '@jest/globals';
import Koa from 'koa';
import { encodeSession, PhpObject, PhpSessionError } from '../../src/codec/index.ts';
import { type PhpSessionContext, phpSession, type SessionOptions } from '../../src/middleware/koa.ts';
import type { HttpError } from '../../src/session/http-error.ts';
import type { SessionSignals } from '../../src/stores/signals.ts';
import { Signals } from '../helpers/signals.ts';

/** What must turn up nowhere. It can be an id, a key, a value, a class name, a password. */
export const secret = `canary${randomBytes(6).toString('hex')}`;

let ids = 0;
/** An id with the secret in it, of no more than 32 characters. */
export const secretId = (): string => `${secret}n${++ids}`;

/** A session with the secret in keys at every depth, in values, as class name and as property. */
export const planted: Uint8Array = encodeSession(
  { [secret]: { [secret]: new PhpObject(secret, [[`\0${secret}\0${secret}`, secret]]) }, text: secret },
  { classes: [secret] },
);

const bytes = Buffer.from(secret);
/** Also as bytes: hexadecimal as in SQL, as `util.inspect` shows a Buffer, and as `JSON.stringify` does. */
const forms = [
  secret,
  bytes.toString('hex'),
  bytes.toString('hex').replace(/..\B/g, '$& '),
  bytes.join(),
  bytes.join(', '),
];

/** What may be there: an error's own, ours, and what Koa and Hono want or set. */
const properties = [
  ...['stack', 'message', 'name', 'cause'],
  ...['code', 'offset', 'path'],
  ...['status', 'headers', 'expose', 'headerSent', 'getResponse'],
];

/** Where the secret can be found in an error, or anything else is that does not belong there. */
export function traces(error: Error): string[] {
  const found: string[] = [];
  const look = (place: string, text: string | undefined) => {
    if (mentions(text ?? '')) found.push(`${place}: ${text}`);
  };
  look('String()', String(error));
  look('JSON', JSON.stringify(error));
  look('inspect()', inspect(error, { depth: Infinity, maxStringLength: Infinity }));
  look('keys', inspect(Object.entries(error), { depth: Infinity }));
  for (const key of Reflect.ownKeys(error)) {
    const { enumerable } = Object.getOwnPropertyDescriptor(error, key)!;
    const value = Reflect.get(error, key); // `stack` is an accessor on Node 26
    if (typeof key === 'string' && !properties.includes(key)) found.push(`unknown property ${key}`);
    if (key === 'getResponse')
      look('its answer', inspect((error as Partial<HttpError>).getResponse?.(), { depth: Infinity }));
    if (key === 'cause') found.push(...tracesInCause(value).map((trace) => `cause: ${trace}`));
    else if (key !== 'path') look(String(key), inspect(value, { depth: Infinity, showHidden: true }));
    if ((key === 'path' || key === 'cause') && enumerable) found.push(`${key} is enumerable`);
  }
  return found;
}

function tracesInCause(cause: object): string[] {
  if (cause instanceof PhpSessionError) return traces(cause);
  const others = Reflect.ownKeys(cause).filter((key) => !['code', 'errno', 'sqlState'].includes(String(key)));
  const shown = inspect(cause, { depth: Infinity, showHidden: true });
  return [...others.map(String), ...(mentions(shown) ? [shown] : [])];
}

export function mentions(text: string): boolean {
  return forms.some((form) => text.toLowerCase().includes(form));
}

/**
 * No test of the file makes the package publish the secret.
 *
 * @param expected what they make it publish, at least
 */
export function watchSignals(...expected: (keyof SessionSignals)[]): void {
  const seen = new Set<string>();
  let signals: Signals;
  beforeEach(() => {
    signals = new Signals();
  });
  afterEach(() => {
    const { all } = signals.stop();
    for (const { name } of all) seen.add(name);
    expect(all.filter(({ message }) => mentions(inspect(message, { depth: Infinity, showHidden: true })))).toEqual([]);
    // Nothing but names and figures: an object could lead anywhere.
    const values = all
      .flatMap(({ message }) => Object.values(message))
      .flatMap((value) => (typeof value === 'object' ? Object.values(value) : [value]));
    expect(values.filter((value) => !['string', 'number', 'boolean'].includes(typeof value))).toEqual([]);
  });
  afterAll(() => expect([...seen]).toEqual(expect.arrayContaining(expected)));
}

export interface Outcome {
  errors: unknown[];
  /** All that Koa wrote to the standard error, and all of its answer but for a new session's cookie. */
  output: string;
  status: number;
}

type Handler = (ctx: Koa.ParameterizedContext<Koa.DefaultState, PhpSessionContext>) => unknown;

/** One request to a Koa application that handles errors as Koa does by itself. */
export async function visit(options: SessionOptions, handler: Handler, id?: string): Promise<Outcome> {
  const app = new Koa<Koa.DefaultState, PhpSessionContext>();
  const errors: unknown[] = [];
  const written: string[] = [];
  const output = jest.spyOn(console, 'error').mockImplementation((...args) => void written.push(format(...args)));
  app.on('error', (error, ctx) => {
    errors.push(error);
    app.onerror(error); // what Koa does without a listener
    if (ctx.headerSent) ctx.res.end(); // what has begun, Koa leaves to the application
  });
  app.use(phpSession(options));
  app.use(async (ctx) => {
    await handler(ctx);
    ctx.body ??= 'done';
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const headers = { Connection: 'close', ...(id !== undefined && { Cookie: `PHPSESSID=${id}` }) };
    const answer = await fetch(`http://127.0.0.1:${port}/`, { headers });
    const lines = [...answer.headers].map((header) => header.join(': '));
    written.push(`${answer.status} ${answer.statusText}`, ...lines, await answer.text());
    return { errors, output: written.join('\n'), status: answer.status };
  } finally {
    output.mockRestore();
    server.closeAllConnections();
    server.close();
  }
}
