// The ES modules and the CommonJS files of the package in one process, as when an application imports the one and a
// library of it requires the other.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { test } from 'node:test';
import * as esmMain from 'php-session-bridge';
import * as esmCodec from 'php-session-bridge/codec';
import * as esmKoa from 'php-session-bridge/koa';
import * as esmMysql from 'php-session-bridge/mysql';

const require = createRequire(import.meta.url);
const Koa = require('koa');
const builds = {
  esm: { main: esmMain, codec: esmCodec, koa: esmKoa, mysql: esmMysql },
  cjs: {
    main: require('php-session-bridge'),
    codec: require('php-session-bridge/codec'),
    koa: require('php-session-bridge/koa'),
    mysql: require('php-session-bridge/mysql'),
  },
};

const bytes = (text) => new TextEncoder().encode(text);
const text = (data) => new TextDecoder().decode(data);
const thrown = (action) => {
  try {
    action();
  } catch (error) {
    return error;
  }
  assert.fail('nothing was thrown');
};

test('both have the same exports, and they are two', async () => {
  const { name, exports } = require('php-session-bridge/package.json');
  for (const path of Object.keys(exports).filter((path) => path !== './package.json')) {
    const entry = name + path.slice(1);
    const [esm, cjs] = [await import(entry), require(entry)];
    assert.deepEqual(Object.keys(esm).sort(), Object.keys(cjs).sort());
    for (const key of Object.keys(esm)) assert.notEqual(esm[key], cjs[key], `${entry}: ${key}`);
  }
});

for (const [from, to] of [
  ['esm', 'cjs'],
  ['cjs', 'esm'],
]) {
  const one = builds[from];
  const other = builds[to];

  test(`an error of ${from} is a PhpSessionError of ${to}`, () => {
    const error = thrown(() => one.codec.unserialize(bytes('i:')));
    for (const { PhpSessionError } of [other.main, other.codec, other.koa]) assert(error instanceof PhpSessionError);
    assert(!(new Error('i:') instanceof other.codec.PhpSessionError));
  });

  test(`values of ${from} are values of ${to}`, () => {
    const { PhpArray, PhpCustom, PhpEnum, PhpFloat, PhpObject, PhpReference } = one.codec;
    const shared = new PhpReference(1);
    const value = new PhpArray([
      [5, new PhpFloat(1)],
      ['object', new PhpObject('User', [['name', 'a']])],
      ['enum', new PhpEnum('Suit', 'Hearts')],
      ['custom', new PhpCustom('Old', bytes('x'))],
    ]);
    const classes = ['User', 'Suit', 'Old'];
    const expected =
      'a:4:{i:5;d:1;s:6:"object";O:4:"User":1:{s:4:"name";s:1:"a";}s:4:"enum";E:11:"Suit:Hearts";s:6:"custom";C:3:"Old":1:{x}}';
    assert.equal(text(other.codec.serialize(value, { classes })), expected);
    assert.equal(text(other.codec.serialize([shared, shared])), 'a:2:{i:0;i:1;i:1;R:2;}');

    const { codec } = other;
    assert(codec.isPhpArray(value) && codec.isPhpReference(shared) && codec.isPhpFloat(value.get(5)));
    assert(codec.isPhpObject(value.get('object')) && codec.isPhpEnum(value.get('enum')));
    assert(codec.isPhpCustom(value.get('custom')));
  });

  test(`a session that ${from} read, ${to} writes back`, () => {
    const read =
      'n|i:1;list|a:2:{i:0;d:1;i:1;d:2;}map|a:3:{s:1:"b";d:3;i:10;i:1;i:9;N;}empty|a:0:{}user|O:4:"User":1:{s:7:"\0User\0x";d:4;}';
    const session = one.codec.decodeSession(bytes(read));
    session.n = 2;
    session.map.b = 5;
    session.list.push(3);
    session.empty.name = true;
    session.user.set('x', 6);
    assert.equal(
      text(other.codec.encodeSession(session)),
      'n|i:2;list|a:3:{i:0;d:1;i:1;d:2;i:2;d:3;}map|a:3:{s:1:"b";d:5;i:10;i:1;i:9;N;}empty|a:1:{s:4:"name";b:1;}user|O:4:"User":1:{s:7:"\0User\0x";d:6;}',
    );
  });

  test(`a value that ${from} read, ${to} writes back`, () => {
    const value = one.codec.unserialize(bytes('a:3:{s:1:"b";d:1;i:10;a:1:{i:0;d:2;}i:9;N;}'));
    value.b = 3;
    value[10].push(4);
    assert.equal(text(other.codec.serialize(value)), 'a:3:{s:1:"b";d:3;i:10;a:2:{i:0;d:2;i:1;d:4;}i:9;N;}');
  });

  test(`an instance that ${from} made, ${to} writes`, () => {
    class Cart {}
    const cart = {
      className: 'Cart',
      class: Cart,
      fromPhp: (object) => Object.assign(new Cart(), { items: object.get('items') }),
      toPhp: ({ items }, object) => object.set('items', items),
    };
    const session = one.codec.decodeSession(
      bytes('z|a:1:{i:5;d:1;}c|O:4:"Cart":2:{s:4:"note";d:1;s:5:"items";a:1:{i:0;d:2;}}u|r:3;'),
      { classes: [cart] },
    );
    assert(session.c instanceof Cart && session.u === session.c);
    session.c.items.push(3);
    session.z = other.codec.asList(session.z);
    const expected = 'z|a:1:{i:0;d:1;}c|O:4:"Cart":2:{s:4:"note";d:1;s:5:"items";a:2:{i:0;d:2;i:1;d:3;}}u|r:3;';
    assert.equal(text(other.codec.encodeSession(session)), expected);
    assert.equal(text(other.codec.encodeSession(session, { classes: [cart] })), expected);
  });

  test(`references that ${from} read, ${to} renumbers`, () => {
    const session = one.codec.decodeSession(bytes('a|a:1:{i:0;i:7;}b|R:1;c|O:1:"C":0:{}d|r:3;'));
    session.a.unshift(6);
    assert.equal(text(other.codec.encodeSession(session)), 'a|a:2:{i:0;i:6;i:1;i:7;}b|R:1;c|O:1:"C":0:{}d|r:4;');
  });

  test(`a class that ${from} read may be written by ${to} in the same session, and in no other`, () => {
    const session = one.codec.decodeSession(bytes('user|O:4:"User":0:{}'));
    const { user } = session;
    session.made = new one.codec.PhpObject(user.className);
    assert.equal(text(other.codec.encodeSession(session)), 'user|O:4:"User":0:{}made|O:4:"User":0:{}');
    assert.equal(thrown(() => other.codec.encodeSession({ user })).code, 'ERR_PHP_CLASS');
    assert.equal(text(other.codec.encodeSession({ user }, { classes: ['User'] })), 'user|O:4:"User":0:{}');
  });

  test(`a request of ${to} waits in the queue of ${from}`, async (t) => {
    // A database that never answers: the first request stays before it, and so at the head of the queue.
    const silent = createServer((socket) => t.after(() => socket.destroy())).listen(0, '127.0.0.1');
    t.after(() => silent.close());
    await once(silent, 'listening');
    const connection = { host: '127.0.0.1', port: silent.address().port };
    const options = { connection, lockTimeout: 0.5, maxWaiters: 0 };
    const [holder, waiter] = [one.mysql.mysqlStore(options), other.mysql.mysqlStore(options)];
    t.after(() => Promise.all([holder.close(), waiter.close()]));
    const first = assert.rejects(holder.open('sameid'), { code: 'ERR_SESSION_UNAVAILABLE' });
    await assert.rejects(waiter.open('sameid'), { code: 'ERR_SESSION_BUSY' });
    await assert.rejects(waiter.open('another'), { code: 'ERR_SESSION_UNAVAILABLE' });
    await first;
  });

  test(`the middleware of ${to} answers 503 for an error of the store of ${from}`, async (t) => {
    const store = one.mysql.mysqlStore({ connection: { host: '127.0.0.1', port: 1 } });
    t.after(() => store.close());
    const app = new Koa();
    app.silent = true;
    app.use(other.koa.phpSession({ store }));
    const server = app.listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const url = `http://127.0.0.1:${server.address().port}/`;
    const answer = await fetch(url, { headers: { Cookie: 'PHPSESSID=abc', Connection: 'close' } });
    assert.deepEqual([answer.status, answer.headers.get('Retry-After')], [503, '1']);
    await answer.text();
  });
}
