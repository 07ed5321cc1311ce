// Loads the codec's ES modules in a realm that has no Buffer, no TextDecoder, no process and no modules of Node, as a
// browser, a worker or another engine would, and reads and writes a session there.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createContext, SourceTextModule } from 'node:vm';

test('decodes and encodes without anything of Node', async () => {
  const context = createContext({});
  const modules = new Map();
  const load = async (url) => {
    if (!modules.has(url)) {
      const source = await readFile(fileURLToPath(url), 'utf8');
      modules.set(url, new SourceTextModule(source, { context, identifier: url }));
    }
    return modules.get(url);
  };
  const entry = await load(import.meta.resolve('php-session-bridge/codec'));
  await entry.link((name, from) => load(new URL(name, from.identifier).href));
  await entry.evaluate();

  const { decodeSession, encodeSession, serialize, unserialize } = entry.namespace;
  const bytes = (text) => new TextEncoder().encode(text);
  const text = 'count|i:5;name|s:8:"Zoë €";bin|s:2:"\u0000\u0001";price|d:1;';
  const session = decodeSession(bytes(text));
  assert.equal(session.name, 'Zoë €');
  session.count++;
  assert.deepEqual(Buffer.from(encodeSession(session)), Buffer.from(text.replace('i:5', 'i:6')));

  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  assert.deepEqual(Buffer.from(unserialize(serialize(all))), Buffer.from(all));
  assert.throws(() => unserialize(bytes('i:x;')), { code: 'ERR_PHP_SYNTAX', offset: 0 });
});
