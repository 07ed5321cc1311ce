import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { articleTable, binaryTable, type Harness, until } from '../php/harness.ts';
import { type Handler, isLocked, putNew, Site, siteForEach, storeOf } from './koa-helpers.ts';

/** What happens to the session when something goes wrong: in the handler, in the data, after close(). */
const [table, article] = [binaryTable(), articleTable()];
const newId = () => randomBytes(16).toString('hex');
let php: Harness;
let site: Site;

const put = (data: string) => putNew(php, table, data, 1_000);

siteForEach([table, article], (...started) => {
  [php, site] = started;
});

describe('a handler that throws', () => {
  test('changes are saved, as in PHP, and the lock is free', async () => {
    const id = await put('a|i:1;');
    const answer = await site.ask(
      (ctx) => {
        ctx.session.a = 2;
        ctx.throw(418);
      },
      { id },
    );
    expect(answer).toMatchObject({ status: 418, value: "I'm a Teapot" });
    expect(await php.row(table, id)).toBe('a|i:2;');
    expect(await isLocked(table, id)).toBe(false);
    site.codes();
  });

  test('the browser gets the cookie of its new session even so, and caches do not', async () => {
    const answer = await site.ask((ctx) => {
      ctx.cookies.set('other', 'gone with the error, as always in Koa');
      ctx.session.a = 1;
      ctx.throw(404);
    });
    expect(answer.status).toBe(404);
    expect(answer.headers['set-cookie']).toEqual([`PHPSESSID=${answer.id}; path=/`]);
    expect(answer.headers['cache-control']).toBe('no-store, no-cache, must-revalidate');
    expect(await php.row(table, answer.id!)).toBe('a|i:1;');
    site.codes();
  });

  test('the cookie does not get into another answer with the same error', async () => {
    const shared = Object.assign(new Error('Forbidden'), { status: 403, expose: true });
    const first = await site.ask((ctx) => {
      ctx.session.user = 'alice';
      throw shared;
    });
    const second = await site.ask(() => {
      throw shared;
    });
    expect(first.id).toBeDefined();
    expect(second.status).toBe(403);
    expect(second.headers['set-cookie']).toBeUndefined();
    expect(Object.getOwnPropertyNames(shared)).not.toContain('headers');
    site.codes();
  });

  test('middleware before ours may answer instead of Koa: one cookie', async () => {
    const kind = await Site.start({ store: storeOf(table) }, async (ctx, next) => {
      await next().catch((error) => {
        ctx.status = error.status;
        ctx.body = { value: 'sorry' };
      });
    });
    const answer = await kind.ask((ctx) => {
      ctx.session.a = 1;
      ctx.throw(409);
    });
    expect(answer).toMatchObject({ status: 409, value: 'sorry' });
    expect(answer.headers['set-cookie']).toEqual([`PHPSESSID=${answer.id}; path=/`]);
    expect(kind.codes()).toEqual([]);
    await kind.stop();
  });

  test('headers of the error itself are sent', async () => {
    const answer = await site.ask((ctx) => {
      ctx.session.a = 1;
      ctx.throw(405, { headers: { Allow: 'GET', 'Set-Cookie': 'own=1' } });
    });
    expect(answer.headers.allow).toBe('GET');
    expect(answer.headers['set-cookie']).toEqual(['own=1', `PHPSESSID=${answer.id}; path=/`]);
    site.codes();
  });

  test.each(['text', 0])('%p thrown', async (thrown) => {
    const id = await put('a|i:1;');
    const answer = await site.ask(
      (ctx) => {
        ctx.session.a = 2;
        throw thrown;
      },
      { id },
    );
    expect(answer.status).toBe(500);
    expect(await php.row(table, id)).toBe('a|i:2;');
    site.codes();
  });

  test('after regenerate(): the new id is valid, and the old one is not', async () => {
    const id = await put('a|i:1;');
    const answer = await site.ask(
      async (ctx) => {
        await ctx.phpSession.regenerate();
        throw new Error('after login');
      },
      { id },
    );
    expect(answer.status).toBe(500);
    expect(await php.row(table, answer.id!)).toBe('a|i:1;');
    expect(await php.row(table, id)).toBe('');
    site.codes();
  });

  test('discardOnError: nothing is saved, no cookie, and the lock is free', async () => {
    const strict = await Site.start({ store: storeOf(table), discardOnError: true });
    const [id, before] = [await put('a|i:1;'), await php.count(table)];
    const handlers: Handler[] = [
      (ctx) => (ctx.session.a = 2),
      (ctx) => ctx.phpSession.regenerate(),
      (ctx) => void ctx.phpSession.regenerate(),
      (ctx) => (ctx.session = null as never),
    ];
    for (const handler of handlers) {
      const failing: Handler = async (ctx) => {
        await handler(ctx);
        throw new Error('oops');
      };
      for (const question of [{ id }, {}]) {
        const answer = await strict.ask(failing, question);
        expect(answer.status).toBe(500);
        expect(answer.headers['set-cookie']).toBeUndefined();
        expect(await php.row(table, id)).toBe('a|i:1;');
        expect(await isLocked(table, id)).toBe(false);
      }
    }
    expect(await php.count(table)).toBe(before);
    await strict.stop();
  });

  test('discardOnError: what was done already stays done', async () => {
    const strict = await Site.start({ store: storeOf(table), discardOnError: true });
    const cases: [string, string | undefined][] = [
      ['destroy', undefined],
      ['close', 'a|i:2;'],
      ['lock', 'a|i:1;'],
    ];
    for (const [name, left] of cases) {
      const id = await put('a|i:1;');
      const answer = await strict.ask(
        async (ctx) => {
          ctx.session.a = 2;
          await ctx.phpSession[name as 'close']();
          throw new Error('oops');
        },
        { id },
      );
      expect(answer.status).toBe(500);
      expect(await php.row(table, id)).toBe(left);
      expect(await isLocked(table, id)).toBe(false);
    }
    await strict.stop();
  });

  test('and whose session cannot be saved either: both are reported', async () => {
    const id = await put('a|i:1;');
    const answer = await site.ask(
      (ctx) => {
        ctx.session.a = () => 1;
        ctx.throw(418);
      },
      { id },
    );
    expect(answer.status).toBe(418);
    expect(await php.row(table, id)).toBe('a|i:1;');
    expect(site.errors).toHaveLength(2);
    expect(site.codes()).toContain('ERR_PHP_UNREPRESENTABLE');
  });
});

describe('data', () => {
  test.each([
    ['cut off', 'user|s:5:"ali'],
    ['no session at all', '{"user":"alice"}'],
    ['reference to nothing', 'a|R:7;'],
  ])('damaged (%s): 500 each time, and the row stays', async (_, data) => {
    const id = await put(data);
    for (let i = 0; i < 3; i++) {
      const answer = await site.ask((ctx) => (ctx.session.a = 1), { id });
      expect(answer.status).toBe(500);
      expect(answer.headers['set-cookie']).toBeUndefined();
      expect(await php.row(table, id)).toBe(data);
      expect(await isLocked(table, id)).toBe(false);
    }
    expect(site.codes().every((code) => /^ERR_PHP_(SYNTAX|REFERENCE)$/.test(String(code)))).toBe(true);
  });

  test.each([
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['a lone surrogate', '\ud800'],
    ['a Map', new Map()],
  ])('%s cannot be stored: 500, and the row stays', async (_, value) => {
    const id = await put('a|i:1;b|i:2;');
    for (const question of [{ id }, {}]) {
      const answer = await site.ask((ctx) => {
        ctx.session.a = { deep: [value] };
      }, question);
      expect(answer.status).toBe(500);
      expect(answer.value).toBe('Internal Server Error');
      expect(answer.headers['set-cookie']).toBeUndefined();
    }
    expect(await php.row(table, id)).toBe('a|i:1;b|i:2;');
    expect(await isLocked(table, id)).toBe(false);
    expect(site.codes()).toHaveLength(2);
  });

  test('a key with "|" cannot be stored: 500, and the row stays', async () => {
    const id = await put('a|i:1;');
    expect((await site.ask((ctx) => (ctx.session['x|y'] = 1), { id })).status).toBe(500);
    expect(await php.row(table, id)).toBe('a|i:1;');
    expect(site.codes()).toEqual(['ERR_PHP_KEY']);
  });

  test.each([
    ['too long for the column', 'x'.repeat(70_000), 'ERR_SESSION_TOO_LARGE'],
    ['bytes that its character set lacks', new Uint8Array([0xff, 0xfe]), 'ERR_SESSION_CHARSET'],
  ])('%s: 500, and the row stays', async (_, value, code) => {
    const narrow = await Site.start({ store: storeOf(article) });
    const id = newId();
    await php.put(article, id, 'a|i:1;');
    const before = await php.count(article);
    for (const question of [{ id }, {}]) {
      const answer = await narrow.ask((ctx) => Object.assign(ctx.session, { value }) && 'fine', question);
      expect(answer.status).toBe(500);
      expect(answer.headers['set-cookie']).toBeUndefined();
      expect(narrow.codes()).toEqual([code]);
    }
    expect(await php.row(article, id)).toBe('a|i:1;');
    expect(await php.count(article)).toBe(before);
    expect(await isLocked(article, id)).toBe(false);
    await narrow.stop();
  });

  test('$_SESSION cannot become something else', async () => {
    const id = await put('a|i:1;');
    for (const value of ['text', 1, undefined, true]) {
      expect((await site.ask((ctx) => (ctx.session = value as never), { id })).status).toBe(500);
    }
    expect(await php.row(table, id)).toBe('a|i:1;');
    expect(site.codes()).toHaveLength(4);
  });
});

describe('close()', () => {
  test('saves and frees the lock while the handler goes on', async () => {
    const id = await put('a|i:1;');
    const answer = await site.ask(
      async (ctx) => {
        ctx.session.a = 2;
        await ctx.phpSession.close();
        await ctx.phpSession.close();
        const inPhp = await php.ask({ driver: 'pdo', table, id }, '$handler->start(); return $_SESSION["a"]++;');
        return [inPhp.result, ctx.session.a];
      },
      { id },
    );
    expect(answer.value).toEqual([2, 2]);
    expect(await php.row(table, id)).toBe('a|i:3;');
  });

  test('a new session has its cookie from then on, headers for caches too', async () => {
    const answer = await site.ask(async (ctx) => {
      ctx.session.a = 1;
      await ctx.phpSession.close();
      ctx.respond = false;
      ctx.res.end('by hand');
    });
    expect(await php.row(table, answer.id!)).toBe('a|i:1;');
    expect(answer.headers['cache-control']).toBe('no-store, no-cache, must-revalidate');
  });

  const lateChanges: [string, Handler][] = [
    ['a key', (ctx) => (ctx.session.a = 2)],
    ['assignment', (ctx) => (ctx.session = { b: 1 })],
    ['what cannot be stored', (ctx) => (ctx.session.a = () => 1)],
  ];
  test.each(lateChanges)('a later change (%s) is reported, and the response is not affected', async (_, change) => {
    const id = await put('a|i:1;');
    for (const question of [{ id }, {}]) {
      const answer = await site.ask(async (ctx) => {
        ctx.session.a = 1;
        await ctx.phpSession.close();
        await change(ctx);
        return 'fine';
      }, question);
      expect(answer).toMatchObject({ status: 200, value: 'fine' });
      expect(site.codes()).toEqual(['ERR_SESSION_CLOSED']);
      expect(await php.row(table, answer.id ?? id)).toBe('a|i:1;');
    }
  });

  test('a change that comes while it is saved is reported too', async () => {
    const id = await put('a|i:1;');
    await site.ask(
      async (ctx) => {
        ctx.session.a = 2;
        const closed = ctx.phpSession.close();
        await until(() => php.row(table, id).then((row) => row === 'a|i:2;'));
        ctx.session.a = 3;
        await closed;
      },
      { id },
    );
    expect(await php.row(table, id)).toBe('a|i:2;');
    expect(site.codes()).toEqual(['ERR_SESSION_CLOSED']);
  });

  const lateControls: [string, Handler][] = [
    ['destroy()', (ctx) => ctx.phpSession.destroy()],
    ['regenerate()', (ctx) => ctx.phpSession.regenerate()],
    ['ctx.session = null', (ctx) => (ctx.session = null as never)],
  ];
  test.each(lateControls)('a later %s fails', async (_, control) => {
    const id = await put('a|i:1;');
    const answer = await site.ask(
      async (ctx) => {
        await ctx.phpSession.close();
        await control(ctx);
      },
      { id },
    );
    expect(answer.status).toBe(500);
    expect(await php.row(table, id)).toBe('a|i:1;');
    expect(site.codes()).toEqual(['ERR_SESSION_CLOSED']);
  });

  test('that fails is final: the session does not get a second row', async () => {
    const [id, before] = [await put('a|i:1;'), await php.count(table)];
    const answer = await site.ask(
      async (ctx) => {
        ctx.session.bad = () => 1;
        await expect(ctx.phpSession.close()).rejects.toMatchObject({ code: 'ERR_PHP_UNREPRESENTABLE' });
        delete ctx.session.bad;
        ctx.session.a = 2;
      },
      { id },
    );
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(await php.row(table, id)).toBe('a|i:1;');
    expect(await php.count(table)).toBe(before);
    expect(site.codes()).toEqual(['ERR_PHP_UNREPRESENTABLE']);
  });

  test('that fails and is not awaited is reported, and does not end the process', async () => {
    const id = await put('a|i:1;');
    const answer = await site.ask(
      (ctx) => {
        ctx.session.bad = () => 1;
        void ctx.phpSession.close();
      },
      { id },
    );
    expect(answer.status).toBe(200);
    expect(site.codes()).toEqual(['ERR_PHP_UNREPRESENTABLE']);
    expect(await php.row(table, id)).toBe('a|i:1;');
  });
});

test('only a plain object can become the session', async () => {
  const id = await put('a|i:1;');
  const answer = await site.ask(
    (ctx) => {
      expect(() => Object.assign(ctx, { session: new Map() })).toThrow(TypeError);
      ctx.session = { ...ctx.session, b: 2 };
    },
    { id },
  );
  expect(answer.status).toBe(200);
  expect(await php.row(table, id)).toBe('a|i:1;b|i:2;');
});
