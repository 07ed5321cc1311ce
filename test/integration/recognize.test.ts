import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { msgpack } from '../../src/codec/msgpack/index.ts';
import { igbinary } from '../../src/igbinary.ts';
import { mysqlStore } from '../../src/mysql.ts';
import * as presets from '../../src/presets/index.ts';
import { type Recognition, type RecognizeOptions, recognize } from '../../src/recognize.ts';
import type { SessionOptions } from '../../src/session/options.ts';
import { Site } from './koa-helpers.ts';
import { testServer, Witness } from './mysql-store-helpers.ts';
import { type RecognizeCase, readCases } from './recognize-cases.ts';

const database = `recognize_${process.pid}`;
let witness: Witness;
let cases: RecognizeCase[];
let site: Site | undefined;

beforeAll(async () => {
  witness = await Witness.connect();
  cases = await readCases();
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
  const { value } = await site.ask((ctx) => see(ctx.session) ?? null, { cookie: `${site.name}=${cookie}` });
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
