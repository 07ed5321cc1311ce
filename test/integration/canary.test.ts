import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  decodeSession,
  encodeSession,
  PhpArray,
  PhpCustom,
  PhpEnum,
  PhpObject,
  PhpReference,
  PhpSessionError,
  type PhpSessionErrorCode,
  serialize,
  unserialize,
} from '../../src/codec/index.ts';
import { base64, encodedStore } from '../../src/encoded.ts';
import { json } from '../../src/formats.ts';
import { hordeCipher } from '../../src/horde/credentials.ts';
import { hordeSession } from '../../src/horde/index.ts';
import { postHordeLogin } from '../../src/horde/login.ts';
import { phpSession } from '../../src/middleware/koa.ts';
import { sessionOpener } from '../../src/middleware/session-opener.ts';
import { laravelCookie } from '../../src/presets/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { createTableSql, mysqlStore } from '../../src/stores/mysql/index.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { withLease } from '../../src/testing/leases.ts';
import { errorCodes } from '../docs/error-codes.ts';
import { mentions, type Outcome, planted, secret, secretId, traces, visit, watchSignals } from './canary.ts';
import {
  article,
  changed,
  createTables,
  demanding,
  held,
  heldTwice,
  lockedElsewhere,
  missing,
  narrow,
  nested,
  onWitness,
  ownTable,
  refusing,
  relayed,
  stored,
  unsafe,
  untouched,
} from './canary-rows.ts';
import { asInAnotherProcess, storeOn, testServer, utf8Bytes } from './mysql-store-helpers.ts';

/** A cookie in Laravel's form. */
const sealed = Buffer.from(JSON.stringify({ iv: Buffer.alloc(16).toString('base64'), value: '', mac: '' })).toString(
  'base64',
);

let store: SessionStore;
watchSignals('lock', 'release', 'commit', 'merge', 'gone', 'refuse', 'retry', 'connection');

beforeAll(async () => {
  await createTables();
  store = storeOn(ownTable);
});

afterAll(() => store.close());

const fails = (): never => {
  throw new Error(secret);
};

/** A Horde session with the secret, encrypted. */
function mailbox() {
  const session = {};
  hordeSession(session).set('horde', secret, { password: secret }, hordeCipher({ key: secret, secretKey: secret }));
  return session;
}

/** Logs in at a server that answers so. */
async function loginAt(answer: RequestListener): Promise<unknown> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${secret}`;
    return await postHordeLogin({ url, user: secret, password: secret, userAgent: secret });
  } finally {
    server.close();
  }
}

type Raise = () => Promise<unknown> | unknown;

/** Ways to raise each code; a code without one does not compile, as does one that is none. */
const codes: Record<PhpSessionErrorCode, Record<string, Raise>> = {
  ERR_PHP_SYNTAX: {
    'a session that was cut': () => decodeSession(planted.subarray(0, -1)),
    'a value that was cut': () => unserialize(serialize([secret, secret]).subarray(0, -2)),
    'another format': () => decodeSession(serialize({ [secret]: secret })),
    'damaged JSON': () => decodeSession(utf8Bytes(`{"${secret}":"${secret}`), { format: json }),
    'a row in another encoding': async () => {
      const [store, id] = [memoryStore(), secretId()];
      await withLease(store, id, (lease) => lease.commit({ data: planted }));
      await withLease(encodedStore(store, base64), id, (lease) => lease.commit({ data: planted }));
    },
    'a reference to nothing': () => decodeSession(utf8Bytes(`${secret}|a:1:{s:18:"${secret}";R:9;}`)),
  },
  ERR_PHP_LIMIT: {
    maxBytes: () => decodeSession(planted, { maxBytes: 10 }),
    maxDepth: () => decodeSession(planted, { maxDepth: 1 }),
    maxElements: () => decodeSession(planted, { maxElements: 1 }),
    'maxBytes of what is written': () => encodeSession({ [secret]: secret }, { maxBytes: 10 }),
    'maxElements of what is written': () => encodeSession({ [secret]: [secret, secret] }, { maxElements: 1 }),
    'too many levels': () => {
      let value: object = [secret];
      for (let i = 0; i < 5_000; i++) value = { [secret]: value };
      nested(value);
    },
  },
  ERR_PHP_UNREPRESENTABLE: {
    'a function': () => nested({ [secret]() {} }[secret]),
    'an object in JSON': () => encodeSession({ [secret]: new PhpObject(secret) }, { classes: [secret], format: json }),
    'no UTF-8 in JSON': () => encodeSession({ [secret]: Buffer.from(`${secret}\xff`, 'latin1') }, { format: json }),
    'a symbol': () => nested(Symbol(secret)),
    'half of a surrogate pair': () => nested(`${secret}\ud800`),
    'a bigint beyond 64 bits': () => nested(2n ** 64n),
    'an instance': () => nested(new Map([[secret, secret]])),
    'another instance': () => nested(new Error(secret)),
    'a list with names': () => nested(Object.assign([secret], { [secret]: secret })),
    'what contains itself': () => {
      const cycle: Record<string, unknown> = { text: secret };
      cycle[secret] = cycle;
      nested(cycle);
    },
    'a property on a PhpObject': () => nested(Object.assign(new PhpObject(secret), { [secret]: secret })),
    'a property on a session': () => encodeSession(Object.assign(new PhpArray(), { [secret]: secret })),
  },
  ERR_PHP_KEY: {
    'a name with "|"': () => encodeSession({ [`${secret}|`]: secret }),
    'a new name with "|" in a session that was read': () => changed((session) => (session[`|${secret}`] = secret)),
    'an int as name': () => encodeSession(new PhpArray([[5, secret]])),
    'half of a surrogate pair in a name': () => encodeSession({ [`${secret}\ud800`]: secret }),
    'half of a surrogate pair': () => nested({ [`${secret}\ud800`]: secret }),
    'a fraction': () => nested(new PhpArray([[1.5, secret]])),
  },
  ERR_PHP_CLASS: {
    'an object': () => nested(new PhpObject(secret, [[secret, secret]])),
    'an enum': () => nested(new PhpEnum(secret, secret)),
    'an object that serialized itself': () => nested(new PhpCustom(secret, planted)),
    'an object with another name': () =>
      nested(
        Object.assign(unserialize(serialize(new PhpObject(secret), { classes: [secret] })) as object, {
          className: `${secret}2`,
        }),
      ),
  },
  ERR_PHP_TYPE_CHANGED: {
    'an object became an array': () => changed((session) => (session[secret] = { [secret]: { [secret]: secret } })),
  },
  ERR_PHP_ENCRYPTED: {
    'no key': () => hordeSession(mailbox()).get('horde', secret),
    'another key': () => hordeSession(mailbox()).get('horde', secret, hordeCipher({ key: 'b', secretKey: secret })),
    'a value in clear': () => hordeSession(mailbox()).set('horde', secret, secret),
  },
  ERR_PHP_REFERENCE: {
    'two values for one reference': () => {
      const value = new PhpReference(secret);
      const session = decodeSession(encodeSession({ a: value, b: value }));
      Object.assign(session, { a: `${secret}1`, b: `${secret}2` });
      encodeSession(session);
    },
    'read after a C:': () => decodeSession(utf8Bytes(`a|C:18:"${secret}":18:{${secret}}b|s:18:"${secret}";c|R:3;`)),
    'written after a C:': () => {
      const value = new PhpReference(secret);
      encodeSession({ a: new PhpCustom(secret, planted), b: value, c: value }, { classes: [secret] });
    },
    'written in a C:': () =>
      encodeSession({ [secret]: new PhpCustom(secret, utf8Bytes(`r:1;${secret}`)) }, { classes: [secret] }),
  },
  ERR_SESSION_ID: {
    'no id': () => held(ownTable, secretId(), (lease) => lease.rename(`${secret};`)),
    'an id that exists': async () => {
      const [id, other] = [await stored(ownTable), await stored(ownTable)];
      await held(ownTable, id, async (lease) => {
        await lease.rename(other);
        await lease.commit({ data: planted });
      });
    },
    'an id that the column cannot hold': () => {
      const options = { store: storeOn(article), sidLength: 64 };
      return visited(options, ({ session }) => (session[secret] = secret));
    },
  },
  ERR_SESSION_TOO_LARGE: {
    'for the column': () => held(narrow, secretId(), (lease) => lease.commit({ data: planted })),
    'for a column that only the server can measure': () =>
      held(article, secretId(), (lease) => lease.commit({ data: utf8Bytes(secret.repeat(5_000)) })),
    'in a request': () => visited({ store: storeOn(narrow) }, ({ session }) => (session[secret] = [secret, secret])),
  },
  ERR_SESSION_CHARSET: {
    'text that latin1 lacks': () =>
      held(article, secretId(), (lease) => lease.commit({ data: utf8Bytes(`${secret}漢`) })),
    'bytes that are no text': () =>
      held(article, secretId(), (lease) => lease.commit({ data: Buffer.from(`${secret}\xff`, 'latin1') })),
    'in a request': () => visited({ store: storeOn(article) }, ({ session }) => (session[`${secret}漢`] = secret)),
  },
  ERR_SESSION_TABLE: {
    'there is none': () => held(missing, secretId(), untouched),
    'no transactions': () => held(unsafe, secretId(), untouched),
    'a trigger refuses the row': () => held(refusing, secretId(), (lease) => lease.commit({ data: planted })),
    'a new row must have more': async () => {
      const full = storeOn(demanding);
      await full.open(secretId(), { fresh: true }).finally(() => full.close());
    },
    'a table in another encoding': async () => {
      const sample = async () => [planted];
      await encodedStore({ ...memoryStore(), sample }, base64).sample!();
    },
    'row.key fails': () => held(ownTable, secretId(), untouched, { row: { key: fails } }),
    'row.key gives no key': () => held(ownTable, secretId(), untouched, { row: { key: () => `<${secret}` } }),
    'row.insert fails': () => held(demanding, secretId(), untouched, { row: { insert: { who: fails } } }),
    'row.insert gives no value': () =>
      held(demanding, secretId(), untouched, { row: { insert: { who: () => ({ secret }) as never } } }),
    'row.insert is false': async () => {
      const full = storeOn(ownTable, { row: { insert: false } });
      await full.open(secretId(), { fresh: true }).finally(() => full.close());
    },
    'no such time zone': () => held(ownTable, secretId(), untouched, { timeZone: 'Europe/Nowhere' }),
    'it was dropped': async () => {
      await onWitness((witness) => witness.table(missing, createTableSql({ table: missing })));
      const dropped = storeOn(missing);
      await withLease(dropped, secretId(), untouched);
      await onWitness((witness) => witness.query(`DROP TABLE ${missing}`));
      await dropped.open(secretId()).finally(() => dropped.close());
    },
    'in a request': () => visited({ store: storeOn(missing) }, untouched, secretId()),
  },
  ERR_SESSION_LOCK_TIMEOUT: {
    'another process has it': () => lockedElsewhere((id) => held(ownTable, id, untouched, { lockTimeout: 1.5 })),
    'this process has it': () => heldTwice({ lockTimeout: 0.1 }),
    'in a request': () =>
      lockedElsewhere((id) => visited({ store: storeOn(ownTable, { lockTimeout: 1.5 }) }, untouched, id)),
  },
  ERR_SESSION_BUSY: {
    'too many wait': () => heldTwice({ maxWaiters: 0 }),
    'all connections are in use': async () => {
      const full = storeOn(ownTable, { connectionLimit: 1, lockTimeout: 1.5 });
      const open = () => full.open(secretId());
      await withLease(full, secretId(), open).finally(() => full.close());
    },
  },
  ERR_SESSION_UNAVAILABLE: {
    'the store in memory is full': async () => {
      await withLease(memoryStore({ maxSessions: 0 }), secretId(), (lease) => lease.commit({ data: planted }));
    },
    'the store was closed': async () => {
      const closed = storeOn(ownTable);
      await closed.close();
      await closed.open(secretId());
    },
    'no server listens': () => held(ownTable, secretId(), untouched, { connection: { host: '127.0.0.1', port: 1 } }),
    'access denied': () => {
      const connection = { ...testServer(), user: secret, password: secret, database: secret };
      return held(ownTable, secretId(), untouched, { connection });
    },
    'no such socket': () => {
      const connection = { socketPath: `/${secret}/${secret}`, user: secret, password: secret, database: secret };
      return held(ownTable, secretId(), untouched, { connection });
    },
    'in a request': () => {
      const away = mysqlStore({ connection: { host: '127.0.0.1', port: 1, user: secret, password: secret } });
      return visited({ store: away }, untouched, secretId());
    },
  },
  ERR_SESSION_CONFLICT: {
    'the lock was lost, and another request wrote': async () => {
      const id = await stored(ownTable);
      const other = asInAnotherProcess(() => storeOn(ownTable));
      await held(
        ownTable,
        id,
        async (lease) => {
          await withLease(other, id, (theirs) => theirs.commit({ data: utf8Bytes(`${secret}|N;`) }));
          await other.close();
          await lease.commit({ data: planted });
        },
        { maxHold: 1 },
      );
    },
  },
  ERR_SESSION_OUTCOME_UNKNOWN: {
    'the network went away': () =>
      relayed((lease, relay) => relay.stop().then(async () => void (await lease.commit({ data: planted })))),
    'the answer to COMMIT was lost, and the network with it': () =>
      relayed(async (lease, relay) => {
        relay.thenUnreachable = true;
        relay.accident = 'lose the answer';
        await lease.commit({ data: planted }).finally(() => relay.stop());
      }),
  },
  ERR_SESSION_CLOSED: {
    'a lease that was committed': () =>
      held(ownTable, secretId(), async (lease) => {
        await lease.commit({ data: planted });
        await lease.commit({ data: planted });
      }),
    'no session to rename': () => store.open(secretId(), { create: false }).then((lease) => lease.rename(secretId())),
    'a change after close()': async () => {
      const change: Parameters<typeof visit>[1] = async (ctx) => {
        await ctx.phpSession.close();
        ctx.session[secret] = `${secret}2`;
      };
      return visited({ store }, change, await stored(ownTable));
    },
    'regenerate() after close()': async () => {
      const change: Parameters<typeof visit>[1] = async (ctx) => {
        await ctx.phpSession.close();
        await ctx.phpSession.regenerate();
      };
      return visited({ store }, change, await stored(ownTable));
    },
  },
  ERR_SESSION_READONLY: {
    'a change in the mode readonly': async () =>
      visited(
        { store, mode: 'readonly' },
        (ctx) => Object.assign(ctx.session, { [secret]: secret }),
        await stored(ownTable),
      ),
  },
  ERR_SESSION_NOT_COMMITTED: {
    'a session that was changed': async () => {
      const openSession = sessionOpener({ store, onError: () => undefined });
      const session = await openSession(`PHPSESSID=${await stored(ownTable)}`);
      session.data[secret] = `${secret}2`;
      await session[Symbol.asyncDispose]();
      await session.commit();
    },
  },
  ERR_SESSION_MOUNTED_TWICE: {
    'in one application': () => {
      const options = { store };
      const again = phpSession(options);
      return visited(options, (ctx) => again(ctx as never, async () => undefined), secretId());
    },
  },
  ERR_LOGIN_REFUSED: {
    'the form again': () =>
      loginAt((_, response) => {
        response.setHeader('Set-Cookie', 'Horde=a');
        response.end(secret);
      }),
  },
  ERR_LOGIN_FAILED: {
    'a redirect to another site': () =>
      loginAt((request, response) => {
        response.setHeader('Set-Cookie', `Horde=${secretId()}`);
        if (request.method === 'POST') response.writeHead(302, { Location: `https://example.org/${secret}` });
        response.end();
      }),
    'no answer': () => postHordeLogin({ url: 'http://127.0.0.1:1/', user: secret, password: secret, userAgent: 'a' }),
  },
  ERR_SESSION_HEADERS_SENT: {
    'a new session': () =>
      visited({ store }, (ctx) => {
        ctx.res.write('sent');
        ctx.session[secret] = secret;
      }),
    'regenerate()': async () =>
      visited(
        { store },
        async (ctx) => {
          ctx.res.write('sent');
          await ctx.phpSession.regenerate();
        },
        await stored(ownTable),
      ),
  },
};

/** Thrown by `visited`, as there it is Koa that gets the error. */
class Visited {
  readonly outcome: Outcome;
  constructor(outcome: Outcome) {
    this.outcome = outcome;
  }
}

const cases = Object.entries(codes).flatMap(([code, ways]) =>
  Object.entries(ways).map(([way, raise]) => ({ code, way, raise })),
);

describe('a secret in ids, keys, values, class names and SQL parameters is never revealed', () => {
  test.each(cases)('$code: $way', async ({ code, raise }) => {
    const thrown = await failure(raise);
    // An error of a handler: what the middleware did not raise itself goes the same way.
    const { errors, output } =
      thrown instanceof Visited
        ? thrown.outcome
        : await visit({ store }, () => Promise.reject(thrown), await stored(ownTable));
    expect(errors).toHaveLength(1);
    const [error] = errors as [PhpSessionError];
    expect(error).toBeInstanceOf(PhpSessionError);
    expect(error.code).toBe(code);
    expect(traces(error)).toEqual([]);
    expect(mentions(output)).toBe(false);
    // Not vacuous: Koa did write the error.
    expect(output).toContain(error.message);
  });

  test('nor is a key of Laravel, or what it has encrypted', async () => {
    const key = () => secret; // it has not 32 bytes
    for (const cookieEncoding of [laravelCookie({ key }), { ...laravelCookie({ key }), decode: () => undefined }]) {
      const login: Parameters<typeof visit>[1] = ({ session }) => (session[secret] = secret);
      const { errors, output, status } = await visit({ store, cookieEncoding }, login, sealed);
      expect(status).toBe(500);
      expect(errors).toEqual([expect.any(TypeError)]);
      expect((errors as Error[]).flatMap(traces)).toEqual([]);
      expect(mentions(output)).toBe(false);
    }
    const sealing = laravelCookie({ key: secret.padEnd(32, 'x') });
    expect(mentions(inspect(sealing, { depth: Infinity, showHidden: true }) + JSON.stringify(sealing))).toBe(false);
    expect(mentions(sealing.encode(secret, secret))).toBe(false);
  });

  test('nor when the handler fails, and saving the session too', async () => {
    const error = new Error('of the application');
    const fail: Parameters<typeof visit>[1] = (ctx) => {
      ctx.session[secret] = () => secret;
      throw error;
    };
    const { errors, output } = await visit({ store }, fail, await stored(ownTable));
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_PHP_UNREPRESENTABLE' }), error]);
    expect((errors as Error[]).flatMap(traces)).toEqual([]);
    expect(mentions(output)).toBe(false);
  });

  test('nor is the id of a new session, which only the browser gets', async () => {
    let id = '';
    const login: Parameters<typeof visit>[1] = async (ctx) => {
      await ctx.phpSession.regenerate();
      id = ctx.phpSession.id!;
      throw new Error('of the application');
    };
    const { errors, output } = await visit({ store }, login, await stored(ownTable));
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(JSON.stringify(errors) + String(errors[0]) + (errors[0] as Error).stack).not.toContain(id);
    expect(output.split(id)).toHaveLength(2); // in Set-Cookie alone
    expect(output).toContain(`set-cookie: PHPSESSID=${id}`);
  });

  test('nor what two requests have both changed, and what a logout has ended', async () => {
    const id = await stored(ownTable);
    let count = 0;
    const conflict: Parameters<typeof visit>[1] = async (ctx) => {
      await withLease(store, id, (lease) => lease.commit({ data: utf8Bytes(`${secret}|i:${++count};`) }));
      ctx.session[secret] = `${secret}2`;
    };
    const conflicts = await visit({ store, mode: 'merge', onConflict: 'error' }, conflict, id);
    expect((conflicts.errors as Error[]).flatMap(traces)).toEqual([]);
    await visit({ store, mode: 'merge' }, conflict, id);
    const logout: Parameters<typeof visit>[1] = async (ctx) => {
      await withLease(store, id, (lease) => lease.destroy());
      ctx.session[secret] = secret;
    };
    await visit({ store, mode: 'merge' }, logout, id);
  });

  test.each([
    ['connection', () => mysqlStore({ connection: `${secret}:${secret}@localhost` })],
    ['table', () => storeOn(`${secret};`)],
    ['columns.id', () => storeOn(ownTable, { columns: { id: `${secret}\`` } })],
    ['phpCharset', () => storeOn(ownTable, { phpCharset: `${secret}'` })],
    ['name', () => phpSession({ store, name: `${secret}=` })],
    ['cookieDomain', () => phpSession({ store, cookieDomain: `${secret};` })],
    ['classes', () => encodeSession({}, { classes: [`\\${secret}`] })],
  ])('nor is the value of a wrong option: %s', async (option, raise) => {
    const error = (await failure(raise)) as Error;
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain(option);
    expect(traces(error)).toEqual([]);
  });
});

test('each code can be raised', () => {
  expect(Object.keys(codes).sort()).toEqual(errorCodes().sort());
  expect(Object.values(codes).every((ways) => Object.keys(ways).length > 0)).toBe(true);
});

test("the driver's own errors do tell it, and are caught doing so", async () => {
  const insert = `INSERT INTO ${ownTable} (id, data, usetime) VALUES (?, ?, 0)`;
  const id = await stored(ownTable);
  const error = (await failure(() =>
    onWitness((witness) => witness.query(insert, [id, Buffer.from(planted)])),
  )) as Error;
  expect(traces(error).map((trace) => trace.split(':')[0])).toEqual(
    expect.arrayContaining(['String()', 'JSON', 'inspect()', 'keys', 'stack', 'message', 'sql']),
  );
  expect(traces(new Error('wrapped', { cause: error })).join()).toContain('cause: ');
});

async function failure(raise: Raise): Promise<unknown> {
  try {
    await raise();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was raised');
}

async function visited(...visitor: Parameters<typeof visit>): Promise<never> {
  const [{ store: visitedStore }] = visitor;
  const outcome = await visit(...visitor);
  if (visitedStore !== store) await visitedStore.close();
  throw new Visited(outcome);
}
