import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { PhpObject } from '../../src/index.ts';
import { binaryTable, type Harness, startHarness } from '../php/harness.ts';
import { storeOf } from './koa-helpers.ts';
import { type Handler, KoaSessionSite, writtenByPhp } from './koa-session-site.ts';

/** What koa-session would do to the data of PHP, and does not here. */
const table = binaryTable();
let php: Harness;
let site: KoaSessionSite;

const askPhp = (id: string, code: string) => php.ask({ driver: 'pdo', table, id }, `$handler->start(); ${code}`);
const rowOf = (id: string) => php.row(table, id);

const written = (code: string) => writtenByPhp(php, table, code);

beforeAll(async () => {
  php = await startHarness([table]);
  site = await KoaSessionSite.start({ store: storeOf(table) });
});

afterAll(async () => {
  await site.stop();
  await php.stop();
});

afterEach(() => expect(site.codes()).toEqual([]));

/** By koa-session left out when it saves. */
const hidden = ['_sf2_attributes', '_sf2_meta', '_b', '_token', '_flash', '__ci_vars', '__ZF'];
/** By koa-session taken for its own, or by JavaScript for every object's. */
const reserved = [
  ...[
    'length',
    'populated',
    'isNew',
    'externalKey',
    'maxAge',
    'save',
    'commit',
    'regenerate',
    'manuallyCommit',
    'toJSON',
  ],
  ...['_expire', '_maxAge', '_session', '_requireSave'],
  ...['__proto__', 'constructor', 'toString', 'valueOf', 'hasOwnProperty', '__defineGetter__'],
];

describe.each([...hidden, ...reserved])('the key %s', (key) => {
  const putBoth = () =>
    written(`$_SESSION['n'] = 1; $_SESSION['${key}'] = ['kept' => 1.0, 'more' => true]; $_SESSION['z'] = 2`);

  test('stays when a request only reads, or changes something else', async () => {
    const id = await putBoth();
    const row = await rowOf(id);
    expect(row).toContain(`${key}|a:2:{s:4:"kept";d:1;s:4:"more";b:1;}`);
    const reading = await site.ask((ctx) => [ctx.session!.n, ctx.session!.isNew, ctx.session!.populated], { id });
    expect(reading).toMatchObject({ status: 200, value: [1, false, true], cookies: [] });
    expect(await rowOf(id)).toBe(row);
    expect(await php.age(table, id)).toBeLessThan(60);
    const changing = await site.ask((ctx) => (ctx.session!.n = 2), { id });
    expect(changing).toMatchObject({ status: 200, cookies: [] });
    expect(await rowOf(id)).toBe(row!.replace('n|i:1;', 'n|i:2;'));
    expect((await askPhp(id, `return $_SESSION['${key}'];`)).result).toEqual({ kept: 1, more: true });
  });

  test('is read, changed, deleted and made by ctx.phpSession.data', async () => {
    const id = await putBoth();
    const row = await rowOf(id);
    const read = await site.ask((ctx) => ctx.phpSession.data[key], { id });
    expect(read.value).toEqual({ kept: 1, more: true });
    await site.ask((ctx) => ((ctx.phpSession.data[key] as { kept: number }).kept = 2), { id });
    expect(await rowOf(id)).toBe(row!.replace('d:1;', 'd:2;'));
    await site.ask((ctx) => delete ctx.phpSession.data[key], { id });
    expect(await rowOf(id)).toBe('n|i:1;z|i:2;');
    await site.ask((ctx) => (ctx.phpSession.data[key] = 'new'), { id });
    expect(await rowOf(id)).toBe(`n|i:1;z|i:2;${key}|s:3:"new";`);
    expect((await askPhp(id, `return $_SESSION['${key}'];`)).result).toBe('new');
  });

  test('does not get in the way of what koa-session offers', async () => {
    const id = await putBoth();
    const { status, value } = await site.ask(
      async (ctx) => {
        const session = ctx.session!;
        const { isNew, length, populated, maxAge, externalKey } = session;
        await session.save();
        return [isNew, length, populated, maxAge, externalKey, session.toJSON(), JSON.stringify(session)];
      },
      { id },
    );
    expect(status).toBe(200);
    expect(value).toEqual([false, 2, true, 'session', id, { n: 1, z: 2 }, '{"n":1,"z":2}']);
  });
});

describe('on ctx.session', () => {
  test.each(hidden)('%s is a key like any other', async (key) => {
    const id = await written(`$_SESSION['${key}'] = ['a' => 1.0]`);
    const answer = await site.ask(
      (ctx) => {
        const map = ctx.session![key] as { a: number };
        const value = [key in ctx.session!, Object.keys(ctx.session!), map.a];
        map.a = 2;
        ctx.session!._new = 'x';
        return value;
      },
      { id },
    );
    expect(answer.value).toEqual([true, [key], 1]);
    expect(await rowOf(id)).toBe(`${key}|a:1:{s:1:"a";d:2;}_new|s:1:"x";`);
    await site.ask((ctx) => delete ctx.session![key], { id });
    expect(await rowOf(id)).toBe('_new|s:1:"x";');
  });

  const refused = reserved.filter((key) => !['isNew', 'maxAge'].includes(key) && !key.match(/^_[a-z]/));

  test.each(refused)('data under the name %s are refused, as they would be lost', async (key) => {
    const id = await written(`$_SESSION['n'] = 1; $_SESSION['${key}'] = 'PHP'`);
    const row = await rowOf(id);
    const handlers: Handler[] = [
      (ctx) => (ctx.session![key] = 'x'),
      (ctx) => (ctx.session = { a: 1, [key]: 'x' }),
      (ctx) => Object.assign(ctx.session!, { [key]: 'x' }),
      (ctx) => delete ctx.session![key],
    ];
    for (const handler of handlers) {
      const answer = await site.ask(handler, { id });
      expect(answer.status).toBe(500);
      expect(site.codes()).toEqual([
        expect.objectContaining({ message: expect.stringContaining('ctx.phpSession.data') }),
      ]);
      expect(await rowOf(id)).toBe(row);
    }
  });

  test.each(['_expire', '_maxAge', '_session', '_requireSave', 'isNew', 'maxAge'])(
    "koa-session's own %s never reaches PHP",
    async (key) => {
      const id = await written(`$_SESSION['n'] = 1`);
      await site.ask((ctx) => (ctx.session![key] = 5_000), { id });
      expect(await rowOf(id)).toBe('n|i:1;');
      await site.ask((ctx) => (ctx.session = { n: 2, [key]: 5_000 }), { id });
      expect(await rowOf(id)).toBe('n|i:2;');
      expect((await askPhp(id, 'return $_SESSION;')).result).toEqual({ n: 2 });
    },
  );

  test('a key may be defined, unless that hides it or the name is reserved; it cannot be frozen', async () => {
    const id = await written(`$_SESSION['n'] = 1`);
    const answer = await site.ask(
      (ctx) => {
        const data = { value: 2, writable: true, enumerable: true, configurable: true };
        Object.defineProperty(ctx.session, 'made', data);
        const attempts = [
          () => Object.defineProperty(ctx.session, 'got', { get: () => 1, configurable: true }),
          () => Object.defineProperty(ctx.session, 'length', data),
          () => Object.freeze(ctx.session),
        ];
        for (const attempt of attempts) expect(attempt).toThrow(TypeError);
      },
      { id },
    );
    expect(answer.status).toBe(200);
    expect(await rowOf(id)).toBe('n|i:1;made|i:2;');
  });

  test('assignment replaces all keys that can be in it, and keeps the types of those that stay', async () => {
    const id = await written(
      `$_SESSION = ['f' => 1.0, '_token' => 't', 'length' => 5, 'gone' => 1, 'map' => ['b' => 1.0, 10 => 2]]`,
    );
    await site.ask((ctx) => (ctx.session = { ...ctx.session!, gone: undefined, map: { b: 3, 10: 2 }, added: true }), {
      id,
    });
    expect(await rowOf(id)).toBe('f|d:1;_token|s:1:"t";length|i:5;map|a:2:{s:1:"b";d:3;i:10;i:2;}added|b:1;');
    await site.ask((ctx) => (ctx.session = {}), { id });
    expect(await rowOf(id)).toBe('length|i:5;');
  });

  test.each([
    [
      'itself',
      (ctx) => {
        // biome-ignore lint/correctness/noSelfAssign: it must not do anything
        ctx.session = ctx.session;
      },
    ],
    [
      'a copy',
      (ctx) => {
        ctx.session = { ...ctx.session! };
      },
    ],
    [
      'what was added and taken away',
      (ctx) => {
        ctx.session!.new = 1;
        delete ctx.session!.new;
      },
    ],
    ['save()', (ctx) => ctx.session!.save()],
    ['every value, looked at', (ctx) => Object.values(ctx.session!).length],
  ] as [string, Handler][])('%s changes no byte', async (_, handler) => {
    const id = await written(
      `class Cart { private $items = [1.0, 'a|b']; public $self; public $bytes = "\\xff\\x00"; }
       $cart = new Cart; $cart->self = $cart;
       $_SESSION = ['b' => ['b' => 1, 10 => 2.0, 9 => -0.0], 'int64' => PHP_INT_MAX, 'cart' => $cart, 'bytes' => "\\xff", '_f' => 1.0];
       $_SESSION['shared'] = &$_SESSION['b']`,
    );
    const row = await rowOf(id);
    const answer = await site.ask(handler, { id });
    expect(answer).toMatchObject({ status: 200, cookies: [] });
    expect(await rowOf(id)).toBe(row);
    expect(await php.age(table, id)).toBeLessThan(60);
  });
});

test('what JSON cannot say is read and written', async () => {
  const id = await written(
    `class Cart { private $n = 1.0; public $self; }
     $cart = new Cart; $cart->self = $cart;
     $_SESSION = ['big' => PHP_INT_MAX, 'bytes' => "\\xff\\x00", 'float' => 1.0, 'nan' => NAN, 'cart' => $cart, 'list' => [1, 2]];
     $_SESSION['alias'] = &$_SESSION['list']`,
  );
  const row = (await rowOf(id))!;
  const { value } = await site.ask(
    (ctx) => {
      const { big, bytes, cart, list, alias } = ctx.session! as never as {
        big: bigint;
        bytes: Uint8Array;
        cart: PhpObject;
        list: number[];
        alias: number[];
      };
      ctx.session!.big = big - 1n;
      bytes[1] = 1;
      ctx.session!.float = 2;
      cart.set('n', 3);
      list.push(3);
      return [String(big), [...bytes], cart instanceof PhpObject && cart.get('self') === cart, list === alias];
    },
    { id },
  );
  expect(value).toEqual(['9223372036854775807', [255, 1], true, true]);
  expect(await rowOf(id)).toBe(
    row
      .replace('i:9223372036854775807;', 'i:9223372036854775806;')
      .replace('\xff\x00', '\xff\x01')
      .replace('d:1;', 'd:2;')
      .replace('d:1;', 'd:3;')
      .replace('a:2:{i:0;i:1;i:1;i:2;}', 'a:3:{i:0;i:1;i:1;i:2;i:2;i:3;}'),
  );
  const answer = await askPhp(id, 'return [$_SESSION["big"], $_SESSION["float"], $_SESSION["alias"]];');
  expect(answer.result).toEqual([Number(9223372036854775806n), 2, [1, 2, 3]]);
});

test('a value that cannot be stored is an error with a path, and nothing is written', async () => {
  const id = await written(`$_SESSION['n'] = 1`);
  const answer = await site.ask((ctx) => Object.assign(ctx.session!, { n: 2, when: new Date() }), { id });
  expect(answer.status).toBe(500);
  expect(await rowOf(id)).toBe('n|i:1;');
  expect(site.errors).toEqual([expect.objectContaining({ path: ['when'] })]);
  expect(site.codes()).toEqual(['ERR_PHP_UNREPRESENTABLE']);
});

describe('the id', () => {
  test("is made as PHP makes it, and the cookie is PHP's", async () => {
    const answer = await site.ask((ctx) => {
      ctx.session!.user = 'Zoë';
      return [ctx.session!.isNew, ctx.session!.externalKey ?? null];
    });
    expect(answer.value).toEqual([true, null]);
    expect(answer.id).toMatch(/^[0-9a-f]{32}$/);
    expect(answer.cookies).toEqual([`PHPSESSID=${answer.id}; path=/`]);
    expect(answer.headers.get('cache-control')).toBe('no-store, no-cache, must-revalidate');
    expect(await askPhp(answer.id!, 'return $_SESSION["user"];')).toMatchObject({ result: 'Zoë', cookie: undefined });
    const again = await site.ask((ctx) => [ctx.session!.externalKey, ctx.phpSession.id, ctx.session!.isNew], answer);
    expect(again).toMatchObject({ value: [answer.id, answer.id, false], cookies: [] });
  });

  test('has the attributes that php.ini has for it', async () => {
    const other = await KoaSessionSite.start({
      ...{ store: storeOf(table), name: 'SID', cookiePath: '/app', cookieHttponly: true, cookieSamesite: 'Lax' },
      ...{ sidLength: 40, sidBitsPerCharacter: 6 },
    });
    const { cookies } = await other.ask((ctx) => (ctx.session!.a = 1));
    expect(cookies).toEqual([expect.stringMatching(/^SID=[\w%-]{40,}; path=\/app; HttpOnly; SameSite=Lax$/)]);
    await other.stop();
  });

  test('regenerate() gives a new one, to the same bytes, in one transaction', async () => {
    const id = await written(`$_SESSION = ['_token' => 'x', 'f' => 1.0, 'length' => 1]`);
    const row = await rowOf(id);
    const answer = await site.ask(
      async (ctx) => {
        await ctx.session!.regenerate();
        // Not committed yet: a read finds the old session, or waits for the commit.
        return [await rowOf(id), ctx.session!.externalKey];
      },
      { id },
    );
    expect(answer.value).toEqual([row, answer.id]);
    expect(answer.id).not.toBe(id);
    expect(answer.cookies).toEqual([`PHPSESSID=${answer.id}; path=/`]);
    expect(await rowOf(id)).toBe('');
    expect(await rowOf(answer.id!)).toBe(row);
  });

  test('changes with callbacks too, as passport uses them', async () => {
    const id = await written(`$_SESSION = ['n' => 1]`);
    const answer = await site.ask(
      (ctx) =>
        new Promise((resolve, reject) => {
          ctx.session!.regenerate((error) => {
            if (error) return reject(error);
            ctx.session!.passport = { user: 'alice' };
            ctx.session!.save((failure) => (failure ? reject(failure) : resolve('saved')));
          });
        }),
      { id },
    );
    expect(answer.value).toBe('saved');
    expect(await rowOf(id)).toBe('');
    expect(await rowOf(answer.id!)).toBe('n|i:1;passport|a:1:{s:4:"user";s:5:"alice";}');
  });

  test('useStrictMode: one that is not known is replaced; without, it is adopted, as in PHP', async () => {
    const strict = await KoaSessionSite.start({ store: storeOf(table), useStrictMode: true });
    const id = 'f'.repeat(32);
    const replaced = await strict.ask((ctx) => (ctx.session!.a = 1), { id });
    expect(replaced.id).toMatch(/^[0-9a-f]{32}$/);
    expect(replaced.id).not.toBe(id);
    expect(await rowOf(id)).toBeUndefined();
    const adopted = await site.ask((ctx) => (ctx.session!.a = 1), { id });
    expect(adopted.cookies).toEqual([]);
    expect(await rowOf(id)).toBe('a|i:1;');
    await strict.stop();
  });

  test("a signature, and a cookie of koa-session's, are not asked for", async () => {
    const id = await written(`$_SESSION = ['n' => 1]`);
    const { value, cookies } = await site.ask((ctx) => ctx.session!.n, { cookie: `koa.sess=x; PHPSESSID=${id}` });
    expect([value, cookies]).toEqual([1, []]);
  });
});
