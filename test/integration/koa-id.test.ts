import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { SessionOptions } from '../../src/middleware/koa.ts';
import { articleTable, binaryTable, type Harness, startHarness } from '../php/harness.ts';
import { isLocked, putNew, Site, storeOf } from './koa-helpers.ts';

/** Ids: new ones, strange ones, and those that a login or a logout ends. */
const [table, article] = [binaryTable(), articleTable()];
const newId = () => randomBytes(16).toString('hex');
const removal = 'PHPSESSID=deleted; expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; path=/';
let php: Harness;
let site: Site;

const put = (data: string) => putNew(php, table, data);
const withSite = async (options: Partial<SessionOptions>, use: (site: Site) => Promise<void>) => {
  const other = await Site.start({ store: storeOf(table), ...options });
  await use(other).finally(() => other.stop());
};

beforeAll(async () => {
  php = await startHarness([table, article]);
});

afterAll(async () => {
  await php.stop();
});

beforeEach(async () => {
  site = await Site.start({ store: storeOf(table) });
});

afterEach(async () => {
  expect(site.codes()).toEqual([]);
  await site.stop();
});

describe('logout', () => {
  test.each([
    ['destroy()', (ctx) => ctx.phpSession.destroy()],
    ['ctx.session = null', (ctx) => (ctx.session = null)],
  ] as [string, Parameters<Site['send']>[0]][])('%s deletes the row and the cookie', async (_, logOut) => {
    const id = await put('user|s:5:"alice";');
    const answer = await site.ask(
      async (ctx) => {
        await logOut(ctx);
        return ctx.session;
      },
      { id },
    );
    expect(answer).toMatchObject({ status: 200, value: {}, headers: { 'set-cookie': [removal] } });
    expect(await php.row(table, id)).toBeUndefined();
    const { result } = await php.ask({ driver: 'pdo', table, id }, '$handler->start(); return $_SESSION;');
    expect(result).toEqual([]);
  });

  test.each([
    ['destroy()', (ctx) => ctx.phpSession.destroy()],
    ['destroy() without await', (ctx) => void ctx.phpSession.destroy()],
    ['ctx.session = null', (ctx) => (ctx.session = null)],
  ] as [string, Parameters<Site['send']>[0]][])(
    'what is stored after %s begins a session of its own',
    async (_, logOut) => {
      const id = await put('user|s:5:"alice";');
      const answer = await site.ask(
        async (ctx) => {
          await logOut(ctx);
          ctx.session.message = 'bye';
        },
        { id },
      );
      expect(answer.headers['set-cookie']).toHaveLength(1);
      expect(answer.id).not.toBe(id);
      expect(await php.row(table, answer.id!)).toBe('message|s:3:"bye";');
      expect(await php.row(table, id)).toBeUndefined();
    },
  );

  test('without a session it does nothing', async () => {
    const answer = await site.ask(async (ctx) => {
      await ctx.phpSession.destroy();
      ctx.session = null as never;
    });
    expect(answer.status).toBe(200);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  test('after regenerate() leaves neither the old row nor the new one', async () => {
    const [id, before] = [await put('user|s:5:"alice";'), await php.count(table)];
    const answer = await site.ask(
      async (ctx) => {
        await ctx.phpSession.regenerate();
        await ctx.phpSession.destroy();
      },
      { id },
    );
    expect(answer.headers['set-cookie']).toEqual([removal]);
    expect(await php.count(table)).toBe(before - 1);
  });

  test('other cookies of the response stay', async () => {
    const id = await put('user|s:5:"alice";');
    const answer = await site.ask(
      async (ctx) => {
        ctx.cookies.set('PHPSESSID2', 'x');
        ctx.session.a = 1;
        await ctx.phpSession.destroy();
        ctx.session.b = 1;
      },
      { id },
    );
    expect(answer.headers['set-cookie']).toEqual(['PHPSESSID2=x; path=/; httponly', `PHPSESSID=${answer.id}; path=/`]);
  });
});

describe('login: regenerate()', () => {
  test('moves the session to a new id, which PHP takes', async () => {
    const id = await put('a|d:1;cart|O:3:"Foo":0:{}');
    const answer = await site.ask(
      async (ctx) => {
        await ctx.phpSession.regenerate();
        ctx.session.user = 'alice';
        return ctx.phpSession.id;
      },
      { id },
    );
    expect(answer.value).toBe(answer.id);
    expect(answer.id).not.toBe(id);
    expect(await php.row(table, id)).toBe('');
    expect(await php.row(table, answer.id!)).toBe('a|d:1;cart|O:3:"Foo":0:{}user|s:5:"alice";');
    const inPhp = await php.ask(
      { driver: 'pdo', table, id: answer.id! },
      '$handler->start(); return $_SESSION["user"];',
    );
    expect(inPhp.result).toBe('alice');
  });

  test.each([
    ['of an unchanged session', () => undefined, 'a|i:1;'],
    ['twice', (ctx) => ctx.phpSession.regenerate(), 'a|i:1;'],
    ['of a session that is emptied', (ctx) => (ctx.session = {}), ''],
  ] as [string, Parameters<Site['send']>[0], string][])('%s', async (_, more, data) => {
    const [id, before] = [await put('a|i:1;'), await php.count(table)];
    const answer = await site.ask(
      async (ctx) => {
        await ctx.phpSession.regenerate();
        await more(ctx);
      },
      { id },
    );
    expect(await php.row(table, answer.id!)).toBe(data);
    expect(await php.row(table, id)).toBe('');
    expect(await php.count(table)).toBe(before + 1);
  });

  test('of a session that has not been stored yet', async () => {
    const before = await php.count(table);
    const [nothing, id] = [await site.ask((ctx) => ctx.phpSession.regenerate()), newId()];
    expect(nothing.headers['set-cookie']).toBeUndefined();
    // The browser knows the id, the table does not: session fixation.
    const empty = await site.ask((ctx) => ctx.phpSession.regenerate(), { id });
    expect(empty.headers['set-cookie']).toBeUndefined();
    expect(await php.count(table)).toBe(before);
    const answer = await site.ask(
      async (ctx) => {
        await ctx.phpSession.regenerate();
        ctx.session.user = 'alice';
      },
      { id },
    );
    expect(answer.id).not.toBe(id);
    expect(await php.row(table, answer.id!)).toBe('user|s:5:"alice";');
    expect(await php.count(table)).toBe(before + 2);
  });

  test('without await is done all the same', async () => {
    const id = await put('a|i:1;');
    const answer = await site.ask((ctx) => void ctx.phpSession.regenerate(), { id });
    expect(await php.row(table, answer.id!)).toBe('a|i:1;');
    expect(await php.row(table, id)).toBe('');
  });

  test('needs headers that are not sent yet', async () => {
    const id = await put('a|i:1;');
    await site.ask(
      async (ctx) => {
        ctx.respond = false;
        ctx.res.writeHead(200).write('x');
        ctx.session.a = 2;
        await expect(ctx.phpSession.regenerate()).rejects.toMatchObject({ code: 'ERR_SESSION_HEADERS_SENT' });
        ctx.res.end();
      },
      { id },
    );
    while (await isLocked(table, id));
    expect(await php.row(table, id)).toBe('a|i:2;');
    expect(site.codes()).toEqual(['ERR_SESSION_HEADERS_SENT']);
  });
});

describe('ids from the browser', () => {
  test('strict mode off: an unknown id is adopted, once something is stored', async () => {
    const id = newId();
    const reading = await site.ask((ctx) => ctx.phpSession.id, { id });
    expect(reading.value).toBe(id);
    expect(reading.headers['set-cookie']).toBeUndefined();
    expect(await php.row(table, id)).toBeUndefined();
    const storing = await site.ask((ctx) => (ctx.session.a = 1), { id });
    expect(storing.headers['set-cookie']).toBeUndefined();
    expect(await php.row(table, id)).toBe('a|i:1;');
  });

  test('strict mode on: an unknown id is replaced, once something is stored; a known one stays', async () => {
    await withSite({ useStrictMode: true }, async (strict) => {
      const [unknown, known] = [newId(), await put('a|i:1;')];
      const reading = await strict.ask((ctx) => ctx.phpSession.id ?? null, { id: unknown });
      expect(reading.value).toBeNull();
      expect(reading.headers['set-cookie']).toBeUndefined();
      const storing = await strict.ask((ctx) => (ctx.session.a = 1), { id: unknown });
      expect(storing.id).not.toBe(unknown);
      expect(await php.row(table, storing.id!)).toBe('a|i:1;');
      expect(await php.row(table, unknown)).toBeUndefined();
      const again = await strict.ask((ctx) => (ctx.session.a = 2), { id: known });
      expect(again.headers['set-cookie']).toBeUndefined();
      expect(await php.row(table, known)).toBe('a|i:2;');
    });
  });

  test.each([
    ['forbidden characters', 'PHPSESSID=../../etc/passwd'],
    ['a quote', "PHPSESSID=x'--"],
    ['300 characters', `PHPSESSID=${'a'.repeat(300)}`],
    ['more than the column holds', `PHPSESSID=${'a'.repeat(200)}`],
    ['nothing', 'PHPSESSID='],
    ['no equals sign', 'PHPSESSID'],
    ['broken percent encoding', 'PHPSESSID=%E0%A4%A'],
    ['a zero byte', 'PHPSESSID=abc%00def'],
    ['a line feed at the end', 'PHPSESSID=abc%0A'],
    ['another case', 'phpsessid=0123456789abcdef0123456789abcdef'],
  ])('%s: no session, and a new id for what is stored', async (_, cookie) => {
    const before = await php.count(table);
    const reading = await site.ask((ctx) => ctx.phpSession.id ?? null, { cookie });
    expect(reading).toMatchObject({ status: 200, value: null });
    expect(reading.headers['set-cookie']).toBeUndefined();
    const storing = await site.ask((ctx) => (ctx.session.a = 1), { cookie });
    expect(storing.id).toMatch(/^[0-9a-f]{32}$/);
    expect(await php.row(table, storing.id!)).toBe('a|i:1;');
    expect(await php.count(table)).toBe(before + 1);
  });

  test('of two cookies with the name the first counts', async () => {
    const [one, two] = [await put('n|i:1;'), await put('n|i:2;')];
    const cookie = `a=b; PHPSESSID=${one}; PHPSESSID=${two}`;
    expect((await site.ask((ctx) => ctx.session.n, { cookie })).value).toBe(1);
  });

  test('a comma travels percent-encoded, both ways', async () => {
    const id = 'ab,cd-EF0123456789abcdef01';
    await php.put(table, id, 'n|i:1;');
    for (const cookie of [
      `PHPSESSID=${id}`,
      `PHPSESSID=${id.replace(',', '%2C')}`,
      `PHPSESSID=${id.replace(',', '%2c')}`,
    ]) {
      expect((await site.ask((ctx) => ctx.session.n, { cookie })).value).toBe(1);
    }
    const inPhp = await php.ask({ driver: 'pdo', table, id }, '$handler->start(); return $_SESSION["n"];');
    expect(inPhp.result).toBe(1);
  });

  test('an id that differs in case only is another one', async () => {
    await withSite({ store: storeOf(article) }, async (other) => {
      const id = `a${newId().slice(1)}`;
      await php.put(article, id, 'user|s:5:"alice";');
      const answer = await other.ask(
        (ctx) => {
          const { user = null } = ctx.session;
          ctx.session.user = 'mallory';
          return user;
        },
        { id: id.toUpperCase() },
      );
      expect(answer.value).toBeNull();
      expect(answer.id).toMatch(/^[0-9a-f]{32}$/);
      expect(await php.row(article, id)).toBe('user|s:5:"alice";');
    });
  });
});

describe.each(['exclusive', 'merge', 'readonly'] as const)(
  'an id that the column cannot hold, in the mode %s',
  (mode) => {
    const long = 'a'.repeat(200);

    test.each(['lock', 'regenerate'] as const)('what was stored before %s() is kept, under a new id', async (call) => {
      await withSite({ mode }, async (other) => {
        const answer = await other.ask(
          async (ctx) => {
            ctx.session.user = 'alice';
            await ctx.phpSession[call]();
            return ctx.session.user;
          },
          { id: long },
        );
        expect(answer).toMatchObject({ status: 200, value: 'alice' });
        expect(await php.row(table, answer.id!)).toBe('user|s:5:"alice";');
        expect(other.codes()).toEqual([]);
        expect(other.gone).toBe(0);
      });
    });
  },
);

describe('ids for the browser', () => {
  test.each([
    { sidLength: 22, sidBitsPerCharacter: 4, pattern: /^[0-9a-f]{22}$/ },
    { sidLength: 26, sidBitsPerCharacter: 5, pattern: /^[0-9a-v]{26}$/ },
    { sidLength: 128, sidBitsPerCharacter: 6, pattern: /^[0-9a-zA-Z,-]{128}$/ },
  ] as const)('$sidLength characters of $sidBitsPerCharacter bits', async ({ pattern, ...options }) => {
    await withSite(options, async (other) => {
      const first = await other.ask((ctx) => (ctx.session.a = 1));
      expect(first.id).toMatch(pattern);
      const again = await other.ask((ctx) => ctx.session.a, first);
      expect(again.value).toBe(1);
      const moved = await other.ask((ctx) => ctx.phpSession.regenerate(), first);
      expect(moved.id).toMatch(pattern);
      const inPhp = await php.ask({ driver: 'pdo', table, id: moved.id! }, '$handler->start(); return $_SESSION;');
      expect(inPhp.result).toEqual({ a: 1 });
    });
  });

  test('longer than the column: an error that says so, and nothing is stored', async () => {
    await withSite({ store: storeOf(article), sidLength: 40 }, async (other) => {
      const before = await php.count(article);
      const answer = await other.ask((ctx) => (ctx.session.a = 1));
      expect(answer.status).toBe(500);
      expect(answer.headers['set-cookie']).toBeUndefined();
      const id = newId();
      await php.put(article, id, 'a|i:1;');
      expect((await other.ask((ctx) => ctx.phpSession.regenerate(), { id })).status).toBe(500);
      expect(await php.row(article, id)).toBe('a|i:1;');
      expect(await php.count(article)).toBe(before + 1);
      expect(other.codes()).toEqual(['ERR_SESSION_ID', 'ERR_SESSION_ID']);
    });
  });

  test('another name and attributes', async () => {
    const options = { name: 'sid', cookiePath: '/app', cookieHttponly: true, cookieSamesite: 'Lax' } as const;
    await withSite(options, async (other) => {
      const first = await other.ask((ctx) => (ctx.session.a = 1), { cookie: `PHPSESSID=${newId()}` });
      expect(first.headers['set-cookie']).toEqual([`sid=${first.id}; path=/app; HttpOnly; SameSite=Lax`]);
      expect((await other.ask((ctx) => ctx.session.a, first)).value).toBe(1);
    });
  });
});
