import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { msgpack } from '../../src/codec/msgpack/index.ts';
import { igbinary } from '../../src/igbinary.ts';
import { mysqlStore } from '../../src/mysql.ts';
import * as presets from '../../src/presets/index.ts';
import { type Recognition, type RecognizeOptions, recognize } from '../../src/recognize.ts';
import type { SessionOptions } from '../../src/session/options.ts';
import { emptyDatabase } from './empty-database.ts';
import { Site } from './koa-helpers.ts';
import { testServer, type Witness } from './mysql-store-helpers.ts';
import { type RecognizeCase, readCases } from './recognize-cases.ts';
import { lookalikes } from './recognize-lookalikes.ts';

const database = `recognize_${process.pid}`;
let witness: Witness;
let cases: RecognizeCase[];
let site: Site | undefined;

emptyDatabase(database, (made) => {
  witness = made;
});
beforeAll(async () => {
  cases = await readCases();
});
afterEach(async () => {
  await site?.stop();
  site = undefined;
});

const look = (options: Partial<RecognizeOptions> = {}) =>
  recognize({ connection: { ...testServer(), database }, ...options });

/** Runs the code that is to be pasted, as it is but for its imports. @returns the options of phpSession() */
function run(code: string, env: Record<string, string>): SessionOptions {
  const names = { ...presets, mysqlStore, igbinary, msgpack, phpSession: (options: SessionOptions) => options };
  const { host, port, user, password } = testServer();
  const url = `mysql://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
  const body = code.replace(/^import .*$/gm, '');
  const make = new Function(...Object.keys(names), 'process', `${body}\nreturn session;`);
  return make(...Object.values(names), { env: { DATABASE_URL: url, ...env } });
}

/** Who Node says that is logged in, with the options of the code. */
async function whoIs(
  { code, unknown }: Recognition,
  { env, own, cookie, see }: Pick<RecognizeCase, 'env' | 'own' | 'cookie' | 'see'>,
) {
  let edited = code;
  for (const [option, value] of Object.entries(own)) {
    expect(unknown.map((one) => one.option)).toContain(option);
    edited = edited.replace(new RegExp(`// ${option}: .*`), `${option}: '${value}',`);
  }
  site = await Site.start(run(edited, env));
  const { value } = await site.ask((ctx) => see(ctx.session, ctx) ?? null, { cookie: `${site.name}=${cookie}` });
  expect(site.codes()).toEqual([]);
  await site.stop();
  site = undefined;
  return value;
}

describe('each application', () => {
  test('with a login: what it is, and the code reads the session', async () => {
    for (const one of cases) {
      await witness.query(`DROP DATABASE ${database}; CREATE DATABASE ${database}; USE ${database}`);
      await witness.query(one.schema);
      await one.fill(witness.connection);
      const found = await look();
      expect([one.title, found]).toEqual([one.title, [expect.objectContaining({ table: one.table, ...one.is })]]);
      expect([one.title, await whoIs(found[0]!, one)]).toEqual([one.title, one.who]);
    }
  }, 120_000);

  test('without a row', async () => {
    for (const one of cases) {
      await witness.query(`DROP DATABASE ${database}; CREATE DATABASE ${database}; USE ${database}`);
      await witness.query(one.schema);
      const found = await look();
      const { application, preset } = one.is;
      expect([one.title, found]).toEqual([
        one.title,
        [
          expect.objectContaining({
            ...{ table: one.table, application, ...(preset && { preset }) },
            ...{ rows: { seen: 0, understood: 0 }, ...one.empty },
          }),
        ],
      ]);
      expect(() => run(found[0]!.code, one.env)).not.toThrow();
    }
  }, 60_000);
});

test.each(lookalikes)('silent for $title', async ({ sql }) => {
  await witness.query(sql);
  expect(await look()).toEqual([]);
});

const named = (title: string): RecognizeCase => cases.find((one) => one.title === title)!;

/** The tables of several applications in one database, each with its login; under names of their own. */
async function together(tables: Record<string, string>) {
  for (const [title, name] of Object.entries(tables)) {
    const { schema, fill, table } = named(title);
    await witness.query(schema);
    await fill(witness.connection);
    await witness.query(`RENAME TABLE ${table} TO \`__${name}\``);
  }
  for (const name of Object.values(tables)) await witness.query(`RENAME TABLE \`__${name}\` TO \`${name}\``);
}

test('several applications in one database, with prefixes', async () => {
  const tables = {
    ...{ 'Laravel 13': 'sessions', moodle: 'mdl_sessions', joomla: 'j4x_session', drupal: 'drupal_sessions' },
    ...{ magento: 'pre_session', 'Symfony 7': 'app-sessions', matomo: 'piwik_session', opencart: 'shop_session' },
    ...{ 'roundcube-1.6': 'rc_session', 'Yii 2': 'YiiSession', 'CodeIgniter 4.7': 'ci_sessions', laminas: 'session' },
  };
  await together(tables);
  await witness.query(lookalikes[5]!.sql.replaceAll('sessions', 'rails_sessions'));
  const found = await look();
  const [known, others] = [Object.entries(tables), found.map(({ table }) => table)];
  expect(others.sort()).toEqual(Object.values(tables).sort());
  for (const [title, table] of known) {
    const one = found.find((it) => it.table === table)!;
    const { options, ...is } = named(title).is;
    expect([title, one]).toEqual([title, expect.objectContaining(is)]);
    expect([title, await whoIs(one, named(title))]).toEqual([title, named(title).who]);
  }
  const prefixes = Object.fromEntries(found.map(({ table, options, store }) => [table, options.prefix ?? store.table]));
  expect(prefixes).toEqual({
    ...{ sessions: undefined, mdl_sessions: 'mdl_', j4x_session: 'j4x_', drupal_sessions: 'drupal_sessions' },
    ...{ pre_session: 'pre_', 'app-sessions': 'app-sessions', piwik_session: 'piwik_', shop_session: 'shop_' },
    ...{ rc_session: 'rc_', YiiSession: 'YiiSession', ci_sessions: undefined, session: undefined },
  });
}, 60_000);
