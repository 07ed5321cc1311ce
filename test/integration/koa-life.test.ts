import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { articleTable, binaryTable, type Harness, startHarness } from '../php/harness.ts';
import { Site, storeOf } from './koa-helpers.ts';
import { Relay } from './mysql-relay.ts';
import { testServer } from './mysql-store-helpers.ts';

/** What a session of Node and PHP goes through when nothing goes wrong. */
const tables = [articleTable(), binaryTable()];
const newId = () => randomBytes(16).toString('hex');
let php: Harness;

beforeAll(async () => {
  php = await startHarness(tables);
});

afterAll(async () => {
  await php.stop();
});

test('a request without a cookie costs the database nothing', async () => {
  const nobody = storeOf(binaryTable(), { connection: { host: '127.0.0.1', port: 1 } });
  const site = await Site.start({ store: nobody });
  const ignoring = await site.ask(() => 'ok');
  expect(ignoring).toMatchObject({ status: 200, value: 'ok' });
  expect(ignoring.headers['set-cookie']).toBeUndefined();
  expect(ignoring.headers['cache-control']).toBeUndefined();

  const reading = await site.ask((ctx) => [ctx.session.user ?? null, ctx.phpSession.id ?? null]);
  expect(reading).toMatchObject({ status: 200, value: [null, null] });
  expect(reading.headers['set-cookie']).toBeUndefined();
  expect(reading.headers['cache-control']).toBe('no-store, no-cache, must-revalidate');

  const undecided = await site.ask((ctx) => {
    ctx.session.a = 1;
    delete ctx.session.a;
    ctx.session = { b: 1 };
    ctx.session = {};
  });
  expect(undecided.headers['set-cookie']).toBeUndefined();
  expect(undecided.status).toBe(200);
  // That the database would have been missed:
  expect((await site.ask((ctx) => (ctx.session.a = 1))).status).toBe(503);
  await site.stop();
});

describe.each(tables)('$title', (table) => {
  let site: Site;
  const askPhp = (id: string, code: string) => php.ask({ driver: 'pdo', table, id }, `$handler->start(); ${code}`);
  const put = async (data: string) => {
    const id = newId();
    await php.put(table, id, data, 1_000);
    return id;
  };

  beforeAll(async () => {
    site = await Site.start({ store: storeOf(table) });
  });

  afterAll(async () => {
    await site.stop();
  });

  afterEach(() => {
    expect(site.codes()).toEqual([]);
    expect(site.gone).toBe(0);
  });

  test('what is stored first makes a session, which PHP reads with the same cookie', async () => {
    const before = await php.count(table);
    const first = await site.ask((ctx) => {
      ctx.session.user = 'Zoë';
      ctx.session.list = [1, 2.5];
    });
    expect(first.id).toMatch(/^[0-9a-f]{32}$/);
    expect(first.headers['set-cookie']).toEqual([`PHPSESSID=${first.id}; path=/`]);
    expect(first.headers['cache-control']).toBe('no-store, no-cache, must-revalidate');
    expect(await php.count(table)).toBe(before + 1);
    const answer = await askPhp(first.id!, '$_SESSION["list"][] = "from PHP"; return $_SESSION["user"];');
    expect(answer).toMatchObject({ result: 'Zoë', cookie: undefined });
    const again = await site.ask((ctx) => [ctx.session, ctx.phpSession.id], first);
    expect(again.value).toEqual([{ user: 'Zoë', list: [1, 2.5, 'from PHP'] }, first.id]);
    expect(again.headers['set-cookie']).toBeUndefined();
  });

  test('assignment makes a session too, with the headers that keep it out of caches', async () => {
    const answer = await site.ask((ctx) => {
      ctx.session = { user: 'alice' };
    });
    expect(await php.row(table, answer.id!)).toBe('user|s:5:"alice";');
    expect(answer.headers['cache-control']).toBe('no-store, no-cache, must-revalidate');
  });

  const foreign = 'o|O:3:"Foo":1:{s:6:"\0Foo\0p";d:1.0;}list|a:2:{s:1:"b";i:1;i:10;a:1:{i:0;i:0;}}';

  test.each([
    ['is not looked at', () => undefined],
    ['is looked at', (ctx) => JSON.stringify(ctx.session)],
    [
      'is changed and changed back',
      (ctx) => {
        ctx.session.n = 1;
        delete ctx.session.n;
      },
    ],
    [
      'is assigned to itself',
      (ctx) => {
        // biome-ignore lint/correctness/noSelfAssign: it must not do anything
        ctx.session = ctx.session;
      },
    ],
  ] as [string, (ctx: { session: Record<string, unknown> }) => unknown][])(
    'a session that %s is touched, and its bytes stay',
    async (_, handler) => {
      const id = await put(foreign);
      const answer = await site.ask(handler as never, { id });
      expect(answer.status).toBe(200);
      expect(answer.headers['set-cookie']).toBeUndefined();
      expect(await php.row(table, id)).toBe(foreign);
      expect(await php.age(table, id)).toBeLessThan(60);
    },
  );

  test('data that did not change are not sent', async () => {
    const relay = await Relay.start(testServer());
    const connection = { ...testServer(), port: relay.port, database: 'test' };
    const quiet = await Site.start({ store: storeOf(table, { connection }) });
    const id = await put('secret|s:6:"marker";n|i:1;');
    await quiet.ask((ctx) => ctx.session.secret, { id });
    expect(relay.said.join('')).toContain(id);
    const marker = /marker|6d61726b6572/; // bytes may be sent as hex
    expect(relay.said.join('')).not.toMatch(marker);
    await quiet.ask((ctx) => Object.assign(ctx.session, { n: 2 }), { id });
    expect(relay.said.join('')).toMatch(marker);
    await quiet.stop();
    await relay.stop();
  });

  test('one key that changes leaves all other bytes as PHP wrote them', async () => {
    const { cookie: id } = await php.ask(
      { driver: 'mysqli', table },
      `class Cart { private $items = [1.0, 'a|b']; protected $owner = "\\xff"; public $at; }
       $handler->start();
       $_SESSION['before'] = ['b' => 1, 10 => 2.0, 9 => -0.0];
       $_SESSION['n'] = 1;
       $_SESSION['cart'] = new Cart;
       $_SESSION['cart']->at = &$_SESSION['before']['b'];
       return true;`.replace('"\\xff"', table === tables[0] ? '"x"' : '"\\xff"'),
    );
    const before = await php.row(table, id!);
    expect(before).toContain('n|i:1;');
    await site.ask((ctx) => (ctx.session.n = 2), { id });
    expect(await php.row(table, id!)).toBe(before!.replace('n|i:1;', 'n|i:2;'));
    expect((await askPhp(id!, 'return [$_SESSION["n"], get_class($_SESSION["cart"])];')).result).toEqual([
      2,
      '__PHP_Incomplete_Class',
    ]);
  });

  test('a change deep inside is a change', async () => {
    const id = await put('a|a:1:{s:1:"b";a:1:{s:1:"c";i:1;}}z|b:1;');
    await site.ask((ctx) => ((ctx.session.a as { b: { c: number } }).b.c = 2), { id });
    expect(await php.row(table, id)).toBe('a|a:1:{s:1:"b";a:1:{s:1:"c";i:2;}}z|b:1;');
  });

  test('assignment replaces everything, and keeps the types of what stays', async () => {
    const id = await put('f|d:1;gone|i:1;list|a:1:{i:0;i:1;}');
    await site.ask((ctx) => (ctx.session = { ...ctx.session, gone: undefined, list: [1, 2], added: true }), { id });
    expect(await php.row(table, id)).toBe('f|d:1;list|a:2:{i:0;i:1;i:1;i:2;}added|b:1;');
  });

  test.each([
    [
      'deleting each key',
      (ctx) => {
        for (const key of Object.keys(ctx.session)) delete ctx.session[key];
      },
    ],
    [
      'assigning {}',
      (ctx) => {
        ctx.session = {};
      },
    ],
  ] as [string, (ctx: { session: Record<string, unknown> }) => void][])('%s empties the row', async (_, handler) => {
    const id = await put('a|i:1;b|i:2;');
    const answer = await site.ask(handler as never, { id });
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(await php.row(table, id)).toBe('');
    expect((await askPhp(id, 'return $_SESSION;')).result).toEqual([]);
    // An empty row is a session like any other.
    await site.ask((ctx) => (ctx.session.c = 3), { id });
    expect(await php.row(table, id)).toBe('c|i:3;');
  });

  test.each(['__proto__', 'constructor', 'toString', 'then', 'length'])('%s is a key like any other', async (key) => {
    const id = await put(`${key}|s:1:"x";`);
    const answer = await site.ask(
      (ctx) => {
        const value = [ctx.session[key], Object.keys(ctx.session)];
        ctx.session[key] = 'y';
        return value;
      },
      { id },
    );
    expect(answer.value).toEqual(['x', [key]]);
    expect(await php.row(table, id)).toBe(`${key}|s:1:"y";`);
  });

  test('lazyWrite: false writes each time, as PHP does, but no row for an empty session', async () => {
    const eager = await Site.start({ store: storeOf(table), lazyWrite: false });
    const [id, none] = [await put('a|i:1;'), newId()];
    await eager.ask(undefined, { id });
    expect(await php.row(table, id)).toBe('a|i:1;');
    expect(await php.age(table, id)).toBeLessThan(60);
    await eager.ask(undefined, { id: none });
    expect(await php.row(table, none)).toBeUndefined();
    await eager.stop();
  });
});
