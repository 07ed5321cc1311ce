import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { whoIsLoggedIn } from '../../src/middleware/who-is-logged-in.ts';
import { type MysqlStoreOptions, mysqlStore } from '../../src/mysql.ts';
import { matomo, typo3 } from '../../src/presets/index.ts';
import type { SessionOptions } from '../../src/session/options.ts';
import { type Answer, type Handler, Site } from './koa-helpers.ts';
import { testServer, Witness } from './mysql-store-helpers.ts';
import { type Case, cases, zone } from './presets-cases.ts';

// Each preset beside PHP: an application's own classes, where their folder is in PHP_SESSION_BRIDGE_APPLICATIONS, or else the statements that
// they send, and rows that the own classes have written (fixtures/presets).

const { PHP_SESSION_BRIDGE_APPLICATIONS: folder, PSB_RECORD: isRecording } = process.env;
const side = join(__dirname, '../php/presets');
/** The folder of an application's own classes, if it is there. */
function ownOf({ name }: Case): string | undefined {
  const own = folder && join(folder, name);
  return own && existsSync(own) && existsSync(join(side, 'own', `${name}.php`)) ? own : undefined;
}

/** What PHP's side says of a session. */
interface Seen {
  id: string;
  /** The cookie's value. */
  cookie: string;
  // biome-ignore lint/suspicious/noExplicitAny: what is in it is up to the application
  session: Record<string, any>;
  user: unknown;
}
type Row = Record<string, string | number | Buffer | null>;

let witness: Witness;
let site: Site | undefined;

beforeAll(async () => {
  witness = await Witness.connect();
  await witness.query(`SET time_zone = '${zone}'`);
});
afterAll(() => witness.end());
afterEach(async () => {
  await site?.stop();
  expect(site?.errors ?? []).toEqual([]);
  site = undefined;
});

const databaseOf = ({ name }: Case) => `preset_${name.replace(/\W/g, '_')}`;
const columnsOf = ({ preset }: Case) => preset.store.columns as { id: string; data: string; time: string };
const keyOf = ({ preset }: Case, id: string) => preset.store.row?.key?.(id) ?? id;
const cookieOf = ({ preset }: Case, id: string) =>
  preset.session.cookieEncoding?.encode(id, preset.session.name!) ?? id;
const idOf = ({ preset }: Case, { id }: Answer) =>
  preset.session.cookieEncoding?.decode(id!, preset.session.name!) ?? id!;

/** Lets PHP answer one request. */
function php(application: Case, what: string, id?: string, value?: unknown): Promise<Seen> {
  const database = { ...testServer(), database: databaseOf(application) };
  const input = JSON.stringify({
    do: what,
    id,
    cookie: id && cookieOf(application, id),
    value,
    database,
    zone,
    own: ownOf(application),
  });
  return new Promise((resolve, reject) => {
    const settings = ['-d', 'display_errors=stderr', '-d', 'error_reporting=24575']; // all but deprecations
    const child = execFile('php', [...settings, join(side, 'run.php'), application.name], (error, out) => {
      if (error) reject(error);
      else if (!out.startsWith('{')) reject(new Error(out));
      else resolve(JSON.parse(out));
    });
    child.stdin!.end(input);
  });
}

async function makeTable(application: Case): Promise<void> {
  const database = databaseOf(application);
  await witness.query(`DROP DATABASE IF EXISTS ${database}; CREATE DATABASE ${database}; USE ${database}`);
  await witness.query(application.create);
}

async function rowsOf(application: Case): Promise<Row[]> {
  return (await witness.query(`SELECT * FROM ${application.preset.store.table}`)) as unknown as Row[];
}

async function rowOf(application: Case, id: string): Promise<Row | undefined> {
  const rows = await rowsOf(application);
  return rows.find((row) => String(row[columnsOf(application).id]) === keyOf(application, id));
}

/** The session in a row, as text. */
function dataOf(application: Case, row: Row | undefined): string {
  const stored = Buffer.from((row![columnsOf(application).data] ?? '') as string);
  return Buffer.from(application.preset.store.encoding?.decode(stored) ?? stored).toString();
}

/** The columns that no request of a session changes. */
function restOf(application: Case, row: Row | undefined): Row {
  const { id, data } = columnsOf(application);
  const changing = [id, data, ...Object.keys(application.times)];
  return Object.fromEntries(Object.entries(row!).filter(([name]) => !changing.includes(name)));
}

/** A session in which PHP has logged somebody in. @returns its id */
async function login(application: Case): Promise<string> {
  await makeTable(application);
  const file = join(__dirname, `../../fixtures/presets/${application.name}.json`);
  if (ownOf(application) === undefined && existsSync(file)) {
    const { id, row } = JSON.parse(readFileSync(file, 'utf8'));
    const names = Object.keys(row);
    const values = names.map((name) => (typeof row[name] === 'string' ? Buffer.from(row[name], 'latin1') : row[name]));
    const times = Object.entries(application.times);
    await witness.query(
      `INSERT INTO ${application.preset.store.table} (${[...names, ...times.map(([name]) => name)]})
       VALUES (${[...names.map(() => '?'), ...times.map(([, sql]) => sql)]})`,
      values,
    );
    return id;
  }
  const { id, cookie } = await php(application, 'login');
  if (isRecording && ownOf(application) !== undefined) {
    const row = Object.entries((await rowOf(application, id))!).filter(([name]) => !(name in application.times));
    const texts = row.map(([name, value]) => [
      name,
      Buffer.isBuffer(value) || typeof value === 'string' ? latin1(value) : value,
    ]);
    writeFileSync(file, `${JSON.stringify({ id, cookie, row: Object.fromEntries(texts) }, null, 2)}\n`);
  }
  return id;
}

const latin1 = (value: Buffer | string) => Buffer.from(value as string).toString('latin1');

async function start(
  application: Case,
  store: Partial<MysqlStoreOptions> = {},
  session: Partial<SessionOptions> = {},
): Promise<Site> {
  const connection = { ...testServer(), database: databaseOf(application) };
  const { preset, own } = application;
  site = await Site.start({
    store: mysqlStore({ connection, ...preset.store, ...own, ...store }),
    ...preset.session,
    ...session,
  } as SessionOptions);
  return site;
}

const show =
  ({ userOf }: Case): Handler =>
  ({ session }: { session: Seen['session'] }) => [userOf(session) ?? null, session.php, nodeOf({ session })];
const node = { cart: [7, 'é'] };
const nodeOf = ({ session }: Pick<Seen, 'session'>) => session.node ?? session._sf2_attributes?.node;

describe.each(cases)('$name', (application) => {
  const { user, preset } = application;

  test('Node knows the user of PHP, and changes no byte by that', async () => {
    const id = await login(application);
    const before = await rowOf(application, id);
    const site = await start(application);
    const { value } = await site.ask(show(application), { id: cookieOf(application, id) });
    expect(value).toEqual([user, null, null]);
    const after = await rowOf(application, id);
    expect(dataOf(application, after)).toBe(dataOf(application, before));
    expect(restOf(application, after)).toEqual(restOf(application, before));
    expect((await php(application, 'read', id)).user).toEqual(user);
  });

  test('Node stores a value: all else stays, and PHP reads it and keeps it', async () => {
    const id = await login(application);
    const before = await rowOf(application, id);
    const site = await start(application);
    const cookie = { id: cookieOf(application, id) };
    const page = await site.ask((ctx) => application.add(ctx.session), cookie);
    expect(page.status).toBeLessThan(300);
    const after = await rowOf(application, id);
    expect(dataOf(application, after)).toBe(application.added(dataOf(application, before)));
    expect(restOf(application, after)).toEqual(restOf(application, before));
    const seen = await php(application, 'set', id, 5);
    expect([seen.id, seen.user, nodeOf(seen)]).toEqual([id, user, node]);
    expect((await site.ask(show(application), cookie)).value).toEqual([user, 5, node]);
  });

  test('a new id of either side is known to the other one, with all columns', async () => {
    const id = await login(application);
    const before = restOf(application, await rowOf(application, id));
    const site = await start(application);
    const page = await site.ask((ctx) => ctx.phpSession.regenerate(), { id: cookieOf(application, id) });
    const next = idOf(application, page);
    expect(next).not.toBe(id);
    expect(restOf(application, await rowOf(application, next))).toEqual(before);
    const seen = await php(application, 'read', next);
    expect([seen.id, seen.user]).toEqual([next, user]);
    expect((await php(application, 'read', id)).user).toBeNull();
    const last = await php(application, 'regenerate', next);
    expect(last.id).not.toBe(next);
    expect((await site.ask(show(application), { id: cookieOf(application, last.id) })).value).toEqual([
      user,
      null,
      null,
    ]);
    const old = await site.ask(show(application), { id: cookieOf(application, next) });
    expect((old.value as unknown[])[0]).toBeNull();
  });

  test('the preset says who PHP has logged in, under each lock and each id, and nobody after a logout', async () => {
    const { login: rules } = preset;
    if (rules === undefined) {
      expect(application.claim).toBeUndefined();
      return;
    }
    let id = await login(application);
    const site = await start(application);
    const time = Math.floor(Date.now() / 1000);
    const second = application.cookie?.((await php(application, 'read', id)).session, time);
    const ask = async (before: Handler = () => undefined) => {
      const who: Handler = async (ctx) => {
        await before(ctx);
        const session = { data: ctx.session, columns: ctx.phpSession.columns };
        return whoIsLoggedIn(rules, session, ctx.req) ?? null;
      };
      const own = `${site.name}=${encodeURIComponent(cookieOf(application, id))}`;
      return site.ask(who, { cookie: second === undefined ? own : `${own}; ${second}` });
    };
    const claim = application.claim ?? null; // Laminas has logged in nobody by its own class.
    expect((await ask()).value).toEqual(claim);
    expect((await ask((ctx) => ctx.phpSession.lock())).value).toEqual(claim);
    const moved = await ask((ctx) => ctx.phpSession.regenerate());
    expect(moved.value).toEqual(claim);
    id = idOf(application, moved);
    expect((await ask()).value).toEqual(claim);
    if (second !== undefined) {
      const { value } = await site.ask(
        (ctx) => whoIsLoggedIn(rules, { data: ctx.session, columns: ctx.phpSession.columns }, ctx.req) ?? null,
        { id: cookieOf(application, id) },
      );
      expect(value).toBeNull();
    }
    expect((await ask((ctx) => ctx.phpSession.destroy())).value).toBeNull();
    expect((await ask()).value).toBeNull();
  });

  test('a logout of either side holds on the other one', async () => {
    for (const ends of ['Node', 'PHP']) {
      const id = await login(application);
      const site = await start(application);
      const cookie = { id: cookieOf(application, id) };
      if (ends === 'PHP') await php(application, 'logout', id);
      else {
        const { headers } = await site.ask((ctx) => ctx.phpSession.destroy(), cookie);
        for (const name of [preset.session.name ?? 'PHPSESSID', ...(preset.session.logoutCookies ?? [])])
          expect(headers['set-cookie']!.some((one) => one.startsWith(`${name}=deleted;`))).toBe(true);
        expect((await php(application, 'read', id)).user).toBeNull();
      }
      const { value } = await site.ask(show(application), cookie);
      expect((value as unknown[])[0]).toBeNull();
      await site.stop();
    }
  });

  test('a session that Node begins', async () => {
    await login(application);
    const [site, before] = [await start(application), (await rowsOf(application)).length];
    const page = await site.ask((ctx) => application.add(ctx.session));
    if (application.made === undefined) {
      expect(page.status).toBe(500);
      expect(site.errors.splice(0)).toEqual([
        expect.objectContaining({ code: 'ERR_SESSION_TABLE', message: expect.stringContaining('row.insert is false') }),
      ]);
      expect(await rowsOf(application)).toHaveLength(before);
      return;
    }
    const id = idOf(application, page);
    expect(await rowOf(application, id)).toMatchObject(application.made);
    const seen = await php(application, 'set', id, 5);
    expect([seen.id, nodeOf(seen)]).toEqual([id, node]);
    expect((await site.ask(show(application), { id: cookieOf(application, id) })).value).toEqual([
      application.userOf({}) ?? null,
      5,
      node,
    ]);
  });

  // Without its packing, Matomo's row is a session too: PHP's side then ignores all but its element `data`.
  const isPacked = preset.store.encoding !== undefined && preset.name !== 'Matomo';
  const format = preset.session.serializeHandler === undefined ? 'php_serialize' : 'php';

  test.each([
    ['another format', {}, { serializeHandler: format } as const],
    ...(isPacked ? [['no encoding', { encoding: undefined }, {}] as const] : []),
  ])('%s: an error that says so, and nothing is written', async (what, { ...store }, session) => {
    const id = await login(application);
    const before = await rowsOf(application);
    const { encoding: _, ...withoutEncoding } = preset.store;
    const used = { ...application, preset: { ...preset, store: 'encoding' in store ? withoutEncoding : preset.store } };
    const site = await start(used, {}, session);
    const page = await site.ask((ctx) => application.add(ctx.session), { id: cookieOf(application, id) });
    expect(page.status).toBe(500);
    const message = expect.stringMatching(
      what === 'another format' ? /serializeHandler|JSON/ : /base64|it is something else/,
    );
    expect(site.errors.splice(0)).toEqual([expect.objectContaining({ code: 'ERR_PHP_SYNTAX', message })]);
    expect(await rowsOf(application)).toEqual(before);
    expect((await php(application, 'read', id)).user).toEqual(user);
  });
});

test('TYPO3: who has just logged in has an empty row, which Node fills and keeps', async () => {
  const application = cases.find(({ name }) => name === 'typo3')!;
  const id = await login(application);
  await witness.query("UPDATE fe_sessions SET ses_data = ''");
  const site = await start(application);
  const page = await site.ask((ctx) => application.add(ctx.session), { id: cookieOf(application, id) });
  expect([page.status, page.id]).toEqual([200, undefined]);
  expect(await rowOf(application, id)).toMatchObject({ ses_userid: 42 });
  expect(nodeOf(await php(application, 'read', id))).toEqual(node);
  await witness.query("UPDATE fe_sessions SET ses_data = ''");
  const next = idOf(
    application,
    await site.ask((ctx) => ctx.phpSession.regenerate(), { id: cookieOf(application, id) }),
  );
  expect(await rowOf(application, next)).toMatchObject({ ses_userid: 42 });
});

test.each([
  ['typo3', typo3({ encryptionKey: 'another-key'.repeat(9), scope: 'any' })],
  ['matomo', matomo({ salt: 'another-salt' })],
])('%s with a wrong key: the visitor has no session, and nothing is written', async (name, preset) => {
  const application = cases.find((one) => one.name === name)!;
  const id = await login(application);
  const before = await rowsOf(application);
  const site = await start({ ...application, preset });
  const page = await site.ask(show(application), { id: cookieOf(application, id) });
  expect([page.value, page.headers['set-cookie']]).toEqual([[null, null, null], undefined]);
  expect(await rowsOf(application)).toEqual(before);
  expect((await php(application, 'read', id)).user).toBe('alice');
});
