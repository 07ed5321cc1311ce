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

/**
 * Resolution as Node does it, as bundlers do, and as TypeScript did before it knew `exports`, by `typesVersions`. What ends in `.cts`
 * sees the CommonJS declarations.
 */
const resolutions = {
  'nodenext, ES module': { suffix: 'mts', settings: { module: 'NodeNext' } },
  'node16, CommonJS': { suffix: 'cts', settings: { module: 'Node16' } },
  bundler: { suffix: 'ts', settings: { module: 'ESNext', moduleResolution: 'Bundler' } },
  'node10, CommonJS': {
    suffix: 'ts',
    settings: { module: 'CommonJS', moduleResolution: 'node10', ignoreDeprecations: '6.0' },
  },
};

type Resolution = keyof typeof resolutions;
const names = Object.keys(resolutions) as Resolution[];

/** Compiles applications, the declarations that they use included. */
async function compile(consumer: Consumer, resolution: Resolution, codes: string[], settings: object): Promise<void> {
  const { suffix, settings: how } = resolutions[resolution];
  const checks = { strict: true, noEmit: true, skipLibCheck: false, skipDefaultLibCheck: true };
  const compilerOptions = { ...checks, target: 'ES2022', ...how, ...settings };
  const files = codes.map((_, i) => `app-${i}.${suffix}`);
  for (const [i, file] of files.entries()) consumer.write(file, codes[i]!);
  consumer.write('tsconfig.json', JSON.stringify({ compilerOptions, files }));
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

// Interfaces as applications write them: without an index signature, with optional and nested parts, and classes.
const shapes = `
  import { asList, asMap, type ClassMapping, type ClassOption, decodeSession, encodeSession, PhpObject, serialize, unserialize } from 'php-session-bridge/codec';

  class Cart {
    #total = 0;
    constructor(readonly items: string[]) {}
    get total(): number { return this.#total; }
  }
  abstract class Shape { abstract area: number; }
  class Single {
    private constructor() {}
    static make(): Single { return new Single(); }
  }
  class Box<T> { constructor(public value: T) {} }

  interface User { readonly id: number; name?: string; roles: readonly string[]; }
  interface MySession {
    user?: User;
    cart: Cart;
    flash: { [key: string]: string[] };
    legacy: PhpObject;
    items: string[] | Record<string, string>;
    since: Date | null;
  }

  const cart: ClassMapping<Cart> = {
    className: 'Cart',
    class: Cart,
    fromPhp: (object) => (object.has('items') ? new Cart(object.get('items') as string[]) : object),
    toPhp: (cart, object) => object.set('items', cart.items),
  };
  const date: ClassMapping<Date> = {
    className: 'DateTimeImmutable',
    class: Date,
    fromPhp: (object) => new Date(String(object.get('date'))),
    toPhp(date, object) { object.set('date', date.toISOString()); },
  };
  const shape: ClassMapping<Shape> = { className: 'Shape', class: Shape, fromPhp: (o) => o, toPhp: ({ area }, o) => o.set('area', area) };
  const single: ClassMapping<Single> = { className: 'Single', class: Single, fromPhp: () => Single.make(), toPhp() {} };
  const box: ClassMapping<Box<number>> = { className: 'Box', class: Box, fromPhp: (o) => new Box(Number(o.get('value'))), toPhp: (b, o) => o.set('value', b.value.toFixed()) };
  const classes: ClassOption = [cart, date, shape, single, box, 'App\\\\Address'];
  decodeSession(new Uint8Array(), { classes: new Set(['App\\\\Address']) });

  const session = decodeSession<MySession>(new Uint8Array(), { classes, format: 'php_serialize' });
  const total: number = session.cart.total;
  const roles: readonly string[] = session.user?.roles ?? [];
  const first: string | undefined = asList(session.items)[0];
  const map: Record<string, string> = asMap(session.items);
  const flash: string[][] = asList(session.flash);
  session.since = new Date();
  encodeSession(session, { classes });
  serialize(session.cart, { classes: [cart] });
  const one: Cart = unserialize<Cart>(new Uint8Array(), { classes: [cart] });
  const unknown: unknown = decodeSession(new Uint8Array())['anything'];

  // @ts-expect-error: no type says so
  decodeSession<MySession>(new Uint8Array()).other;
  // @ts-expect-error: it may be missing
  session.user.name;
  // @ts-expect-error: a Cart has no such property
  session.cart.coupon;
  // @ts-expect-error: a Date or null
  session.since = 'today';
  // @ts-expect-error: a Cart is expected of the mapping of Cart
  const wrong: ClassMapping<Cart> = { ...cart, fromPhp: () => new Date() };
  // @ts-expect-error: toPhp is missing
  const half: ClassMapping<Cart> = { className: 'Cart', class: Cart, fromPhp: (object) => object };
  // @ts-expect-error: a list of names and mappings
  encodeSession(session, { classes: { Cart: cart } });
  // @ts-expect-error: text is no array
  asList('text');
`;

const middleware = `
  import type { IncomingMessage, ServerResponse } from 'node:http';
  import { type Application, HttpSession, NodeExchange, type OpenSession, type SessionOptions, sessionOpener, settings } from 'php-session-bridge/session';
  import { middlewareContract, type MiddlewareUnderTest } from 'php-session-bridge/testing';

  const config = settings({} as SessionOptions);
  export async function serve(req: IncomingMessage, res: ServerResponse, application: Application): Promise<void> {
    const http = new HttpSession<{ count?: number }>(config, new NodeExchange(req, res), application);
    await http.serve(async () => {
      const count: number = (http.data.count ?? 0) + 1;
      http.data.count = count;
      http.data = null;
      // @ts-expect-error: there is no such key
      http.data.cuont;
      await http.control.regenerate();
    });
  }
  const openSession = sessionOpener<{ count?: number }>({} as SessionOptions);
  export async function open(req: IncomingMessage, request: Request): Promise<Response> {
    await using session = await openSession(request, { mode: 'readonly', signal: AbortSignal.timeout(5) });
    const count: number = session.data.count ?? 0;
    const other: OpenSession<{ count?: number }> = await openSession({ headers: req.headers });
    for (const source of [req, new Headers(), 'PHPSESSID=a']) await openSession(source);
    // @ts-expect-error: there is no such key
    other.data.cuont;
    // @ts-expect-error: it is changed in place
    other.data = {};
    // @ts-expect-error: a source is needed
    await openSession();
    return new Response(null, { headers: await session.commit() });
  }
  const make: MiddlewareUnderTest['make'] = ({ handle }) => (req, res) => {
    void handle({ session: {}, control: {} as never, req, res }).then((body) => res.end(body));
  };
  middlewareContract({ describe: (name, body) => body(), test: () => {} }, 'mine', { make });
  // @ts-expect-error: an application has a context
  const incomplete: Application = { onGone() {}, onConflict() {}, onError() {} };
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
  import type { ClassMapping } from 'php-session-bridge/codec';
  import { type PhpSessionContext, phpSession } from 'php-session-bridge/koa';
  import { mysqlStore } from 'php-session-bridge/mysql';

  interface MySession {
    count?: number;
    user?: { name: string };
    cart?: Cart;
  }

  const store = mysqlStore({ connection: { host: 'localhost', user: 'app', database: 'app' } });
  mysqlStore({ connection: mysql.createPool({}) });
  mysqlStore({ connection: promise.createPool({}) });

  class Cart { items: string[] = []; }
  const cart: ClassMapping<Cart> = {
    className: 'Cart',
    class: Cart,
    fromPhp: (object) => Object.assign(new Cart(), { items: object.get('items') }),
    toPhp: (cart, object) => object.set('items', cart.items),
  };

  const app = new Koa<Koa.DefaultState, PhpSessionContext<MySession>>();
  app.use(phpSession<MySession>({ store, classes: [cart, 'App\\\\Address'] }));
  app.use(async (ctx, next) => {
    const count: number = ctx.session.count ?? 0;
    ctx.session.count = count + 1;
    ctx.session.user = { name: 'Ada' };
    ctx.body = ctx.session.user.name;
    ctx.session.cart?.items.push('tea');
    // @ts-expect-error: a Cart
    ctx.session.cart = { items: 'tea' };
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

  // Where the application has no type of its own, what follows in the chain knows it, and other middleware can say it.
  new Koa()
    .use(phpSession<MySession>({ store }))
    .use(async (ctx, next) => {
      const count: number | undefined = ctx.session.count;
      // @ts-expect-error: a number
      ctx.session.count = 'one';
      // @ts-expect-error: there is no such key
      ctx.session.cuont = 1;
      // @ts-expect-error: it may be missing
      ctx.session.user.name;
      // @ts-expect-error: there is no such call
      ctx.phpSession.regenrate();
      ctx.session = null;
      ctx.body = { count };
      ctx.state.anything = ctx.anything;
      await next();
    });
  const plain = new Koa();
  plain.use(phpSession<MySession>({ store }));
  plain.use(async (ctx: Koa.Context & PhpSessionContext<MySession>, next: Koa.Next) => {
    const count: number | undefined = ctx.session.count;
    // @ts-expect-error: a number
    ctx.session.count = 'one';
    ctx.session = null;
    ctx.body = { count };
    await next();
  });
  app.use((ctx: Koa.Context & PhpSessionContext<MySession>) => {
    // @ts-expect-error: a number
    ctx.session.count = 'one';
  });

  // It is middleware wherever Koa's is taken, whether the context is said to have a session or not, and nothing global is changed.
  const anywhere: Koa.Middleware = phpSession({ store });
  const there: Koa.Middleware<Koa.DefaultState, PhpSessionContext<MySession>> = phpSession<MySession>({ store });
  const nowhere: Koa.Middleware<Koa.DefaultState, {}> = (ctx) => {
    // @ts-expect-error: this context has none
    ctx.session;
  };

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

  const plain = new Koa();
  plain.use(phpKoaSession<MySession>(koaSession.default, { store }, plain)).use((ctx) => {
    const token: string | undefined = ctx.phpSession.data._token;
    // @ts-expect-error: a number
    ctx.session!.count = 'one';
  });
  plain.use((ctx: Koa.Context & PhpKoaSessionContext<MySession>) => {
    // @ts-expect-error: a number
    ctx.session!.count = 'one';
  });

  // @ts-expect-error: PHP's name for this is name
  phpKoaSession(koaSession.default, { store, key: 'koa.sess' }, app);
`;

const applications = { 'Koa and mysql2': application, 'koa-session': koaSessionApplication, 'their own': middleware };
const libraries = Object.keys(applications) as (keyof typeof applications)[];

/** Applications with frameworks and the driver, as one program. */
function compileApplications(resolution: Resolution, which: typeof libraries): Promise<void> {
  const isCommonJs = resolution.endsWith('CommonJS');
  const imports = (code: string) =>
    code.replace(/import (\w+) = require\((.*)\)/g, 'import $1 from $2').replaceAll('koaSession.default', 'koaSession');
  const codes = which.map((library) => (isCommonJs ? applications[library] : imports(applications[library])));
  return compile(koa, resolution, codes, { lib: ['ES2022'], types: ['node'], esModuleInterop: true });
}

// What the declarations need of their surroundings does not depend on how they are found: by `exports`, or by `typesVersions`.
describe.each(['nodenext, ES module', 'node10, CommonJS'] as const)('%s', (resolution) => {
  test('values, sessions, and their shape with classes of the application: with the language alone', () =>
    compile(bare, resolution, [codec, shapes], { lib: ['ES2022'], types: [] }));
});

test('the store: without mysql2 and @types/node', () =>
  // AbortSignal, which is the browser's as well as Node's.
  compile(bare, 'nodenext, ES module', [store], { lib: ['ES2022', 'DOM'], types: [] }));

test.each(names)(
  'the store and the middleware in applications: %s',
  (resolution) => compileApplications(resolution, libraries),
  240_000,
);

// So that none needs what another one imports. Which files they are does not depend on the resolution.
test.each(libraries)(
  'the store and the middleware in an application of %s alone',
  (library) => compileApplications('nodenext, ES module', [library]),
  240_000,
);

test('the middleware needs @types/node, and neither @types/koa nor mysql2', async () => {
  const use = `
    import { phpSession } from 'php-session-bridge/koa';
    export const open = (store: Parameters<typeof phpSession>[0]['store']) => phpSession({ store });
  `;
  const settings = { lib: ['ES2022'] };
  const [first] = names;
  await expect(compile(bare, first!, [use], { ...settings, types: [] })).rejects.toThrow("'node:http'");
  bare.install('@types/node');
  await compile(bare, first!, [use], { ...settings, types: ['node'] });
}, 240_000);
