import { describe, expect, test } from '@jest/globals';
import {
  type ClassMapping,
  type ClassOption,
  decodeSession,
  encodeSession,
  PhpObject,
  serialize,
  unserialize,
} from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';
import { failure } from './helpers.ts';

// biome-ignore lint/suspicious/noExplicitAny: sessions are of any shape here
type Any = any;

class Cart {
  items: unknown;
  total: number;
  constructor(items: unknown, total: number) {
    this.items = items;
    this.total = total;
  }
}

const cart: ClassMapping<Cart> = {
  className: 'App\\Cart',
  class: Cart,
  fromPhp: (object) => new Cart(object.get('items'), object.get('total') as number),
  toPhp: (cart, object) => object.set('items', cart.items).set('total', cart.total),
};

class Node {
  next: unknown;
}

const node: ClassMapping<Node> = {
  className: 'Node',
  class: Node,
  fromPhp: (object) => Object.assign(new Node(), { next: object.get('next') }),
  toPhp: (node, object) => object.set('next', node.next),
};

const read = (data: string, classes: ClassOption = [cart, node]): Any => decodeSession(latin1Bytes(data), { classes });
const written = (session: object, classes: ClassOption = [cart, node]) =>
  latin1Text(encodeSession(session, { classes }));

/** Reads a session, looks at everything, lets it be changed, and writes it. */
function changed(data: string, change: (session: Any) => void = () => {}, classes: ClassOption = [cart, node]): string {
  const session = read(data, classes);
  Object.values(session);
  change(session);
  return written(session, classes);
}

// A parent's private property, an order of its own, a property that the mapping does not know.
const data =
  'c|O:8:"App\\Cart":4:{s:8:"\0*\0total";d:12;s:10:"\0Base\0note";s:1:"n";s:5:"items";a:1:{i:0;d:1;}s:5:"extra";i:1;}';

describe('reading', () => {
  test('objects of a mapped class are instances, all others are PhpObjects', () => {
    const session = read(`${data}o|O:5:"Other":1:{s:1:"c";O:8:"App\\Cart":1:{s:5:"total";i:3;}}`);
    expect(session.c).toBeInstanceOf(Cart);
    expect(session.c).toEqual(new Cart([1], 12));
    expect(session.o).toBeInstanceOf(PhpObject);
    expect(session.o.get('c')).toEqual(new Cart(undefined, 3));
    expect(session.c).toBe(session.c);
  });

  test('PHP does not tell case in names of classes, and the case that stood there is written', () => {
    const odd = data.replace('App\\Cart', 'aPP\\cart');
    expect(read(odd).c).toBeInstanceOf(Cart);
    expect(changed(odd)).toBe(odd);
    expect(changed(odd, (session) => Object.assign(session.c, { total: 13 }))).toBe(odd.replace('d:12', 'd:13'));
    // Only ASCII: É and é are two names.
    const named = (className: string): ClassMapping<Cart> => ({ ...cart, className });
    expect(read('c|O:2:"\xc3\x89":0:{}', [named('é')]).c).toBeInstanceOf(PhpObject);
    expect(read('c|O:2:"\xc3\x89":0:{}', [named('É')]).c).toBeInstanceOf(Cart);
  });

  test('a subclass of PHP is another class', () => {
    expect(read('c|O:11:"App\\BigCart":0:{}').c).toBeInstanceOf(PhpObject);
  });

  test('the exact view, C: and E: know no mappings', () => {
    const exact = decodeSession(latin1Bytes(data), { view: 'exact', classes: [cart] });
    expect(exact.get('c')).toBeInstanceOf(PhpObject);
    const others = 'a|C:8:"App\\Cart":0:{}b|E:10:"App\\Cart:A";';
    expect(read(others).a).not.toBeInstanceOf(Cart);
    expect(changed(others)).toBe(others);
  });

  test('fromPhp may leave an object as it is', () => {
    const picky: ClassMapping<Cart> = {
      ...cart,
      fromPhp: (object) => (object.has('items') ? cart.fromPhp(object) : object),
    };
    const both = `${data}d|O:8:"App\\Cart":1:{s:3:"old";i:1;}`;
    const session = read(both, [picky]);
    expect([session.c.constructor, session.d.constructor]).toEqual([Cart, PhpObject]);
    session.d.set('old', 2);
    expect(written(session, [picky])).toBe(both.replace('"old";i:1', '"old";i:2'));
  });

  test('fromPhp runs when the value is looked at, and what it throws comes out there', () => {
    const broken: ClassMapping<Cart> = {
      ...cart,
      fromPhp: () => {
        throw new RangeError('mine');
      },
    };
    for (const other of ['i:1;', 'R:1;']) {
      const session = read(`a|i:1;${data}b|${other}`, [broken]);
      expect(() => session.c).toThrow(new RangeError('mine'));
      expect(() => session.c).toThrow(RangeError);
    }
    // Data that cannot be read are copied all the same.
    const session = read(`a|i:1;${data}`, [broken]);
    expect(() => session.c).toThrow('mine');
    session.a = 2;
    expect(written(session, [broken])).toBe(`a|i:2;${data}`);
  });

  test('an instance that is none, or that was given before, is a mistake', () => {
    const one = new Cart(1, 2);
    const two = `${data}d|O:8:"App\\Cart":0:{}`;
    const given = (value: unknown): ClassMapping => ({ ...cart, fromPhp: () => value as Cart });
    for (const wrong of [undefined, null, 'x', {}, new Node(), new PhpObject('App\\Cart')]) {
      expect(() => read(two, [given(wrong)]).c).toThrow('fromPhp of App\\Cart must return an instance of its class');
    }
    expect(() => Object.values(read(two, [given(one)]))).toThrow('fromPhp of App\\Cart must return a new instance');
    // Not in another session either: it holds what was read in its own.
    expect(() => read(two, [given(one)]).d).toThrow(TypeError);
  });
});

describe('writing what was read', () => {
  test('a frozen instance, too', () => {
    const freezing: ClassMapping<Cart> = { ...cart, fromPhp: (object) => Object.freeze(cart.fromPhp(object)) as Cart };
    expect(changed(data, undefined, [freezing])).toBe(data);
    expect(changed(data, (session) => Object.assign(session, { v: session.c }), [freezing])).toBe(`${data}v|r:1;`);
  });

  test('an instance that did not change is written as it stood', () => {
    expect(changed(data)).toBe(data);
    expect(changed(`n|i:1;${data}`, (session) => session.n++)).toBe(`n|i:2;${data}`);
  });

  test('a change leaves all else as it stood: order, visibility, floats, what the mapping does not know', () => {
    const after = changed(data, ({ c }) => {
      c.total = 13;
      c.items.push(2);
    });
    expect(after).toBe(data.replace('d:12', 'd:13').replace('a:1:{i:0;d:1;}', 'a:2:{i:0;d:1;i:1;d:2;}'));
  });

  test('what toPhp deletes from one copy is there in the next', () => {
    const forgetful: ClassMapping<Cart> = {
      ...cart,
      toPhp: (cart, object) => {
        if (cart.total > 0) object.set('total', cart.total);
        else object.delete('total');
      },
    };
    const session = read(data, [forgetful]);
    session.c.total = 0;
    expect(written(session, [forgetful])).toBe(
      data.replace('s:8:"\0*\0total";d:12;', '').replace('Cart":4', 'Cart":3'),
    );
    session.c.total = 12;
    expect(written(session, [forgetful])).toBe(data);
  });

  test('the mappings that a session was read with are those that it is written with', () => {
    const session = read(data);
    session.c.total = 1;
    expect(latin1Text(encodeSession(session))).toBe(data.replace('d:12', 'd:1'));
    const error = failure(() => encodeSession(session, { classes: [] }));
    expect([error.code, error.path]).toEqual(['ERR_PHP_UNREPRESENTABLE', ['c']]);
  });

  test('an instance may move to another place, another session, or stand alone', () => {
    const from = read(`${data}x|O:5:"Other":0:{}`);
    const value = data.slice(2);
    expect(latin1Text(serialize(from.c))).toBe(value);
    expect(latin1Text(serialize([from.c], { classes: [cart] }))).toBe(`a:1:{i:0;${value}}`);
    expect(written({ moved: from.c })).toBe(`moved|${value}`);
    expect(changed('a|a:0:{}', (session) => session.a.push(from.c))).toBe(`a|a:1:{i:0;${value}}`);
    // What is inside it must be registered there, or have been read there.
    from.c.items.push(from.x);
    expect(failure(() => written({ moved: from.c }))).toMatchObject({
      code: 'ERR_PHP_CLASS',
      path: ['moved', 'items', '1'],
    });
  });

  test('a copy is a new instance', () => {
    const session = read(data);
    session.c = Object.assign(new Cart(0, 0), session.c);
    expect(written(session)).toBe('c|O:8:"App\\Cart":2:{s:5:"items";a:1:{i:0;d:1;}s:5:"total";i:12;}');
  });

  test('a single value', () => {
    const value = data.slice(2);
    const one = unserialize<Cart>(latin1Bytes(value), { classes: [cart] });
    expect(one).toBeInstanceOf(Cart);
    expect(latin1Text(serialize(one))).toBe(value);
    one.total = 5;
    expect(latin1Text(serialize(one))).toBe(value.replace('d:12', 'd:5'));
  });

  test('a plain object does not take its place', () => {
    const error = failure(() => changed(data, (session) => Object.assign(session, { c: { ...session.c } })));
    expect([error.code, error.path]).toEqual(['ERR_PHP_TYPE_CHANGED', ['c']]);
  });
});

describe('writing what is new', () => {
  test('under the name of the mapping', () => {
    expect(written({ c: new Cart(['x'], 1.5) })).toBe(
      'c|O:8:"App\\Cart":2:{s:5:"items";a:1:{i:0;s:1:"x";}s:5:"total";d:1.5;}',
    );
  });

  test('by the first mapping of its class; what was read by the one that read it', () => {
    const old: ClassMapping<Cart> = { ...cart, className: 'OldCart' };
    const classes = [cart, old];
    const session = read('c|O:7:"OldCart":1:{s:5:"total";i:1;}', classes);
    session.c.total = 2;
    session.d = new Cart(null, 3);
    expect(written(session, classes)).toBe(
      'c|O:7:"OldCart":1:{s:5:"total";i:2;}d|O:8:"App\\Cart":2:{s:5:"items";N;s:5:"total";i:3;}',
    );
  });

  test('an instance of a class that has no mapping is an error that says so', () => {
    class BigCart extends Cart {}
    for (const value of [new BigCart(1, 2), new (class Other {})()]) {
      const error = failure(() => written({ a: { b: value } }));
      expect([error.code, error.path]).toEqual(['ERR_PHP_UNREPRESENTABLE', ['a', 'b']]);
      expect(error.message).toMatch(/^An instance of (BigCart|Other), .*`classes`.* cannot be written/);
    }
  });

  test('one that fromPhp made of a subclass is written by the mapping that made it', () => {
    class BigCart extends Cart {}
    const factory = { ...cart, fromPhp: () => new BigCart([], 7) };
    expect(changed('c|O:8:"App\\Cart":1:{s:5:"total";i:1;}', undefined, [factory])).toBe(
      'c|O:8:"App\\Cart":2:{s:5:"total";i:7;s:5:"items";a:0:{}}',
    );
  });

  test('a class that extends PhpObject is one, unless it has a mapping', () => {
    class Row extends PhpObject {}
    const row = new Row('Row', [['a', 1]]);
    expect(written({ row }, ['Row'])).toBe('row|O:3:"Row":1:{s:1:"a";i:1;}');
    const mapping: ClassMapping<Row> = {
      className: 'Table',
      class: Row,
      fromPhp: (object) => new Row(object.className, object.properties),
      toPhp: (row, object) => {
        for (const [key, value] of row.properties) object.properties.set(key, value);
      },
    };
    expect(written({ row }, [mapping])).toBe('row|O:5:"Table":1:{s:1:"a";i:1;}');
    expect(changed('t|O:5:"Table":1:{s:1:"a";d:1;}', ({ t }) => t.set('b', 2), [mapping])).toBe(
      't|O:5:"Table":2:{s:1:"a";d:1;s:1:"b";i:2;}',
    );
  });

  test('registers the name, also for a PhpObject', () => {
    expect(written({ c: new PhpObject('app\\cart') })).toBe('c|O:8:"app\\cart":0:{}');
    expect(failure(() => written({ c: new PhpObject('Cart') })).code).toBe('ERR_PHP_CLASS');
  });

  test('what toPhp throws comes out of the call that writes', () => {
    const broken: ClassMapping<Cart> = {
      ...cart,
      toPhp: () => {
        throw new RangeError('mine');
      },
    };
    expect(() => written({ c: new Cart(1, 2) }, [broken])).toThrow(new RangeError('mine'));
  });

  test('toPhp gives its object and nothing else', () => {
    for (const wrong of [{ total: 1 }, new PhpObject('App\\Cart'), [['total', 1]], Promise.resolve(), null]) {
      const mapping: ClassMapping<Cart> = { ...cart, toPhp: () => wrong };
      expect(() => written({ c: new Cart(1, 2) }, [mapping])).toThrow('toPhp of App\\Cart must set the properties');
    }
  });

  test('errors inside an instance have a path', () => {
    const error = failure(() => written({ c: new Cart([1, () => 1], 1) }));
    expect([error.code, error.path]).toEqual(['ERR_PHP_UNREPRESENTABLE', ['c', 'items', '1']]);
  });
});

describe('one instance in many places', () => {
  const shared = 'a|O:8:"App\\Cart":1:{s:5:"total";d:1;}b|a:1:{i:0;r:1;}c|R:1;';

  test('is one instance, and one object again', () => {
    const session = read(shared);
    expect(session.a).toBeInstanceOf(Cart);
    expect(session.b[0]).toBe(session.a);
    expect(session.c).toBe(session.a);
    expect(changed(shared)).toBe(shared);
    expect(changed(shared, ({ b }) => Object.assign(b[0], { total: 2 }))).toBe(shared.replace('d:1', 'd:2'));
  });

  test('becomes one object where it was put into a second place', () => {
    expect(changed('n|i:1;' + data, (session) => Object.assign(session, { n: [session.c, session.c] }))).toBe(
      `n|a:2:{i:0;${data.slice(2)}i:1;r:2;}c|r:2;`,
    );
    const one = new Cart(null, 1);
    expect(written({ a: one, b: one })).toMatch(/b\|r:1;$/);
  });

  test('a reference to a property, from outside and to outside', () => {
    const data = 'a|O:8:"App\\Cart":2:{s:5:"total";d:1;s:5:"items";a:1:{i:0;i:5;}}b|R:2;c|R:4;d|R:3;';
    expect(changed(data)).toBe(data);
    expect(changed(data, (session) => Object.assign(session, { b: 2 }))).toBe(data.replace('d:1', 'd:2'));
    expect(changed(data, ({ a }) => Object.assign(a, { total: 3 }))).toBe(data.replace('d:1', 'd:3'));
    expect(changed(data, ({ d }) => d.push(6))).toBe(data.replace('a:1:{i:0;i:5;}', 'a:2:{i:0;i:5;i:1;i:6;}'));
    expect(
      changed(`z|i:1;${data.replace('R:2', 'R:3').replace('R:4', 'R:5').replace('d|R:3', 'd|R:4')}`, (session) => {
        delete session.z;
      }),
    ).toBe(data);
  });

  test('in a list with references, if another element changes', () => {
    const data = 'a|a:3:{i:0;O:4:"Node":1:{s:4:"next";N;}i:1;i:1;i:2;R:4;}';
    expect(
      changed(data, ({ a }) => {
        a[1] = 2;
      }),
    ).toBe(data.replace('i:1;i:1;', 'i:1;i:2;'));
  });

  test('cycles: inside fromPhp the PhpObject, afterwards the instance', () => {
    const seen: unknown[] = [];
    const watching: ClassMapping<Node> = {
      ...node,
      fromPhp(object) {
        seen.push((object.get('next') as Any[])?.[0] === object);
        return node.fromPhp(object);
      },
    };
    const cycle = 'n|O:4:"Node":1:{s:4:"next";a:2:{i:0;r:1;s:1:"k";O:5:"Other":1:{s:2:"up";r:1;}}}';
    const session = read(cycle, [watching]);
    expect(session.n).toBeInstanceOf(Node);
    expect(seen).toEqual([true]);
    expect(session.n.next[0]).toBe(session.n);
    expect(session.n.next.k.get('up')).toBe(session.n);
    expect(written(session, [watching])).toBe(cycle);
  });

  test('cycles: what fromPhp took while they were open is the instance when it is written', () => {
    // The instance keeps the PhpObject that its own property held.
    for (const cycle of ['n|O:4:"Node":1:{s:4:"next";r:1;}', 'n|O:4:"Node":1:{s:4:"next";R:1;}']) {
      const session = read(cycle);
      expect(session.n).toBeInstanceOf(Node);
      expect(session.n.next).toBeInstanceOf(PhpObject);
      expect(written(session)).toBe(cycle);
    }
    const two = 'n|O:4:"Node":1:{s:4:"next";O:4:"Node":2:{s:4:"next";r:1;s:1:"x";r:2;}}m|r:2;';
    expect(changed(two)).toBe(two);
    const session = read(two);
    expect(session.m).toBe(session.n.next);
    session.n.next.next = null;
    expect(written(session)).toBe(two.replace('"next";r:1;', '"next";N;'));
  });

  test('cycles of references: what fromPhp took is no other value than the instance', () => {
    const cycle = 'n|O:4:"Node":2:{s:4:"next";R:1;s:1:"x";R:1;}';
    expect(changed(cycle)).toBe(cycle);
    // One place of the reference gets a new value, and so all do.
    expect(changed(cycle, ({ n }) => Object.assign(n, { next: 5 }))).toBe('n|i:5;');
  });

  test('the object that fromPhp took may be put where its instance was, in a list with references too', () => {
    const taken: PhpObject[] = [];
    const taking: ClassMapping<Node> = {
      ...node,
      fromPhp(object) {
        taken.push(object);
        return node.fromPhp(object);
      },
    };
    const data = 'a|a:3:{i:0;O:4:"Node":1:{s:4:"next";N;}i:1;R:2;i:2;i:5;}';
    const put = ({ a }: Any) => Object.assign(a, { 0: taken.at(-1), 1: taken.at(-1) });
    expect(changed(data, put, [taking])).toBe(data);
  });

  test('a cycle of new instances', () => {
    const [a, b] = [new Node(), new Node()];
    a.next = [b];
    b.next = a;
    expect(written({ a, b })).toBe('a|O:4:"Node":1:{s:4:"next";a:1:{i:0;O:4:"Node":1:{s:4:"next";r:1;}}}b|r:3;');
  });

  test('as deep as PHP reads', () => {
    let deep: Node | null = null;
    for (let level = 0; level < 4096; level++) deep = Object.assign(new Node(), { next: deep });
    const data = written({ deep });
    expect(changed(data)).toBe(data);
    expect(failure(() => written({ deep: [deep] })).code).toBe('ERR_PHP_LIMIT');
  });
});

describe('the option', () => {
  test('names and mappings, in a list of any kind', () => {
    for (const classes of [[cart, 'Foo'], new Set<string | ClassMapping>([cart, 'Foo'])]) {
      expect(written({ a: new PhpObject('Foo'), b: new PhpObject('foo') }, classes)).toBe(
        'a|O:3:"Foo":0:{}b|O:3:"foo":0:{}',
      );
    }
    expect(written({}, ['App\\Cart', cart, 'app\\cart'])).toBe('');
  });

  test('a list may change from one call to the next, unless it is frozen', () => {
    const classes: (string | ClassMapping)[] = ['Foo'];
    expect(read(data, classes).c).toBeInstanceOf(PhpObject);
    classes.push(cart);
    Object.freeze(classes);
    for (let twice = 0; twice < 2; twice++) {
      expect(read(data, classes).c).toBeInstanceOf(Cart);
      expect(changed(data, undefined, classes)).toBe(data);
    }
  });

  const wrong: [name: string, classes: unknown][] = [
    ['text', 'Cart'],
    ['null', null],
    ['an object', { Cart: cart }],
    ['a number in the list', [1]],
    ['null in the list', [null]],
    ['a name with a leading backslash', ['\\Cart']],
    ['a mapping without a name', [{ ...cart, className: undefined }]],
    ['a mapping with a wrong name', [{ ...cart, className: '\\App\\Cart' }]],
    ['two mappings of one PHP class', [cart, { ...cart, className: 'app\\CART' }]],
    ['no class', [{ ...cart, class: undefined }]],
    ['an arrow function as class', [{ ...cart, class: () => 1 }]],
    ['Object', [{ ...cart, class: Object }]],
    ['Array', [{ ...cart, class: Array }]],
    ['a class that extends Array', [{ ...cart, class: class extends Array {} }]],
    ['PhpObject', [{ ...cart, class: PhpObject }]],
    ['no fromPhp', [{ ...cart, fromPhp: undefined }]],
    ['no toPhp', [{ ...cart, toPhp: null }]],
  ];
  test.each(wrong)('%s is a TypeError that names it', (_name, classes) => {
    const options = { classes: classes as ClassOption };
    for (const use of [
      () => decodeSession(latin1Bytes(''), options),
      () => encodeSession({}, options),
      () => serialize(1, options),
      () => unserialize(latin1Bytes('i:1;'), options),
    ]) {
      expect(use).toThrow(TypeError);
      expect(use).toThrow(/\bclasses\b/);
    }
  });
});
