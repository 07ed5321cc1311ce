import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mysqlStore } from '../../src/mysql.ts';
import * as presets from '../../src/presets/index.ts';
import { readApplications, readLogins, rowsOfNow } from '../applications/shared/recorded.mjs';
import { type Application, seeing } from '../applications/shared/run.mjs';
import { type Handler, Site } from './koa-helpers.ts';
import { testServer, Witness } from './mysql-store-helpers.ts';

// Each preset over the table of its application, with the rows that the application's own classes made of a login
// (`npm run test:applications -- --record`). `npm run test:applications` runs these classes.

const root = join(__dirname, '../..');
const logins = readLogins(root);
const database = `presets_${process.pid}`;
let witness: Witness;
let site: Site | undefined;
let applications: Application[];

beforeAll(async () => {
  applications = await readApplications(root);
  witness = await Witness.connect();
});
beforeEach(() => witness.query(`DROP DATABASE IF EXISTS ${database}; CREATE DATABASE ${database}; USE ${database}`));
afterEach(async () => {
  await site?.stop();
  site = undefined;
});
afterAll(async () => {
  await witness.query(`DROP DATABASE IF EXISTS ${database}`);
  await witness.end();
});

const named = (title: string): Application => applications.find((one) => one.title === title)!;
const tableOf = (application: Application) => application.preset(presets).store.table!;
const rows = (application: Application) => witness.query(`SELECT * FROM ${tableOf(application)}`);

/** The table of the application, with its rows. */
async function fill(application: Application) {
  await witness.query(application.schema);
  for (const row of rowsOfNow(logins[application.title]!)) {
    await witness.query(`INSERT INTO ${tableOf(application)} SET ?`, [row]);
  }
}

function open(preset: presets.Preset, more: object = {}): Promise<Site> {
  const store = mysqlStore({ connection: { ...testServer(), database }, ...preset.store, ...more });
  return Site.start({ store, ...preset.session });
}

/** The application's own values in the session. */
// biome-ignore lint/suspicious/noExplicitAny: PHP's side decides what is in a session
function bag({ bag = [] }: Application, session: Record<string, any>): Record<string, unknown> {
  let values = session;
  for (const part of bag) values = values[part] ??= {};
  return values;
}

/** Stores a value. */
const paint =
  (application: Application): Handler =>
  (ctx) => {
    bag(application, ctx.session).colour = 'grün';
  };

const titles = Object.keys(logins);

test('each application has its rows', () => {
  // Laravel's block() changes no row of a session.
  const others = applications.filter(({ env }) => env?.PSB_LARAVEL_BLOCK === undefined);
  expect(others.map(({ title }) => title).sort()).toEqual([...titles].sort());
});

describe.each(titles)('%s', (title) => {
  const { cookie } = logins[title]!;
  let application: Application;
  let ask: (handler: Handler, cookie?: string) => ReturnType<Site['ask']>;

  beforeEach(async () => {
    application = named(title);
    await fill(application);
    site = await open(application.preset(presets));
    const others = application.sends === undefined ? '' : `; ${application.sends}`;
    ask = (handler, id = cookie) => site!.ask(handler, { cookie: `${site!.name}=${id}${others}` });
  });
  afterEach(() => expect(site!.codes()).toEqual([]));

  test('Node sees who has logged in, and what it stores is beside what was there', async () => {
    const see = seeing(application, application.preset(presets));
    const { value, lines } = await ask((ctx) => [see(ctx.session, ctx), bag(application, ctx.session).cart]);
    const { who = 'alice' } = application;
    expect(value).toEqual([Number(who) || who, 'bücher']);
    expect(lines.filter((line) => line.startsWith('Set-Cookie'))).toEqual([]);
    const before = await ask((ctx) => ctx.session);
    await ask(paint(application));
    const after = await ask((ctx) => {
      const { colour } = bag(application, ctx.session);
      delete bag(application, ctx.session).colour;
      return [colour, ctx.session];
    });
    expect(after.value).toEqual(['grün', before.value]);
  });

  test('a new session fills the columns that the application fills', async () => {
    await witness.query(`DELETE FROM ${tableOf(application)}`);
    const begun = site!.begin(paint(application), {}, { headers: { 'user-agent': 'Mozilla/5.0' } });
    const answer = await site!.answer(begun.end());
    if (application.makesAll) {
      expect([answer.status, String(site!.errors.splice(0)[0])]).toEqual([500, expect.stringContaining('row.insert')]);
      return;
    }
    expect(answer.status).toBe(200);
    const [row] = await rows(application);
    const { user_id: _, ...recorded } = logins[title]!.rows[0]!; // Laravel sets it with the next request of PHP.
    for (const [column, value] of Object.entries(recorded)) {
      expect([column, row![column] === null]).toEqual([column, value === null]);
    }
    const id = application.preset(presets).store.columns!.id!;
    expect(String(row![id])).toHaveLength(String(recorded[id]).length);
    const { value } = await site!.ask((ctx) => bag(application, ctx.session).colour, { id: answer.id });
    expect(value).toBe('grün');
  });

  test('a logout leaves nothing of the session, and no cookie that logs in', async () => {
    const { lines } = await ask((ctx) => ctx.phpSession.destroy());
    for (const name of application.preset(presets).session.logoutCookies ?? []) {
      expect(lines.filter((line) => line.startsWith(`Set-Cookie: ${name}=deleted;`))).toHaveLength(1);
    }
    const id = application.preset(presets).store.columns!.id!;
    const ids = (await rows(application)).map((row) => String(row[id]));
    expect(ids).not.toContain(logins[title]!.rows[0]![id]);
    const see = seeing(application, application.preset(presets));
    expect((await ask((ctx) => see(ctx.session, ctx) ?? null)).value).toBeNull();
  });
});

describe('clocks inside a session', () => {
  // biome-ignore lint/suspicious/noExplicitAny: the same
  const clocks: Record<string, (session: any) => number> = {
    'Symfony 7': (session) => session._sf2_meta.u,
    'CakePHP 5': (session) => session.Config.time,
    'CakePHP 5, cakephp/authentication': (session) => session.Config.time,
  };

  test.each(Object.entries(clocks))('%s: a page of Node moves it, once a minute', async (title, clock) => {
    const application = named(title);
    await fill(application);
    const { session, store } = application.preset(presets);
    const { cookie: id } = logins[title]!;
    // A clock that has run out is not moved.
    const used = Math.floor(Date.now() / 1000) - 100;
    const data = store.columns!.data!;
    await witness.query(`UPDATE ${store.table} SET ${data} = REGEXP_REPLACE(${data}, 'i:1[0-9]{9};', 'i:${used};')`);
    site = await open({ ...application.preset(presets), session: { ...session, mode: 'exclusive' }, store });
    const before = (await site.ask((ctx) => clock(ctx.session), { id })).value;
    const after = (await site.ask((ctx) => clock(ctx.session), { id })).value;
    expect(before).toBe(used);
    expect(after).toBeGreaterThan(Date.now() / 1000 - 60);
  });
});

// The wrong preset: nothing is written that the application does not read, and the error names what is wrong.

const wrongVersions: [title: string, used: (all: typeof presets) => presets.Preset, says: RegExp][] = [
  ['Symfony 7', ({ symfony }) => symfony({ version: '4.3' }), /sess_lifetime holds times/],
  ['Symfony 4.3', ({ symfony }) => symfony(), /sess_lifetime holds no times/],
  ['CodeIgniter 3', ({ codeIgniter }) => codeIgniter(), /their ids are not such/],
  ['CodeIgniter 4.2.10', ({ codeIgniter }) => codeIgniter({ version: '4.4' }), /their ids are not such/],
  ['CodeIgniter 4.4.8', ({ codeIgniter }) => codeIgniter({ version: '4.7' }), /their ids are not such/],
  ['CodeIgniter 4.7', ({ codeIgniter }) => codeIgniter({ version: '4.4' }), /their ids are not such/],
  ['CodeIgniter 4.7', ({ codeIgniter }) => codeIgniter({ version: '3.1' }), /their ids are not such/],
];

describe.each(wrongVersions)('%s with another version %#', (title, used, says) => {
  test('no session is made', async () => {
    const application = named(title);
    await fill(application);
    site = await open(used(presets));
    const before = await rows(application);
    const { cookie } = logins[title]!;
    for (const id of ['', cookie.replace(/./g, '0')]) {
      const { status } = await site.ask(paint(application), { id });
      expect(status).toBe(500);
      expect(String(site.errors.splice(0)[0])).toMatch(says);
    }
    expect(await rows(application)).toEqual(before);
  });
});

const base64Key = `base64:${Buffer.alloc(32, 'made up').toString('base64')}`;
const wrongPackings: [title: string, options: Partial<presets.LaravelOptions>, says: RegExp][] = [
  ['Laravel 13', { encrypt: true }, /not in Laravel's encryption/],
  ['Laravel 13, encrypt', {}, /PHP/],
  ['Laravel 13', { serialization: 'json' }, /json|JSON/],
  ['Laravel 13, serialization json', {}, /PHP/],
  ['Laravel 13, serialization json', { encrypt: true }, /not in Laravel's encryption/],
];

describe.each(wrongPackings)('%s with %j', (title, options, says) => {
  let application: Application;
  let before: unknown;
  const refuses = async (cookie?: string) => {
    const answer = await site!.ask(paint(application), cookie === undefined ? {} : { cookie });
    expect(answer.status).toBe(500);
    expect(await rows(application)).toEqual(before);
    return String(site!.errors.splice(0)[0]);
  };
  beforeEach(async () => {
    application = named(title);
    await fill(application);
    before = await rows(application);
    site = await open(presets.laravel({ key: base64Key, ...options }));
  });

  test('its session is not read, and stays as it is', async () => {
    expect(await refuses(`${site!.name}=${logins[title]!.cookie}`)).toMatch(says);
  });

  // Where all rows are in one of PHP's own formats, `serialization` may just have been changed.
  if (options.serialization !== 'json') {
    test('none is made', async () => {
      expect(await refuses()).toMatch(/no session was made/);
    });
  }
});

const strangers: [string, string, (all: typeof presets) => presets.Preset][] = [
  ['Laravel 13', 'key', ({ laravel }) => laravel({ key: `base64:${Buffer.alloc(32, 'another').toString('base64')}` })],
  ['Laravel 13', 'name', ({ laravel }) => laravel({ key: base64Key, name: 'shop' })],
  ['CodeIgniter 4.7', 'name', ({ codeIgniter }) => codeIgniter({ name: 'shop' })],
];

test.each(strangers)('%s with another %s: nobody is logged in, and its rows stay', async (title, _, used) => {
  const application = named(title);
  await fill(application);
  const before = await rows(application);
  const see = seeing(application, application.preset(presets));
  site = await open(used(presets));
  const { name = '' } = application.preset(presets).session;
  const question = { cookie: `${name}=${logins[title]!.cookie}` };
  expect((await site.ask((ctx) => see(ctx.session, ctx) ?? null, question)).value).toBeNull();
  expect((await site.ask((ctx) => ctx.phpSession.destroy(), question)).status).toBe(200);
  expect(await rows(application)).toEqual(before);
});

test('Laravel: the cookie begins anew under the lock, and not without', async () => {
  const application = named('Laravel 13');
  await fill(application);
  const preset = application.preset(presets);
  site = await open({ ...preset, session: { ...preset.session, cookieRefresh: true } });
  const question = { cookie: `${site.name}=${logins['Laravel 13']!.cookie}` };
  const cookies = async (handler: Handler) =>
    (await site!.ask(handler, question)).lines.filter((line) => line.startsWith('Set-Cookie'));
  expect(await cookies(paint(application))).toEqual([]);
  expect(await cookies((ctx) => ctx.phpSession.lock())).toEqual([expect.stringContaining('Max-Age=7200')]);
});

test('the table of another application: the error names its columns', async () => {
  for (const title of ['Symfony 7', 'Laravel 13', 'CodeIgniter 4.7', 'CakePHP 5', 'Yii 2']) {
    const application = named(title);
    const columns = Object.values(application.preset(presets).store.columns!);
    for (const other of ['Symfony 7', 'Laravel 13', 'CodeIgniter 4.7', 'CakePHP 5', 'Yii 2']) {
      if (other === title) continue;
      await witness.query(`DROP DATABASE ${database}; CREATE DATABASE ${database}; USE ${database}`);
      await fill(named(other));
      const before = await rows(named(other));
      site = await open(application.preset(presets), { table: tableOf(named(other)) });
      const { status } = await site.ask(paint(named(other)));
      expect([title, other, status]).toEqual([title, other, 500]);
      const message = String(site.errors.splice(0)[0]);
      expect(columns.some((column) => message.includes(column))).toBe(true);
      expect(await rows(named(other))).toEqual(before);
      await site.stop();
      site = undefined;
    }
  }
});
