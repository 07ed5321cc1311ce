import type { IncomingMessage } from 'node:http';
import { expect, jest, test } from '@jest/globals';
import { horde, roundcube, typo3 } from '../../../src/presets/index.ts';
import { sessionOpener, whoIsLoggedIn } from '../../../src/session.ts';
import { memoryStore } from '../../../src/stores/memory.ts';

const now = Math.floor(Date.now() / 1000);
const roundcubeSession = { data: { user_id: 42, username: 'alice', auth_secret: 'made-up' } };
const second = `roundcube_sessauth=made-up-${now - (now % 300)}`;
const rules = roundcube({ version: '1.6.5' }).login;

test.each([
  ['the text of the header', second],
  ['a request of node:http', { headers: { cookie: second } } as IncomingMessage],
  ["the web's request", new Request('https://shop.example/', { headers: { cookie: second } })],
  ["the web's headers", new Headers({ cookie: second })],
  [
    'cookies that a framework has parsed',
    { get: (name: string) => ({ value: name === 'roundcube_sessauth' ? second.slice(19) : '' }) },
  ],
])('cookies come from %s', (_, source) => {
  expect(whoIsLoggedIn(rules, roundcubeSession, source as never)).toMatchObject({ id: 42, name: 'alice' });
});

test('without the cookie it is nobody, and the reason is told', () => {
  const refused = jest.fn<(why: string) => void>();
  expect(whoIsLoggedIn(rules, roundcubeSession, 'a=b', { refused })).toBeUndefined();
  expect(refused.mock.calls).toEqual([['cookie']]);
});

test('headers and addresses', () => {
  const login = horde().login;
  const session = {
    data: {
      _b: now,
      horde: { 'auth/userId': '\0alice', 'auth/browser': '\0made up', 'auth/remoteAddr': '\u0000192.0.2.1' },
    },
  };
  const ask = (headers: Record<string, string>, address?: string) =>
    whoIsLoggedIn(login, session, { headers: { 'user-agent': 'made up', ...headers } } as never, { address })?.id;
  expect([ask({}, '192.0.2.1'), ask({}, '192.0.2.2'), ask({})]).toEqual(['alice', undefined, undefined]);
  expect(ask({ 'x-forwarded-for': '192.0.2.1, 10.0.0.1' }, '10.0.0.1')).toBe('alice');
  expect(ask({ 'user-agent': 'other' }, '192.0.2.1')).toBeUndefined();
  const socket = { remoteAddress: '::ffff:192.0.2.1' };
  expect(whoIsLoggedIn(login, session, { headers: { 'user-agent': 'made up' }, socket } as never)?.id).toBe('alice');
});

test('columns', () => {
  const { login } = typo3({ encryptionKey: 'a'.repeat(96), scope: 'any' });
  expect(whoIsLoggedIn(login, { data: {}, columns: { ses_userid: 42 } }, '')?.id).toBe(42);
  expect(whoIsLoggedIn(login, { data: {} }, '')).toBeUndefined();
});

test('a session that was opened by hand; a store without columns has none', async () => {
  const open = sessionOpener({ store: memoryStore() });
  const session = await open('');
  session.data.user_id = 42;
  session.data.auth_secret = 'made-up';
  expect(session.columns).toEqual({});
  expect(whoIsLoggedIn(rules, session, second)).toMatchObject({ id: 42 });
  await session.discard();
});

test('what is no source is a TypeError', () => {
  for (const source of [undefined, null, 5, {}, Promise.resolve('')]) {
    expect(() => whoIsLoggedIn(rules, roundcubeSession, source as never)).toThrow(TypeError);
  }
});
