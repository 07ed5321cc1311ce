// Loads every entry of the package in an application that has neither Koa nor mysql2.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';

const require = createRequire(import.meta.url);
const { name, exports, peerDependencies } = require('php-session-bridge/package.json');

test('the peers are not installed', () => {
  for (const peer of Object.keys(peerDependencies)) assert.throws(() => require(peer), { code: 'MODULE_NOT_FOUND' });
});

const needsMysql2 = ['./mysql', './recognize'];

for (const path of Object.keys(exports)) {
  if (path === './package.json' || needsMysql2.includes(path) || path === './horde/credentials') continue;
  const entry = name + path.slice(1);
  test(`import '${entry}' and require('${entry}') give the same`, async () => {
    const [imported, required] = [await import(entry), require(entry)];
    assert(Object.keys(imported).length > 0);
    assert.deepEqual(Object.keys(required), Object.keys(imported));
    for (const name of Object.keys(imported)) assert.equal(required[name], imported[name], name);
  });
}

test('those that connect say what is to be installed, when the application starts', async () => {
  const isMissing = (code) => ({ code, message: /Cannot find (package|module) 'mysql2'/ });
  for (const path of needsMysql2) {
    await assert.rejects(import(name + path.slice(1)), isMissing('ERR_MODULE_NOT_FOUND'));
    assert.throws(() => require(name + path.slice(1)), isMissing('ERR_MODULE_NOT_FOUND'));
  }
});

test("that of Horde's cipher says the same", async () => {
  const isMissing = (code) => ({ code, message: /Cannot find (package|module) 'egoroof-blowfish'/ });
  await assert.rejects(import('php-session-bridge/horde/credentials'), isMissing('ERR_MODULE_NOT_FOUND'));
  assert.throws(() => require('php-session-bridge/horde/credentials'), isMissing('ERR_MODULE_NOT_FOUND'));
});

test('what is not exported cannot be loaded', async () => {
  const inside = 'php-session-bridge/dist/core.js';
  await assert.rejects(import(inside), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' });
});
