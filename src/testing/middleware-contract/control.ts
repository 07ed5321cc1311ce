import assert from 'node:assert/strict';
import type { ContractRunner } from '../under-test.ts';
import { Site } from './site.ts';
import type { MiddlewareUnderTest } from './under-test.ts';

/** Login, logout, and what else the application can do with its session. */
export function controlContract(test: ContractRunner['test'], middleware: MiddlewareUnderTest): void {
  const removal = 'PHPSESSID=deleted; expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; path=/';

  test('regenerate() moves the session, and leaves nothing under the old id', () =>
    Site.with(middleware, async (site) => {
      site.rows.data.set('old', 'cart|i:1;');
      const page = await site.ask(async (visit) => {
        await visit.control.regenerate();
        visit.session.user = 'ann';
      }, 'old');
      assert.notEqual(page.id, 'old');
      assert.equal(site.rows.data.get(page.id!), 'cart|i:1;user|s:3:"ann";');
      assert.equal(site.rows.data.get('old'), '');
    }));

  test('destroy() deletes the row and the cookie', () =>
    Site.with(middleware, async (site) => {
      site.rows.data.set('known', 'user|s:3:"ann";');
      const page = await site.ask((visit) => visit.control.destroy(), 'known');
      assert.deepEqual([page.cookies, site.rows.data.size], [[removal], 0]);
    }));

  test('null is a logout', () =>
    Site.with(middleware, async (site) => {
      site.rows.data.set('known', 'user|s:3:"ann";');
      const page = await site.ask((visit) => {
        visit.session = null;
      }, 'known');
      assert.deepEqual([page.cookies, site.rows.data.size], [[removal], 0]);
    }));

  test('what is stored after destroy() is another session', () =>
    Site.with(middleware, async (site) => {
      site.rows.data.set('known', 'user|s:3:"ann";');
      const page = await site.ask(async (visit) => {
        await visit.control.destroy();
        visit.session.flash = 'bye';
      }, 'known');
      assert.deepEqual([...site.rows.data], [[page.id, 'flash|s:3:"bye";']]);
      assert.equal(page.cookies.length, 1);
    }));

  test('close() saves and frees the lock while the handler goes on; a later change is reported', () =>
    Site.with(middleware, async (site) => {
      site.rows.data.set('known', 'n|i:1;');
      const page = await site.ask(async (visit) => {
        visit.session.n = 2;
        await visit.control.close();
        const held = site.rows.held;
        visit.session.n = 3;
        return String(held);
      }, 'known');
      assert.deepEqual([page.status, page.body, site.codes], [200, '0', ['ERR_SESSION_CLOSED']]);
      assert.equal(site.rows.data.get('known'), 'n|i:2;');
    }));

  test('lock() in the mode merge takes the lock', () =>
    Site.with(
      middleware,
      async (site) => {
        site.rows.data.set('known', 'n|i:1;');
        const page = await site.ask(async (visit) => {
          const { held } = site.rows;
          await visit.control.lock();
          return `${held} ${site.rows.held}`;
        }, 'known');
        assert.equal(page.body, '0 1');
      },
      [{ mode: 'merge' }],
    ));

  test('a logout by another request while this one runs: nothing is written, and it is reported to the application', () =>
    Site.with(
      middleware,
      async (site) => {
        site.rows.data.set('known', 'n|i:1;');
        await site.ask((visit) => {
          visit.session.n = 2;
          site.rows.data.delete('known');
        }, 'known');
        assert.deepEqual([site.rows.data.size, site.gone], [0, 1]);
      },
      [{ mode: 'merge' }],
    ));
}
