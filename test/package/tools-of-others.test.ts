import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { minify } from '@swc/core';
import { rollup } from 'rollup';
import { Consumer, clone, run } from './consumer.ts';

// The package in the tools that load or bundle it otherwise than Node does.

let consumer: Consumer;

beforeAll(async () => {
  consumer = await Consumer.create();
  consumer.install('koa', 'koa-session', 'mysql2');
}, 240_000);

afterAll(() => consumer?.remove());

test('Jest loads it as CommonJS, without a transform, as one instance', async () => {
  consumer.write(
    'app.test.js',
    `
    const { once } = require('node:events');
    const Koa = require('koa');
    const { decodeSession, PhpArray } = require('php-session-bridge/codec');
    const { phpSession, PhpSessionError } = require('php-session-bridge/koa');
    const { memoryStore } = require('php-session-bridge/memory');
    const { mysqlStore } = require('php-session-bridge/mysql');

    test('a page that counts', async () => {
      const app = new Koa();
      app.use(phpSession({ store: memoryStore() }));
      app.use((ctx) => {
        ctx.session.visits = (ctx.session.visits ?? 0) + 1;
        ctx.session.map = new PhpArray([[5, 'five']]);
        ctx.body = String(ctx.session.visits);
      });
      const server = app.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const url = 'http://127.0.0.1:' + server.address().port;
      const first = await fetch(url);
      const [cookie] = first.headers.getSetCookie()[0].split(';');
      const second = await fetch(url, { headers: { cookie, connection: 'close' } });
      expect([await first.text(), await second.text()]).toEqual(['1', '2']);
      server.close();
      server.closeAllConnections();
    });

    test('errors and values are the same in all entries', async () => {
      const { unserialize } = require('php-session-bridge');
      expect(() => unserialize(new Uint8Array([1]))).toThrow(PhpSessionError);
      await expect(mysqlStore({ connection: { host: '127.0.0.1', port: 1 } }).read('a')).rejects.toThrow(PhpSessionError);
      expect(decodeSession(new TextEncoder().encode('a|a:1:{i:5;i:1;}'), { view: 'exact' }).get('a')).toBeInstanceOf(PhpArray);
    });
  `,
  );
  const jest = join(clone, 'node_modules', 'jest', 'bin', 'jest.js');
  const config = JSON.stringify({
    testEnvironment: 'node',
    transform: {},
    testMatch: ['**/app.test.js'],
    cache: false,
  });
  await run(process.execPath, [jest, '--ci', '--rootDir', consumer.path(), '--config', config], consumer.path());
}, 60_000);

describe('a bundler', () => {
  /** What a bundler makes of an application, from the files of the tarball. */
  async function bundleOf(code: string): Promise<{ code: string; imports: string[] }> {
    const build = await rollup({
      input: 'app',
      external: (id) => id.startsWith('node:') || id === 'mysql2',
      plugins: [
        {
          name: 'application',
          resolveId(id) {
            if (id === 'app') return id;
            const [, entry] = /^php-session-bridge\/(.*)$/.exec(id) ?? [];
            return entry === undefined ? null : join(consumer.package, 'dist', `${entry}.js`);
          },
          load: (id) => (id === 'app' ? code : null),
        },
      ],
    });
    const { output } = await build.generate({});
    await build.close();
    expect(output).toHaveLength(1);
    return output[0];
  }

  test('takes from the codec what is used', async () => {
    const whole = await bundleOf("export * from 'php-session-bridge/codec'");
    const part = await bundleOf("export { unserialize } from 'php-session-bridge/codec'");
    expect(part.code.length).toBeLessThan(whole.code.length * 0.8);
    expect(whole.imports).toEqual([]);
  });

  test('keeps the driver out of an application without a database', async () => {
    const { code, imports } = await bundleOf(
      "export * from 'php-session-bridge/koa'; export * from 'php-session-bridge/memory'",
    );
    expect(code).toContain('memoryStore');
    expect(imports).not.toContain('mysql2');
  });

  test('makes at most 19.4 kB of the codec, minified and compressed', async () => {
    const whole = await bundleOf("export * from 'php-session-bridge/codec'");
    const { code } = await minify(whole.code, {
      module: true,
      compress: { passes: 2 },
      mangle: true,
    });
    expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(19_400);
  });
});
