import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { msgpack } from '../../src/codec/msgpack/index.ts';
import { checkTable } from '../../src/mysql.ts';
import { binaryTable, type Harness, startHarness } from '../php/harness.ts';
import { Site, storeOf } from './koa-helpers.ts';
import { testServer } from './mysql-store-helpers.ts';

/** Node and PHP on one session, with the `session.serialize_handler` of PHP's extension msgpack. */
const table = binaryTable();
const ini = { 'session.serialize_handler': 'msgpack' };
const classes = `class Cart { private $items = []; public function __serialize(): array { return $this->items; }
  public function __unserialize(array $items): void { $this->items = $items; } public function add($item) { $this->items[] = $item; } }`;

let php: Harness;
beforeAll(async () => {
  php = await startHarness([table]);
});
afterAll(() => php.stop());

const inPhp = async (id: string | undefined, code: string) =>
  (await php.ask({ driver: 'pdo', table, id: id!, ini }, `${classes} $handler->start(); ${code}`)).result;
const row = async (id: string | undefined) => Buffer.from((await php.row(table, id!))!, 'latin1').toString('hex');

describe.each(['exclusive', 'merge'] as const)('in the mode %s', (mode) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.start({ store: storeOf(table), serializeHandler: msgpack(), mode });
  });
  afterAll(async () => {
    expect(site.codes()).toEqual([]);
    await site.stop();
  });

  test('a login in Node is one in PHP, and back', async () => {
    const visitor = await site.ask((ctx) => {
      ctx.session.user = { name: 'Zoë', id: 7 };
      ctx.session.rate = 0.5;
    });
    const written = await row(visitor.id);
    expect(written).toMatch(/^83c001a475736572/);
    expect(await inPhp(visitor.id, 'return $_SESSION["user"];')).toEqual({ name: 'Zoë', id: 7 });
    // A request of PHP that changes nothing leaves the bytes: PHP would write the same.
    expect(await row(visitor.id)).toBe(written);
    expect(await inPhp(visitor.id, 'return bin2hex(session_encode());')).toBe(written);

    const cart = await inPhp(
      visitor.id,
      '$_SESSION["cart"] = new Cart; $_SESSION["cart"]->add("tea"); $_SESSION["list"] = [1]; $_SESSION["same"] = &$_SESSION["list"]; return 1;',
    );
    expect(cart).toBe(1);
    const changed = await site.ask((ctx) => {
      ctx.session.count = 1;
      (ctx.session.list as number[]).push(2);
      return ctx.session;
    }, visitor);
    expect(changed.value).toMatchObject({ rate: 0.5, list: [1, 2], same: [1, 2], count: 1 });
    const seen = await inPhp(
      visitor.id,
      '$_SESSION["cart"]->add("milk"); $_SESSION["same"][] = 3; return [get_class($_SESSION["cart"]), $_SESSION["cart"]->__serialize(), $_SESSION["list"]];',
    );
    expect(seen).toEqual(['Cart', ['tea', 'milk'], [1, 2, 3]]);
  });

  test('a logout in Node is one in PHP', async () => {
    const visitor = await site.ask((ctx) => (ctx.session.user = 'Zoë'));
    expect((await site.ask((ctx) => ctx.phpSession.destroy(), visitor)).id).toBe('deleted');
    expect(await inPhp(visitor.id, 'return $_SESSION;')).toEqual([]);
  });

  test('what PHP writes for a session with nothing in it is empty for Node', async () => {
    const visitor = await site.ask((ctx) => (ctx.session.user = 'Zoë'));
    await inPhp(visitor.id, '$_SESSION = []; return 1;');
    expect(await site.ask((ctx) => ctx.session, visitor)).toMatchObject({ status: 200, value: {} });
  });

  test('a change of PHP meanwhile', async () => {
    const visitor = await site.ask((ctx) => (ctx.session.user = 'Zoë'));
    await inPhp(visitor.id, '$_SESSION["cart"] = new Cart; return 1;');
    const add = () => inPhp(visitor.id, '$_SESSION["cart"]->add("tea"); return 1;');
    if (mode === 'exclusive') await add();
    const { status } = await site.ask(async (ctx) => {
      ctx.session.count = 1;
      if (mode === 'merge') await add();
    }, visitor);
    expect(status).toBe(200);
    const seen = await inPhp(
      visitor.id,
      'return [$_SESSION["cart"]->__serialize(), $_SESSION["count"], $_SESSION["user"]];',
    );
    expect(seen).toEqual([['tea'], 1, 'Zoë']);
  });
});

test('checkTable() knows its rows, and reports those of other formats', async () => {
  const check = { connection: testServer(), table: `test.${table.name}`, columns: { time: 'usetime' } };
  const codes = async (serializeHandler: ReturnType<typeof msgpack> | undefined) =>
    (await checkTable({ ...check, ...(serializeHandler && { serializeHandler }) })).map(({ code }) => code);
  await php.put(table, 'a'.repeat(32), Buffer.from('82c001a16e01', 'hex').toString('latin1'));
  expect(await codes(msgpack())).not.toContain('data-encoding');
  expect(await codes(undefined)).toContain('data-encoding');
});
