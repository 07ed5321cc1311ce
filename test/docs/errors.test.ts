import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import { PhpSessionError, type PhpSessionErrorCode, phpSession } from '../../src/middleware/koa.ts';
import type { SessionLease, SessionStore } from '../../src/stores/store.ts';
import { errorCodes } from './error-codes.ts';

const page = readFileSync(join(__dirname, '../../docs/errors.md'), 'utf8');
/** Each section begins with its code. */
const sections = page.split(/^### /m).slice(1);

test('docs/errors.md has one heading for each code, and no other', () => {
  expect(sections.map((section) => section.split('\n')[0]).sort()).toEqual(errorCodes().sort());
});

describe.each(sections.map((section) => [section.split('\n')[0]!, section] as const))('%s', (code, section) => {
  test('says what it means, its likely cause, and what to do', () => {
    const items = section.match(/(?<=^- \*\*)[^:]+(?=:\*\* \S)/gm);
    expect(items).toEqual(['Likely cause', 'What to do', 'Koa']);
    expect(section).toMatch(/^ERR_\w+\n\n[A-Z]/);
  });

  test('has the status that the middleware gives', async () => {
    const [, status] = /\*\*Koa:\*\* (\d+)/.exec(section)!;
    const error = new PhpSessionError(code as PhpSessionErrorCode, 'for this test');
    const fail = () => Promise.reject(error);
    expect(await statusOf(fail, () => undefined)).toBe(Number(status));
    expect(await statusOf(async () => nothing, fail)).toBe(Number(status));
  });
});

/** A session that is not there, and is not to be created. */
const nothing: SessionLease = {
  data: undefined,
  writable: false,
  commit: async () => 'gone',
  rename: async () => undefined,
  destroy: async () => 'gone',
  release: async () => undefined,
};

/** What a visitor gets when opening the session ends so, or the handler. */
async function statusOf(open: SessionStore['open'], handler: () => unknown): Promise<number> {
  const read = async () => ({ data: undefined, touch: async () => 'gone' as const });
  const store: SessionStore = { open, read, gc: async () => 0, close: async () => undefined };
  const app = new Koa();
  app.silent = true;
  app.use(phpSession({ store }));
  app.use(handler);
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const headers = { Cookie: 'PHPSESSID=abc', Connection: 'close' };
    const answer = await fetch(`http://127.0.0.1:${port}/`, { headers });
    await answer.arrayBuffer();
    expect(answer.headers.has('Retry-After')).toBe(answer.status === 503);
    return answer.status;
  } finally {
    server.close();
  }
}
