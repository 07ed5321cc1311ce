import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ClassMapping } from '../../src/codec/index.ts';
import { binaryTable, type Harness, startHarness } from '../php/harness.ts';
import { Site, storeOf } from './koa-helpers.ts';
import { KoaSessionSite } from './koa-session-site.ts';

/** Objects of a PHP class that are instances in Node, in one session with real PHP. */
const table = binaryTable();
let php: Harness;

beforeAll(async () => {
  php = await startHarness([table]);
});

afterAll(async () => {
  await php.stop();
});

class Cart {
  items: string[];
  constructor(items: string[]) {
    this.items = items;
  }
}

const cart: ClassMapping<Cart> = {
  className: 'Shop\\Cart',
  class: Cart,
  fromPhp: (object) => new Cart(object.get('items') as string[]),
  toPhp: ({ items }, object) => {
    if (items.includes('broken')) throw new RangeError('not for sale');
    object.set('items', items);
  },
};

const declare = `eval('namespace Shop; class Cart {
  private $items;
  function __construct(array $items) { $this->items = $items; }
  function add(string $item): array { $this->items[] = $item; return $this->items; }
}');`;

test.each([
  ['phpSession', Site],
  ['phpKoaSession', KoaSessionSite],
] as const)('%s: an instance in Node is an object in PHP', async (_name, { start }) => {
  const site = await (start as typeof Site.start)({ store: storeOf(table), classes: [cart] });
  const first = await site.ask((ctx) => {
    ctx.session.cart = new Cart(['tea']);
  });
  const ask = (code: string) =>
    php.ask({ driver: 'pdo', table, id: first.id! }, `${declare} $handler->start(); ${code}`);
  expect((await ask('return $_SESSION["cart"]->add("cup");')).result).toEqual(['tea', 'cup']);

  const second = await site.ask((ctx) => {
    const { items } = ctx.session.cart as Cart;
    items.push('spoon');
    return items;
  }, first);
  expect(second.value).toEqual(['tea', 'cup', 'spoon']);
  expect((await ask('return $_SESSION["cart"]->add("pot");')).result).toEqual(['tea', 'cup', 'spoon', 'pot']);

  // What the mapping throws is an error of the request: nothing is written, and the lock is free again.
  const third = await site.ask((ctx) => {
    (ctx.session.cart as Cart).items.push('broken');
  }, first);
  expect([third.status, site.errors.splice(0)]).toEqual([500, [new RangeError('not for sale')]]);
  expect((await ask('return $_SESSION["cart"]->add("jug");')).result).toEqual(['tea', 'cup', 'spoon', 'pot', 'jug']);
  await site.stop();
});
