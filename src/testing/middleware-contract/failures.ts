import assert from 'node:assert/strict';
import { PhpSessionError } from '../../errors.ts';
import type { ContractRunner } from '../under-test.ts';
import { Site } from './site.ts';
import type { MiddlewareUnderTest } from './under-test.ts';

/** Handlers and stores that fail before anything of the answer was sent. */
export function failureContract(test: ContractRunner['test'], middleware: MiddlewareUnderTest): void {
  const unavailable = new PhpSessionError('ERR_SESSION_UNAVAILABLE', 'for the contract');

  test('a handler that throws: what it changed is saved, and the error page brings the cookie', () =>
    Site.with(middleware, async (site) => {
      const page = await site.ask((visit) => {
        visit.session.n = 1;
        throw new Error('of the handler');
      });
      assert.equal(page.status, 500);
      assert.equal(site.rows.data.get(page.id!), 'n|i:1;');
      assert.equal(page.headers['cache-control'], 'no-store, no-cache, must-revalidate');
      assert.deepEqual(
        site.errors.map((error) => (error as Error).message),
        ['of the handler'],
      );
    }));

  test('with discardOnError it is not', () =>
    Site.with(
      middleware,
      async (site) => {
        const page = await site.ask((visit) => {
          visit.session.n = 1;
          throw new Error('of the handler');
        });
        assert.deepEqual([page.status, page.cookies, site.rows.data.size], [500, [], 0]);
      },
      [{ discardOnError: true }],
    ));

  test('the session cannot be opened: 503 with Retry-After, and the handler does not run', () =>
    Site.with(middleware, async (site) => {
      site.rows.failure = { open: unavailable };
      let runs = 0;
      const page = await site.ask(() => {
        runs++;
      }, 'known');
      assert.deepEqual([page.status, page.headers['retry-after'], runs], [503, '1', 0]);
      assert.doesNotMatch(page.body, /for the contract/);
      assert.deepEqual(site.codes, ['ERR_SESSION_UNAVAILABLE']);
    }));

  test('the session cannot be saved: 503 with Retry-After, and nothing of the answer', () =>
    Site.with(middleware, async (site) => {
      site.rows.failure = { commit: unavailable };
      for (const id of [undefined, 'known']) {
        const page = await site.ask((visit) => {
          visit.session.n = 1;
          return 'saved';
        }, id);
        assert.deepEqual([page.status, page.headers['retry-after'], page.cookies], [503, '1', []]);
        assert.doesNotMatch(page.body, /saved/);
      }
      assert.deepEqual(site.codes, ['ERR_SESSION_UNAVAILABLE', 'ERR_SESSION_UNAVAILABLE']);
    }));

  test('what cannot be stored: 500, and the row stays', () =>
    Site.with(middleware, async (site) => {
      site.rows.data.set('known', 'n|i:1;');
      const page = await site.ask((visit) => {
        visit.session.n = () => 1;
      }, 'known');
      assert.deepEqual([page.status, site.codes], [500, ['ERR_PHP_UNREPRESENTABLE']]);
      assert.equal(site.rows.data.get('known'), 'n|i:1;');
    }));

  test('a row that cannot be read: its page fails, and it can be logged out', () =>
    Site.with(middleware, async (site) => {
      site.rows.data.set('known', 'broken');
      const page = await site.ask((visit) => String(visit.session.n), 'known');
      assert.deepEqual([page.status, site.rows.data.get('known')], [500, 'broken']);
      assert.equal((await site.ask(() => 'needs no data', 'known')).status, 200);
      await site.ask((visit) => visit.control.destroy(), 'known');
      assert.equal(site.rows.data.size, 0);
    }));
}
