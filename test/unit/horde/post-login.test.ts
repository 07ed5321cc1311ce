import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { PhpSessionError } from '../../../src/codec/index.ts';
import { type HordeLoginForm, postHordeLogin } from '../../../src/horde/login.ts';

// Answers that Horde 5 gives (test/differential/horde-lab.test.ts asks a whole one), and others that it must not be asked for.

interface Asked {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  form: Record<string, string>;
}

let server: Server;
let url: string;
let asked: Asked[];
let answer: (response: ServerResponse) => void;
let page: (response: ServerResponse) => void;

beforeEach(async () => {
  asked = [];
  page = (response) => response.setHeader('Set-Cookie', 'Horde=before; path=/; HttpOnly');
  answer = (response) => {
    response.statusCode = 302;
    response.setHeader('Location', `${url.replace(/\/horde.*/, '')}/horde/services/portal/?a=b`);
    response.setHeader('Set-Cookie', [
      'Horde=after; path=/; domain=example.com; HttpOnly',
      'horde_secret_key=key; path=/; HttpOnly',
      'default_horde_view=deleted; Max-Age=0',
    ]);
  };
  server = createServer(async (request, response) => {
    const form = Object.fromEntries(new URLSearchParams(await text(request)));
    asked.push({ method: request.method!, url: request.url!, headers: request.headers, form });
    (request.method === 'POST' ? answer : page)(response);
    response.end('a form');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/horde/login.php`;
});

afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const visitor = { user: 'planted-user', password: 'planted-päss&word=\r\nX: y', userAgent: 'planted/5.0' };
const post = (more: Partial<HordeLoginForm> = {}) => postHordeLogin({ url, ...visitor, ...more });

async function failure(more: Partial<Record<keyof HordeLoginForm, unknown>> = {}): Promise<Error & { code?: string }> {
  try {
    await post(more as never);
  } catch (error) {
    const shown = inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error) + (error as Error).stack;
    expect(shown).not.toContain('planted');
    return error as Error;
  }
  throw new Error('It did not fail');
}

describe('postHordeLogin()', () => {
  test("hands on Horde's cookies, and where it leads", async () => {
    const { cookies, location } = await post({ forwardedFor: '192.0.2.1' });
    expect(cookies).toEqual([
      'Horde=after; path=/; domain=example.com; HttpOnly',
      'horde_secret_key=key; path=/; HttpOnly',
      'default_horde_view=deleted; Max-Age=0',
    ]);
    expect(location).toBe('/horde/services/portal/?a=b');
    expect(
      asked.map(({ method, headers }) => [method, headers.cookie, headers['user-agent'], headers['x-forwarded-for']]),
    ).toEqual([
      ['GET', undefined, 'planted/5.0', '192.0.2.1'],
      ['POST', 'Horde=before', 'planted/5.0', '192.0.2.1'],
    ]);
    expect(asked[1]!.form).toMatchObject({ login_post: '1', horde_user: visitor.user, horde_pass: visitor.password });
    // A password is in the body of one request, and in no address.
    expect(JSON.stringify(asked.map(({ url, headers }) => [url, headers]))).not.toContain('päss');
    expect(JSON.stringify(asked[0])).not.toContain('planted-user');
  });

  test('no address is sent where none is given', async () => {
    await post();
    expect(asked[1]!.headers).not.toHaveProperty('x-forwarded-for');
  });

  test('a refused login', async () => {
    for (const status of [200, 401]) {
      answer = (response) => {
        response.statusCode = status;
      };
      expect(await failure()).toMatchObject({ code: 'ERR_LOGIN_REFUSED' });
    }
  });

  test.each<[string, string | undefined]>([
    ['another host', 'https://example.org/'],
    ['another port', 'http://127.0.0.1:1/'],
    ['another site without a scheme', '//example.org/'],
    ['a path that browsers take for another site', '/\\example.org'],
    ['a script', 'javascript:alert(1)'],
    ['no address', undefined],
  ])('a redirect to %s is refused, and never followed', async (_, location) => {
    answer = (response) => {
      response.statusCode = 302;
      response.setHeader('Set-Cookie', 'Horde=after');
      if (location !== undefined) response.setHeader('Location', location);
    };
    expect(await failure()).toMatchObject({ code: 'ERR_LOGIN_FAILED' });
    expect(asked.length).toBe(2);
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ['redirects', (response) => response.writeHead(302, { Location: 'https://example.org/' })],
    ['is an error', (response) => response.writeHead(500)],
    ['has no cookie', () => undefined],
    ['has the cookie of another application', (response) => response.setHeader('Set-Cookie', 'PHPSESSID=a')],
  ])('where the form should be it %s: the password is not sent', async (_, answered) => {
    page = answered;
    expect(await failure()).toMatchObject({ code: 'ERR_LOGIN_FAILED' });
    expect(asked.map(({ method }) => method)).toEqual(['GET']);
  });

  test('a redirect without a new session is no login', async () => {
    answer = (response) => {
      response.writeHead(302, { Location: '/other/login', 'Set-Cookie': 'Horde=before; path=/' });
    };
    expect(await failure()).toMatchObject({ code: 'ERR_LOGIN_FAILED' });
    answer = (response) => {
      response.writeHead(302, {
        Location: '/',
        'Set-Cookie': 'Horde=deleted; expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0',
      });
    };
    expect(await failure()).toMatchObject({ code: 'ERR_LOGIN_FAILED' });
    answer = (response) => response.writeHead(503);
    expect(await failure()).toMatchObject({ code: 'ERR_LOGIN_FAILED' });
  });

  test('a server that is away, and one that does not answer', async () => {
    expect(await failure({ url: 'http://127.0.0.1:1/horde/login.php' })).toMatchObject({ code: 'ERR_LOGIN_FAILED' });
    const reason = new Error('the visitor has gone');
    expect(await failure({ signal: AbortSignal.abort(reason) })).toBe(reason);
  });

  test.each<[keyof HordeLoginForm, unknown]>([
    ['url', 'file:///etc/passwd'],
    ['url', 'http://planted:planted@127.0.0.1/'],
    ['url', '/horde/login.php'],
    ['url', undefined],
    ['user', ''],
    ['user', ['planted']],
    ['password', ''],
    ['password', { planted: 1 }],
    ['userAgent', 'planted\r\nX-Forwarded-For: 192.0.2.9'],
    ['userAgent', 'planted\0'],
    ['userAgent', undefined],
    ['forwardedFor', '192.0.2.1\r\nCookie: planted'],
    ['forwardedFor', '192.0.2.1, planted'],
    ['name', 'Horde; planted'],
    ['signal', {}],
  ])('%s: %j is a TypeError, and nothing is sent', async (name, value) => {
    const error = await failure({ [name]: value });
    expect(error).toBeInstanceOf(TypeError);
    expect(error).not.toBeInstanceOf(PhpSessionError);
    expect(error.message).toMatch(new RegExp(`^${name} must be`));
    expect(asked).toEqual([]);
  });
});
