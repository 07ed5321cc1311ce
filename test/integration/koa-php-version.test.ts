import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { binaryTable, type Harness, startHarness } from '../php/harness.ts';
import { Site, storeOf } from './koa-helpers.ts';

// Beside PHP 8.6 with phpVersion '8.6', and beside an older one without it: both sides of a page send one kind of cookie, and judge ids alike.
const table = binaryTable();
const newId = () => randomBytes(16).toString('hex');
let php: Harness;

beforeAll(async () => {
  php = await startHarness([table]);
});

afterAll(async () => {
  await php.stop();
});

describe.each([
  { phpVersion: '8.5', strict: '0', httponly: '0', samesite: '' },
  { phpVersion: '8.6', strict: '1', httponly: '1', samesite: 'Lax' },
] as const)('the defaults of PHP $phpVersion', ({ phpVersion, strict, httponly, samesite }) => {
  // test/differential/cookie.test.ts asks the installed PHP whether these are its defaults.
  const ini = {
    'session.use_strict_mode': strict,
    'session.cookie_httponly': httponly,
    'session.cookie_samesite': samesite,
  };
  let site: Site;

  beforeAll(async () => {
    site = await Site.start({ store: storeOf(table), phpVersion });
  });

  afterAll(async () => {
    expect(site.codes()).toEqual([]);
    await site.stop();
  });

  const attributes = (cookies: readonly string[] | undefined) => cookies?.map((one) => one.replace(/=[^;]*/, ''));

  test('a login keeps the attributes of the cookie, whichever side does it', async () => {
    const [one, two] = [newId(), newId()];
    for (const id of [one, two]) await php.put(table, id, 'a|i:1;');
    const byPhp = await php.ask(
      { driver: 'pdo', table, id: one, ini },
      '$handler->start(); return session_regenerate_id(true);',
    );
    const byNode = await site.ask((ctx) => ctx.phpSession.regenerate(), { id: two });
    expect(byNode.id).not.toBe(two);
    expect(attributes(byNode.headers['set-cookie'])).toEqual(attributes(byPhp.headers.getSetCookie()));
  });

  test('an unknown id is replaced on both sides, or on none', async () => {
    const [one, two] = [newId(), newId()];
    const byPhp = await php.ask(
      { driver: 'pdo', table, id: one, ini },
      '$handler->start(); return $_SESSION["a"] = 1;',
    );
    const byNode = await site.ask((ctx) => Object.assign(ctx.session, { a: 1 }), { id: two });
    expect(byPhp.cookie !== undefined).toBe(strict === '1');
    expect(byNode.id !== undefined).toBe(strict === '1');
    expect(attributes(byNode.headers['set-cookie'] ?? [])).toEqual(attributes(byPhp.headers.getSetCookie()));
  });
});
