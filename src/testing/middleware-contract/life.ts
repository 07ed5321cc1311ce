import assert from 'node:assert/strict';
import type { ContractRunner } from '../under-test.ts';
import { Site } from './site.ts';
import type { MiddlewareUnderTest } from './under-test.ts';

/** Ids, cookies and rows, where nothing goes wrong. */
export function lifeContract(test: ContractRunner['test'], middleware: MiddlewareUnderTest): void {
  test('a request that does not use the session costs the store nothing, and gets no cookie', () =>
    Site.with(middleware, async (site) => {
      const page = await site.ask(() => 'hello');
      assert.deepEqual([page.status, page.body, page.cookies, site.rows.asked], [200, 'hello', [], 0]);
      assert.equal(page.headers['cache-control'], undefined);
    }));

  test('reading an empty session makes no row and no cookie, but the answer is not to be cached', () =>
    Site.with(middleware, async (site) => {
      const page = await site.ask((visit) => String(visit.session.user ?? visit.control.id));
      assert.deepEqual([page.body, page.cookies, site.rows.data.size], ['undefined', [], 0]);
      assert.equal(page.headers['cache-control'], 'no-store, no-cache, must-revalidate');
    }));

  test('what is stored first makes a row and a cookie, whose id the handler knows', () =>
    Site.with(middleware, async (site) => {
      const page = await site.ask((visit) => {
        visit.session.user = 'ann';
        return visit.control.id;
      });
      assert.equal(page.status, 200);
      assert.deepEqual(page.cookies, [`PHPSESSID=${page.id}; path=/`]);
      assert.equal(page.body, page.id);
      assert.equal(site.rows.data.get(page.id!), 'user|s:3:"ann";');
      assert.equal(page.headers['cache-control'], 'no-store, no-cache, must-revalidate');
    }));

  test('the next request has the session, changes it, and gets no cookie', () =>
    Site.with(middleware, async (site) => {
      site.rows.data.set('known', 'n|i:1;');
      const page = await site.ask((visit) => {
        visit.session.n = (visit.session.n as number) + 1;
        return `${visit.control.id} ${visit.session.n}`;
      }, 'known');
      assert.deepEqual([page.body, page.cookies], ['known 2', []]);
      assert.equal(site.rows.data.get('known'), 'n|i:2;');
    }));

  test('the answer waits until the session is saved', () =>
    Site.with(middleware, async (site) => {
      let isSaved = false;
      site.rows.beforeCommit = new Promise((resolve) => setTimeout(resolve, 100)).then(() => {
        isSaved = true;
      });
      const page = await site.ask((visit) => {
        visit.session.n = 1;
      });
      assert.deepEqual([isSaved, site.rows.data.get(page.id!)], [true, 'n|i:1;']);
    }));

  test('an assigned session replaces all keys', () =>
    Site.with(middleware, async (site) => {
      site.rows.data.set('known', 'a|i:1;b|i:2;');
      await site.ask((visit) => {
        visit.session = { b: 3 };
      }, 'known');
      assert.equal(site.rows.data.get('known'), 'b|i:3;');
    }));

  test('8 requests of one session at once are served one after the other', () =>
    Site.with(middleware, async (site) => {
      site.rows.data.set('known', 'n|i:0;');
      const count = async (visit: { session: Record<string, unknown> }) => {
        const before = visit.session.n as number;
        await new Promise((resolve) => setTimeout(resolve, 5));
        visit.session.n = before + 1;
      };
      await Promise.all(Array.from({ length: 8 }, () => site.ask(count, 'known')));
      assert.equal(site.rows.data.get('known'), 'n|i:8;');
    }));

  test('in strict mode an id that the store does not know is replaced', () =>
    Site.with(
      middleware,
      async (site) => {
        const page = await site.ask((visit) => {
          visit.session.n = 1;
        }, 'planted');
        assert.notEqual(page.id, 'planted');
        assert.deepEqual([...site.rows.data], [[page.id, 'n|i:1;']]);
      },
      [{ useStrictMode: true }],
    ));

  test('the attributes of the cookie', () =>
    Site.with(
      middleware,
      async (site) => {
        const page = await site.ask((visit) => {
          visit.session.n = 1;
        });
        assert.match(page.cookies[0]!, /^PHPSESSID=[^;]{26}; path=\/app; secure; HttpOnly; SameSite=Lax$/);
      },
      [{ cookiePath: '/app', cookieSecure: true, cookieHttponly: true, cookieSamesite: 'Lax', sidLength: 26 }],
    ));

  test('a mode for each request, by the function `mode`', () =>
    Site.with(
      middleware,
      async (site) => {
        site.rows.data.set('known', 'n|i:1;');
        const page = await site.ask((visit) => {
          visit.session.n = 2;
        }, 'known');
        assert.deepEqual([page.status, site.codes], [200, ['ERR_SESSION_READONLY']]);
        assert.equal(site.rows.data.get('known'), 'n|i:1;');
      },
      [{ mode: (context) => (context === undefined ? 'exclusive' : 'readonly') }],
    ));

  test('two sessions with two names', () =>
    Site.with(
      middleware,
      async (site) => {
        site.between = (outer) => {
          outer.session.of = 'outer';
        };
        const page = await site.ask((visit) => {
          visit.session.of = 'inner';
        });
        const other = /^OTHER=([^;]*)/.exec(page.cookies.find((cookie) => cookie.startsWith('OTHER=')) ?? '')?.[1];
        assert.equal(site.rows.data.get(page.id!), 'of|s:5:"inner";');
        assert.equal(site.rows.data.get(other!), 'of|s:5:"outer";');
      },
      [{ name: 'OTHER' }, {}],
    ));

  test('mounted twice: an error, and no request that waits for its own lock', () =>
    Site.with(
      middleware,
      async (site) => {
        site.rows.data.set('known', 'n|i:1;');
        const page = await site.ask(undefined, 'known');
        assert.deepEqual([page.status, site.codes], [500, ['ERR_SESSION_MOUNTED_TWICE']]);
      },
      [{}, {}],
    ));
}
