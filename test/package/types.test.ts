import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Consumer, clone, run } from './consumer.ts';

let bare: Consumer;
let koa: Consumer;

beforeAll(async () => {
  bare = await Consumer.create();
  koa = await Consumer.create();
  koa.install('koa', 'koa-session', '@types/koa', '@types/node', 'mysql2');
}, 240_000);

afterAll(() => {
  bare?.remove();
  koa?.remove();
});

/** Resolution as Node does it, and as bundlers do. What ends in `.cts` sees the CommonJS declarations. */
const resolutions = {
  'nodenext, ES module': { file: 'app.mts', settings: { module: 'NodeNext' } },
  'nodenext, CommonJS': { file: 'app.cts', settings: { module: 'NodeNext' } },
  bundler: { file: 'app.ts', settings: { module: 'ESNext', moduleResolution: 'Bundler' } },
};

type Resolution = keyof typeof resolutions;
const names = Object.keys(resolutions) as Resolution[];

/** Compiles an application, the declarations that it uses included. */
async function compile(consumer: Consumer, resolution: Resolution, code: string, settings: object): Promise<void> {
  const { file, settings: how } = resolutions[resolution];
  const checks = { strict: true, noEmit: true, skipLibCheck: false, skipDefaultLibCheck: true };
  const compilerOptions = { ...checks, target: 'ES2022', ...how, ...settings };
  consumer.write(file, code);
  consumer.write('tsconfig.json', JSON.stringify({ compilerOptions, files: [file] }));
  await run(process.execPath, [join(clone, 'node_modules', 'typescript', 'bin', 'tsc')], consumer.path());
}

const codec = `
  import { decodeSession, encodeSession, PhpFloat, PhpSessionError, type PhpSessionErrorCode } from 'php-session-bridge';
  import { PhpFloat as TheSame, unserialize } from 'php-session-bridge/codec';

  const session = decodeSession<{ count: number; user?: { name: string } }>(new Uint8Array());
  session.count += 1;
  const name: string | undefined = session.user?.name;
  const bytes: Uint8Array = encodeSession(session);
  const size: number = decodeSession(bytes, { view: 'exact' }).size;
  const value: string[] = unserialize<string[]>(bytes);
  const float: PhpFloat = new TheSame(1);
  // @ts-expect-error: there is no such format
  decodeSession(bytes, { format: 'json' });
  // @ts-expect-error: a session is bytes, a string has lost some
  decodeSession('count|i:5;');

  try {
    unserialize(bytes);
  } catch (error) {
    if (error instanceof PhpSessionError) {
      const code: PhpSessionErrorCode = error.code;
      const offset: number | undefined = error.offset;
      // @ts-expect-error: there is no such code
      error.code === 'ERR_PHP_OTHER';
    }
  }
`;

const store = `
  import { createTableSql, mysqlStore, type SessionStore } from 'php-session-bridge/mysql';

  const store: SessionStore = mysqlStore({ connection: 'mysql://user@localhost/app', table: 'session' });
  const ddl: string = createTableSql({ engine: 'NDBCLUSTER' });
  // @ts-expect-error: there is no such option
  mysqlStore({ connection: 'mysql://user@localhost/app', tabel: 'session' });
`;

const application = `
  import Koa = require('koa');
  import mysql = require('mysql2');
  import promise = require('mysql2/promise');
  import { type PhpSessionContext, phpSession } from 'php-session-bridge/koa';
  import { mysqlStore } from 'php-session-bridge/mysql';

  interface MySession {
    count?: number;
    user?: { name: string };
  }

  const store = mysqlStore({ connection: { host: 'localhost', user: 'app', database: 'app' } });
  mysqlStore({ connection: mysql.createPool({}) });
  mysqlStore({ connection: promise.createPool({}) });

  const app = new Koa<Koa.DefaultState, PhpSessionContext<MySession>>();
  app.use(phpSession<MySession>({ store }));
  app.use(async (ctx, next) => {
    const count: number = ctx.session.count ?? 0;
    ctx.session.count = count + 1;
    ctx.session.user = { name: 'Ada' };
    ctx.body = ctx.session.user.name;
    // @ts-expect-error: there is no such key
    ctx.session.cuont = 1;
    // @ts-expect-error: a number
    ctx.session.count = 'one';
    // @ts-expect-error: control and data are apart
    ctx.session.regenerate();
    await ctx.phpSession.regenerate();
    const id: string | undefined = ctx.phpSession.id;
    // @ts-expect-error: only the library gives ids
    ctx.phpSession.id = 'mine';
    await next();
    ctx.session = null;
  });

  // Without a type of its own a session holds anything.
  const untyped = new Koa<Koa.DefaultState, PhpSessionContext>();
  untyped.use(phpSession({ store }));
  untyped.use((ctx) => {
    ctx.session['anything'] = [1, 'two'];
    const unknown: unknown = ctx.session['other'];
    // @ts-expect-error: what PHP wrote there is not known
    const number: number = ctx.session['other'];
  });

  // @ts-expect-error: a store is needed
  phpSession({});
  // @ts-expect-error: there is no such cache limiter
  phpSession({ store, cacheLimiter: 'none' });
`;

const koaSessionApplication = `
  import Koa = require('koa');
  import koaSession = require('koa-session');
  import { type PhpKoaSessionContext, phpKoaSession } from 'php-session-bridge/koa-session';
  import { mysqlStore } from 'php-session-bridge/mysql';

  interface MySession {
    count?: number;
    _token?: string;
  }

  const store = mysqlStore({ connection: 'mysql://user@localhost/app' });
  const valid = (ctx: Koa.Context, session: MySession) => ctx.get('x-token') === session._token;
  const app = new Koa<Koa.DefaultState, PhpKoaSessionContext<MySession>>();
  app.use(phpKoaSession<MySession>(koaSession.default, { store, rolling: true, valid }, app));
  app.use(async (ctx) => {
    const count: number = ctx.session!.count ?? 0;
    ctx.session!.count = ctx.session!.isNew ? 1 : count + 1;
    await ctx.session!.regenerate();
    ctx.session!.save((error) => ctx.throw(error!));
    const token: string | undefined = ctx.phpSession.data._token;
    // @ts-expect-error: after a logout there is none
    ctx.session.count = 1;
    // @ts-expect-error: there is no such key
    ctx.session!.cuont = 1;
    ctx.session = { count: 1, maxAge: 60_000 };
    ctx.session = null;
  });

  // @ts-expect-error: PHP's name for this is name
  phpKoaSession(koaSession.default, { store, key: 'koa.sess' }, app);
`;

describe.each(names)('%s', (resolution) => {
  test('values and sessions: with the language alone', () =>
    compile(bare, resolution, codec, { lib: ['ES2022'], types: [] }));

  // AbortSignal, which is the browser's as well as Node's.
  test('the store: without mysql2 and @types/node', () =>
    compile(bare, resolution, store, { lib: ['ES2022', 'DOM'], types: [] }));

  test.each([
    ['Koa and mysql2', application],
    ['koa-session', koaSessionApplication],
  ])(
    'the store and the middleware in an application of %s',
    (_, code) => {
      const isCommonJs = resolution.endsWith('CommonJS');
      const imports = code
        .replace(/import (\w+) = require\((.*)\)/g, 'import $1 from $2')
        .replaceAll('koaSession.default', 'koaSession');
      const settings = { lib: ['ES2022'], types: ['node'], esModuleInterop: true };
      return compile(koa, resolution, isCommonJs ? code : imports, settings);
    },
    60_000,
  );
});

test('the middleware needs @types/node, and neither @types/koa nor mysql2', async () => {
  const use = `
    import { phpSession } from 'php-session-bridge/koa';
    export const open = (store: Parameters<typeof phpSession>[0]['store']) => phpSession({ store });
  `;
  const settings = { lib: ['ES2022'] };
  const [first] = names;
  await expect(compile(bare, first!, use, { ...settings, types: [] })).rejects.toThrow("'node:http'");
  bare.install('@types/node');
  await compile(bare, first!, use, { ...settings, types: ['node'] });
}, 60_000);
