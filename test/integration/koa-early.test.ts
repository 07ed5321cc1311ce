import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import { type PhpSessionContext, phpSession } from '../../src/middleware/koa.ts';
import { binaryTable, type Harness, until } from '../php/harness.ts';
import { type Context, type Handler, isLocked, Site, signal, siteForEach, storeOf } from './koa-helpers.ts';

/** Answers that begin while the handler runs, in a session that the browser has no cookie of yet. */
const table = binaryTable();
const newId = () => randomBytes(16).toString('hex');
let php: Harness;
let site: Site;

siteForEach([table], (...started) => {
  [php, site] = started;
});

async function withSite(options: object, use: (site: Site) => Promise<void>): Promise<void> {
  const other = await Site.start({ store: storeOf(table), ...options });
  await use(other).finally(() => other.stop());
}

/** A handler that answers by itself. */
const byHand =
  (answer: (res: ServerResponse, ctx: Context) => unknown): Handler =>
  (ctx) => {
    ctx.respond = false;
    ctx.res.statusCode = 200; // Koa begins with 404
    return answer(ctx.res, ctx);
  };

const ways: Record<string, (res: ServerResponse) => unknown> = {
  'end()': (res) => res.end('ab'),
  'write() and end()': (res) => {
    res.write('a');
    res.end('b');
  },
  'writeHead() and end()': (res) => res.writeHead(200, { 'X-Own': 'own' }).end('ab'),
  'flushHeaders(), and end() later': async (res) => {
    res.flushHeaders();
    await sleep(20);
    res.end('ab');
  },
  'a stream': (res) => pipeline(Readable.from(['a', 'b']), res),
  'write() that waits for each': async (res) => {
    for (const part of 'ab') if (!res.write(part)) await once(res, 'drain');
    await new Promise<void>((done) => res.end(done));
  },
  'callbacks of write() and end()': async (res) => {
    await new Promise((done) => res.write('a', done));
    await new Promise<void>((done) => res.end('b', done));
  },
};

describe.each(Object.entries(ways))('%s', (_, way) => {
  test.each(['exclusive', 'merge'] as const)('begins a session, in the mode %s', async (mode) => {
    await withSite({ mode }, async (other) => {
      let id: string | undefined;
      const answer = await other.ask(
        byHand(async (res, ctx) => {
          ctx.session.before = 1;
          ({ id } = ctx.phpSession);
          await way(res);
          ctx.session.after = 2;
        }),
      );
      expect(answer).toMatchObject({ status: 200, value: 'ab', id });
      expect(answer.id).toMatch(/^[0-9a-f]{32}$/);
      expect(answer.headers['cache-control']).toBe('no-store, no-cache, must-revalidate');
      await until(async () => !(await isLocked(table, id!)));
      await until(async () => (await php.row(table, id!)) === 'before|i:1;after|i:2;');
      expect(other.codes()).toEqual([]);
    });
  });

  test('gives the browser the new id of a login', async () => {
    const old = newId();
    await php.put(table, old, 'cart|i:1;');
    const answer = await site.ask(
      byHand(async (res, ctx) => {
        await ctx.phpSession.regenerate();
        ctx.session.user = 'ann';
        await way(res);
        ctx.session.later = 1;
      }),
      { id: old },
    );
    expect(answer.value).toBe('ab');
    expect(answer.id).not.toBe(old);
    await until(async () => (await php.row(table, answer.id!)) === 'cart|i:1;user|s:3:"ann";later|i:1;');
    expect(await php.row(table, old)).toBe('');
  });

  test('is answered with 503 if the row cannot be made, and with nothing else', async () => {
    await withSite({ store: storeOf(table, { connection: { host: '127.0.0.1', port: 1 } }) }, async (other) => {
      const ended = signal();
      const answer = await other.ask(
        byHand(async (res, ctx) => {
          ctx.session.a = 1;
          ctx.cookies.set('own', 'logged-in');
          res.setHeader('Content-Length', 2);
          await Promise.resolve(way(res)).catch(() => undefined);
          ended.happen();
        }),
      );
      await ended.happened; // what waits for room or for a callback goes on
      expect(answer).toMatchObject({ status: 503, value: 'Service Unavailable', id: undefined });
      expect(answer.headers).toMatchObject({ 'retry-after': '1' });
      expect(answer.headers['set-cookie']).toBeUndefined();
      expect(other.codes()).toEqual(['ERR_SESSION_UNAVAILABLE']);
    });
  });
});

test('the first byte waits for the row, and the lock is held until the handler has ended', async () => {
  const end = signal();
  const sent = site.send(
    byHand(async (res, ctx) => {
      ctx.session.a = 1;
      res.write('event: 1\n\n');
      await end.happened;
      ctx.session.a = 2;
      res.end('event: 2\n\n');
    }),
  );
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const id = /PHPSESSID=(\w+)/.exec(response.headers['set-cookie']![0]!)![1]!;
  expect(await php.row(table, id)).toBe('a|i:1;');
  expect(await isLocked(table, id)).toBe(true);
  // Another request that has the cookie waits for it, in strict mode too.
  await withSite({ useStrictMode: true }, async (strict) => {
    const other = strict.ask((ctx) => ctx.session.a, { id });
    end.happen();
    expect(await other).toMatchObject({ status: 200, id: undefined, value: 2 });
  });
  response.resume();
  expect(await php.row(table, id)).toBe('a|i:2;');
});

describe('for the handler the answer is on its way', () => {
  test('headersSent, writableEnded and what write() returns', async () => {
    const seen: unknown[] = [];
    await site.ask(
      byHand((res, ctx) => {
        ctx.session.a = 1;
        seen.push(res.headersSent, res.write('a'), res.headersSent, ctx.headerSent, res.writableEnded);
        seen.push(res.end('b') === res, res.writableEnded);
      }),
    );
    expect(seen).toEqual([false, false, true, true, false, true, true]);
  });

  test('regenerate() comes too late', async () => {
    let failure: unknown;
    const answer = await site.ask(
      byHand(async (res, ctx) => {
        ctx.session.a = 1;
        res.write('a');
        failure = await ctx.phpSession.regenerate().catch((error: unknown) => error);
        res.end();
      }),
    );
    expect(failure).toMatchObject({ code: 'ERR_SESSION_HEADERS_SENT' });
    await until(async () => (await php.row(table, answer.id!)) === 'a|i:1;');
    await until(() => site.errors.length > 0);
    expect(site.codes()).toEqual(['ERR_SESSION_HEADERS_SENT']);
  });

  test('destroy() deletes the row; the cookie leads nowhere', async () => {
    const answer = await site.ask(
      byHand(async (res, ctx) => {
        ctx.session.a = 1;
        res.write('a');
        await ctx.phpSession.destroy();
        res.end('b');
      }),
    );
    expect(answer.value).toBe('ab');
    expect(await php.row(table, answer.id!)).toBeUndefined();
  });

  test('an error is told, and what was sent stays', async () => {
    const answer = await site.ask(
      byHand((res, ctx) => {
        ctx.session.a = 1;
        res.end('ab');
        throw new Error('late');
      }),
    );
    expect(answer).toMatchObject({ status: 200, value: 'ab' });
    await until(() => site.errors.length > 0);
    expect(site.codes()).toEqual([expect.objectContaining({ message: 'late' })]);
    expect(await php.row(table, answer.id!)).toBe('a|i:1;');
  });

  test('without respond = false Koa adds nothing', async () => {
    const answer = await site.ask((ctx) => {
      ctx.session.a = 1;
      ctx.res.end('ab');
    });
    expect(answer).toMatchObject({ status: 404, value: 'ab' });
    expect(await php.row(table, answer.id!)).toBe('a|i:1;');
  });

  test('the client goes away while it waits: the handler ends, and the lock is free', async () => {
    const [ended, before] = [signal(), await php.count(table)];
    let id = '';
    const sent = site.send(
      byHand(async (res, ctx) => {
        ctx.session.a = 1;
        id = ctx.phpSession.id!;
        sent.destroy();
        await once(res, 'close');
        res.write('a');
        res.end('b');
        ended.happen();
      }),
    );
    sent.on('error', () => undefined);
    await ended.happened;
    await until(async () => (await php.row(table, id)) === 'a|i:1;' && !(await isLocked(table, id)));
    expect(await php.count(table)).toBe(before + 1);
  });
});

test('cookies and headers of writeHead() are sent beside the session', async () => {
  for (const headers of [
    { 'Set-Cookie': ['a=1', 'b=2'], 'X-Own': 'x' },
    ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Own', 'x'],
  ]) {
    const answer = await site.ask(
      byHand((res, ctx) => {
        ctx.session.a = 1;
        res.writeHead(201, 'Made', headers as never).end('ab');
      }),
    );
    expect(answer).toMatchObject({ status: 201, value: 'ab', headers: { 'x-own': 'x' } });
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2', `PHPSESSID=${answer.id}; path=/`]);
  }
});

test('what Node refuses of an answer that has waited is told, and answered with 500', async () => {
  const answer = await site.ask(
    byHand((res, ctx) => {
      ctx.session.a = 1;
      res.end(5 as never);
    }),
  );
  expect(answer).toMatchObject({ status: 500, value: 'Internal Server Error' });
  expect(site.codes()).toEqual(['ERR_INVALID_ARG_TYPE']);
});

test('an end() that was looked up before the session was used cannot wait: it is complete, and the session is reported', async () => {
  const page = async (ctx: Context) => {
    await sleep(1);
    ctx.session.a = 1;
    return 'ab';
  };
  const before = await php.count(table);
  const answer = await site.ask(byHand(async (res, ctx) => void res.end(await page(ctx))));
  expect(answer).toMatchObject({ status: 200, value: 'ab', id: undefined });
  await until(() => site.errors.length > 0);
  expect(site.codes()).toEqual(['ERR_SESSION_HEADERS_SENT']);
  expect(await php.count(table)).toBe(before);
});

test('what cannot be stored is a 500, and no row', async () => {
  const before = await php.count(table);
  const answer = await site.ask(
    byHand((res, ctx) => {
      ctx.session.a = () => 1;
      res.end('ab');
    }),
  );
  expect(answer).toMatchObject({ status: 500, id: undefined });
  expect(site.codes()).toEqual(['ERR_PHP_UNREPRESENTABLE']);
  expect(await php.count(table)).toBe(before);
});

test('discardOnError: the row is empty until the handler has ended well', async () => {
  await withSite({ discardOnError: true }, async (other) => {
    const failing = await other.ask(
      byHand((res, ctx) => {
        ctx.session.a = 1;
        res.end('ab');
        throw new Error('late');
      }),
    );
    await until(() => other.errors.length > 0);
    expect(await php.row(table, failing.id!)).toBe('');
    other.codes();
    const good = await other.ask(
      byHand((res, ctx) => {
        ctx.session.a = 1;
        res.end('ab');
      }),
    );
    await until(async () => (await php.row(table, good.id!)) === 'a|i:1;');
    expect(other.codes()).toEqual([]);
  });
});

test('a logout by null, and something stored after it: both before the headers', async () => {
  const id = newId();
  await php.put(table, id, 'user|s:3:"ann";');
  const answer = await site.ask(
    byHand((res, ctx) => {
      ctx.session = null as never;
      ctx.session.flash = 'bye';
      res.end('ab');
    }),
    { id },
  );
  expect(answer.value).toBe('ab');
  expect(await php.row(table, id)).toBeUndefined();
  await until(async () => (await php.row(table, answer.id!)) === 'flash|s:3:"bye";');
});

test.each([
  ['the row is made', {}, [200, 'ab']],
  ['it cannot be made', { connection: { host: '127.0.0.1', port: 1 } }, [503, 'Service Unavailable']],
] as const)('HTTP/2: %s', async (_, options, expected) => {
  const store = storeOf(table, options);
  const app = new Koa<Koa.DefaultState, PhpSessionContext>();
  app.on('error', () => undefined);
  app.use(phpSession({ store }));
  app.use(async (ctx) => {
    ctx.respond = false;
    ctx.res.statusCode = 200;
    ctx.session.a = 1;
    ctx.res.write('a');
    ctx.res.end('b');
  });
  const server = createServer(app.callback()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const stream = client.request({ ':path': '/' });
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  expect([headers[':status'], await text(stream)]).toEqual(expected);
  const [, id] = /PHPSESSID=(\w+)/.exec(String(headers['set-cookie'])) ?? [];
  expect(id && (await php.row(table, id))).toBe(expected[0] === 200 ? 'a|i:1;' : undefined);
  client.close();
  server.close();
  await store.close();
});

describe('an attacker', () => {
  test('who has planted an id that the store does not know gets none of what is stored, in strict mode', async () => {
    await withSite({ useStrictMode: true }, async (strict) => {
      const planted = newId();
      const answer = await strict.ask(
        byHand((res, ctx) => {
          ctx.session.user = 'ann';
          res.end('ab');
        }),
        { id: planted },
      );
      expect(answer.id).toMatch(/^[0-9a-f]{32}$/);
      expect(answer.id).not.toBe(planted);
      expect(await php.row(table, planted)).toBeUndefined();
    });
  });

  test('who has planted the id of a session of his own finds nothing under it after a login that answers early', async () => {
    const planted = newId();
    await php.put(table, planted, 'mine|i:1;');
    const answer = await site.ask(
      byHand(async (res, ctx) => {
        await ctx.phpSession.regenerate();
        ctx.session.user = 'ann';
        res.write('a');
        expect(await php.row(table, planted)).not.toContain('ann');
        res.end('b');
      }),
      { id: planted },
    );
    expect(answer.id).not.toBe(planted);
    expect(await php.row(table, planted)).toBe('');
    const theirs = await site.ask((ctx) => ctx.session.user ?? null, { id: planted });
    expect([theirs.value, theirs.id]).toEqual([null, undefined]);
  });

  test('cannot have an id without a row: each that a browser gets is known', async () => {
    await withSite({ useStrictMode: true }, async (strict) => {
      const handler = byHand((res, ctx) => {
        ctx.session.n = 1;
        res.write('a');
        res.end('b');
      });
      const answers = await Promise.all(Array.from({ length: 10 }, () => strict.ask(handler)));
      for (const { id } of answers) {
        const next = await strict.ask((ctx) => ctx.session.n, { id });
        expect([next.id, next.value]).toEqual([undefined, 1]);
      }
    });
  });
});

describe('ctx.phpSession.id', () => {
  test('of a new session is there as soon as something is to be stored, and not before', async () => {
    const answer = await site.ask((ctx) => {
      const ids = [ctx.phpSession.id ?? null];
      ctx.session.a = 1;
      ids.push(ctx.phpSession.id!, ctx.phpSession.id!);
      delete ctx.session.a;
      ids.push(ctx.phpSession.id ?? null);
      ctx.session.a = 2;
      return [...ids, ctx.phpSession.id];
    });
    expect(answer.value).toEqual([null, answer.id, answer.id, null, answer.id]);
  });

  test('is another one after regenerate() and destroy()', async () => {
    const answer = await site.ask(async (ctx) => {
      const ids: unknown[] = [];
      for (const call of ['regenerate', 'destroy', 'close'] as const) {
        ctx.session.a = 1;
        ids.push(ctx.phpSession.id);
        await ctx.phpSession[call]();
      }
      return ids;
    });
    expect(new Set(answer.value as string[]).size).toBe(3);
    expect((answer.value as string[])[2]).toBe(answer.id);
  });
});
