import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mysqlStore } from '../../src/mysql.ts';
import { yii } from '../../src/presets/index.ts';
import type { SessionOptions } from '../../src/session/options.ts';
import { Site } from './koa-helpers.ts';
import { testServer, Witness } from './mysql-store-helpers.ts';
import { type Case, cases, zone } from './presets-cases.ts';

// A visitor who stays on pages of Node for longer than PHP's side lets him be idle: with an application's own classes, where their folder is in
// PHP_SESSION_BRIDGE_APPLICATIONS, or else with their rule.

const { PHP_SESSION_BRIDGE_APPLICATIONS: folder } = process.env;
const side = join(__dirname, '../php/presets');

/** What PHP's side answers. */
interface Seen {
  id: string;
  /** The visitor's second cookie. */
  cookie: string | null;
  user: string | null;
}

const caseOf = (name: string) => cases.find((one) => one.name === name)!;
/** A page in test/applications is Yii's case. It has no clock. */
const yii2: Pick<Case, 'name' | 'preset' | 'create' | 'own'> = {
  name: 'yii2',
  preset: yii({ authTimeout: 900 }),
  create: 'CREATE TABLE session (id VARCHAR(255) NOT NULL PRIMARY KEY, expire INT, data LONGBLOB)',
};

let witness: Witness;
beforeAll(async () => {
  witness = await Witness.connect();
});
afterAll(() => witness.end());

describe.each([
  // Seconds for which a visitor may be idle, but not twice, and for which he may not. Roundcube's slots are of 300 seconds.
  { ...caseOf('roundcube-1.6'), idle: 560, over: 1000, needs: [] },
  { ...caseOf('roundcube-1.7'), idle: 560, over: 1000, needs: [] },
  {
    ...caseOf('joomla'),
    ...{ idle: 700, over: 1000, needs: ['joomla-session', 'joomla-input', 'joomla-event', 'joomla-cms'] },
  },
  { ...yii2, idle: 700, over: 1000, needs: [] },
])('$name', ({ name, preset, create, own: store, idle, over, needs }) => {
  const database = { ...testServer(), database: `clocks_${name.replace(/\W/g, '_')}` };
  const hasOwn = folder !== undefined && [name, ...needs].every((one) => existsSync(join(folder, one)));
  let site: Site | undefined;

  /** Lets PHP answer one request, so many seconds from now. */
  function php(what: 'login' | 'visit', seconds: number, visitor: Partial<Seen> = {}): Promise<Seen> {
    const { id, cookie } = visitor;
    const own = hasOwn ? join(folder, name) : undefined;
    const input = JSON.stringify({
      do: what,
      id,
      cookie,
      time: Math.floor(Date.now() / 1000) + seconds,
      database,
      zone,
      own,
    });
    return new Promise((resolve, reject) => {
      const settings = ['-d', 'display_errors=stderr', '-d', 'error_reporting=24575']; // all but deprecations
      const child = execFile('php', [...settings, join(side, 'clocks.php'), name], (error, out) => {
        if (error) reject(error);
        else if (!out.startsWith('{')) reject(new Error(out));
        else resolve(JSON.parse(out));
      });
      child.stdin!.end(input);
    });
  }

  /** A page of Node, now. @returns the visitor, as he is after it */
  async function node(visitor: Seen, options: Partial<Record<keyof SessionOptions, unknown>> = {}): Promise<Seen> {
    site = await Site.start({
      store: mysqlStore({ connection: database, ...preset.store, ...store }),
      ...preset.session,
      ...options,
    } as SessionOptions);
    const own = `${site.name}=${visitor.id}`;
    const second = visitor.cookie === null ? '' : `; roundcube_sessauth=${visitor.cookie}`;
    const { status, headers } = await site.ask((ctx) => Object.keys(ctx.session).length, { cookie: own + second });
    expect([status, site.errors]).toEqual([200, []]);
    const sent = headers['set-cookie']?.find((one) => one.startsWith('roundcube_sessauth='));
    await site.stop();
    site = undefined;
    return sent === undefined ? visitor : { ...visitor, cookie: sent.split(/[=;]/)[1]! };
  }

  beforeEach(async () => {
    await witness.query(
      `DROP DATABASE IF EXISTS ${database.database}; CREATE DATABASE ${database.database}; USE ${database.database}`,
    );
    await witness.query(create);
  });
  afterEach(() => site?.stop());

  test('a visitor who stays on pages of Node stays logged in', async () => {
    const visitor = await php('login', -idle);
    expect(visitor.user).toBe('alice');
    const after = await node(visitor);
    const { user, id } = await php('visit', idle, after);
    expect([user, id]).toEqual(['alice', visitor.id]);
  });

  test('PHP logs out who has no page at all, and with the option switched off', async () => {
    const gone = await php('login', -idle);
    expect((await php('visit', idle, gone)).user).toBeNull();
    const visitor = await php('login', -idle);
    const same = await node(visitor, { idleClock: undefined, idleCookie: undefined });
    expect(same).toEqual(visitor);
    expect((await php('visit', idle, same)).user).toBeNull();
  });

  test('a page of Node revives nobody whom PHP would log out', async () => {
    const visitor = await php('login', -over);
    const same = await node(visitor);
    expect(same).toEqual(visitor);
    expect((await php('visit', 0, same)).user).toBeNull();
  });

  test('in the mode readonly nothing moves', async () => {
    const visitor = await php('login', -idle);
    const same = await node(visitor, { mode: 'readonly' });
    expect(same).toEqual(visitor);
    expect((await php('visit', idle, same)).user).toBeNull();
  });
});
