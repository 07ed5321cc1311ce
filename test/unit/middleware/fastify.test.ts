import { afterEach, describe, expect, test } from '@jest/globals';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { PhpSessionError } from '../../../src/errors.ts';
import { type FastifySessionOptions, type PhpSessionRequest, phpSession } from '../../../src/middleware/fastify.ts';
import { type MemorySession, memoryStore } from '../../../src/stores/memory.ts';

/** What is Fastify's own; what all frameworks promise is in contract.test.ts. */

type Request = FastifyRequest & PhpSessionRequest<{ count?: number; user?: string }>;
const sessions = new Map<string, MemorySession>();
const store = memoryStore({ sessions });
const away = (): never => {
  throw new PhpSessionError('ERR_SESSION_UNAVAILABLE', 'the database at db.example is away');
};

/** The applications that listen, and where. */
const urls = new Map<FastifyInstance, string>();
afterEach(async () => {
  await Promise.all([...urls.keys()].map((app) => app.close()));
  urls.clear();
});

interface Page {
  status: number;
  headers: Headers;
  body: string;
  cookie: string;
}

async function ask(app: FastifyInstance, path: string, cookie = '', method = 'GET'): Promise<Page> {
  const url = urls.get(app) ?? (await app.listen({ host: '127.0.0.1', port: 0 }));
  urls.set(app, url);
  const response = await fetch(url + path, { method, headers: { connection: 'close', ...(cookie && { cookie }) } });
  const { status, headers } = response;
  const [set = ''] = headers.getSetCookie().filter((line) => line.startsWith('PHPSESSID='));
  return { status, headers, body: await response.text(), cookie: set.split(';')[0]! };
}

async function appWith(options: Partial<FastifySessionOptions> = {}): Promise<FastifyInstance> {
  const app = fastify();
  // biome-ignore lint/nursery/noMisusedPromises: Fastify takes both kinds of plugins
  await app.register(phpSession, { store, ...options });
  return app;
}

const row = (cookie: string) => Buffer.from(sessions.get(cookie.replace('PHPSESSID=', ''))?.data ?? []).toString();

test('a session', async () => {
  const app = await appWith();
  app.get('/', (request) => {
    const { session } = request as Request;
    session.count = (session.count ?? 0) + 1;
    return { count: session.count };
  });
  const { body, cookie } = await ask(app, '/');
  const second = await ask(app, '/', cookie);
  expect([body, second.body, row(cookie)]).toEqual(['{"count":1}', '{"count":2}', 'count|i:2;']);
});

test('a cookie that the application sets in its own way stays', async () => {
  const app = await appWith();
  app.get('/', (request, reply) => {
    (request as Request).session.count = 1;
    return reply.header('set-cookie', 'own=1').send('done');
  });
  const { headers } = await ask(app, '/');
  expect(headers.getSetCookie()).toEqual(['own=1', expect.stringMatching(/^PHPSESSID=\w{32}/)]);
});

describe('the mode of a route', () => {
  test('none: no session, also when the database is away', async () => {
    const app = await appWith({ store: { ...store, open: away, read: away } });
    app.get('/health', { config: { phpSession: { mode: 'none' } } as object }, () => 'well');
    app.get('/used', { config: { phpSession: { mode: 'none' } } as object }, (request) => (request as Request).session);
    app.get('/', () => 'done');
    const cookie = `PHPSESSID=${'a'.repeat(32)}`;
    expect((await ask(app, '/health', cookie)).body).toBe('well');
    expect(JSON.parse((await ask(app, '/used', cookie)).body)).toMatchObject({ code: 'ERR_SESSION_CLOSED' });
    const refused = await ask(app, '/', cookie);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(refused.body).not.toContain('db.example');
  });

  test('readonly: a change is not saved, and reported', async () => {
    const errors: unknown[] = [];
    const app = await appWith({ onError: (error) => errors.push(error), mode: 'readonly' });
    app.get('/', { config: { phpSession: { mode: 'exclusive' } } as object }, (request) => {
      (request as Request).session.user = 'Ann';
      return 'done';
    });
    app.get('/poll', (request) => {
      (request as Request).session.user = 'Bob';
      return 'done';
    });
    const { cookie } = await ask(app, '/');
    await ask(app, '/poll', cookie);
    expect(row(cookie)).toBe('user|s:3:"Ann";');
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_SESSION_READONLY' })]);
  });
});

test('an application that is registered in it has the session too', async () => {
  const app = await appWith();
  // biome-ignore lint/nursery/noMisusedPromises: Fastify takes both kinds of plugins
  app.register(async (inner) => {
    inner.get('/inner', (request) => {
      (request as Request).session.count = 1;
      return 'done';
    });
  });
  expect(row((await ask(app, '/inner')).cookie)).toBe('count|i:1;');
});

test('a login has a new id, and the planted one leads nowhere', async () => {
  const app = await appWith();
  app.post('/login', async (request) => {
    await (request as Request).phpSession.regenerate();
    (request as Request).session.user = 'Ann';
    return 'Welcome';
  });
  app.get('/', (request) => (request as Request).session.user ?? 'nobody');
  const planted = 'PHPSESSID=planted';
  const { cookie } = await ask(app, '/login', planted, 'POST');
  expect(cookie).not.toBe(planted);
  expect((await ask(app, '/', cookie)).body).toBe('Ann');
  expect((await ask(app, '/', planted)).body).toBe('nobody');
});

test('wrong options are refused at the start', async () => {
  await expect(appWith({ onError: 'log' as never })).rejects.toThrow('onError must be a function');
  await expect(appWith({ mode: 'shared' as never })).rejects.toThrow('mode must be');
  await expect(appWith({ cookieHttpOnly: true } as never)).rejects.toThrow('cookieHttponly');
});
