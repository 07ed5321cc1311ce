import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PhpSessionError } from '../../errors.ts';
import type { ContractRunner } from '../under-test.ts';
import { begun, Site, signal, until } from './site.ts';
import type { MiddlewareUnderTest } from './under-test.ts';

const ways: Record<string, (res: ServerResponse) => unknown> = {
  'end()': (res) => res.end('ab'),
  'write() and end()': (res) => {
    res.write('a');
    res.end('b');
  },
  'writeHead() and end()': (res) => res.writeHead(200, { 'X-Own': 'own' }).end('ab'),
  'flushHeaders() and end()': (res) => {
    res.flushHeaders();
    res.end('ab');
  },
  'pipeline()': (res) => pipeline(Readable.from(['a', 'b']), res),
  "write() with 'drain'": async (res) => {
    for (const part of 'ab') if (!res.write(part)) await once(res, 'drain');
    res.end();
  },
};

/** Answers that handlers send by Node's `res`, while they run. What changes afterwards is saved, or reported. */
export function earlyContract(test: ContractRunner['test'], middleware: MiddlewareUnderTest): void {
  if (middleware.answersByHand === false) return;

  for (const [name, answer] of Object.entries(ways)) {
    test(`${name} begins a session`, () =>
      Site.with(middleware, async (site) => {
        const ended = signal();
        const page = await site.ask(async ({ session, control, res }) => {
          res!.statusCode = 200;
          session.before = control.id ?? 'none';
          await answer(res!);
          session.after = 1;
          ended.happen();
        });
        await ended.happened;
        assert.deepEqual([page.status, page.body], [200, 'ab']);
        assert.match(page.id ?? 'no cookie', /^[0-9a-f]{32}$/);
        const saved = `before|s:4:"none";`;
        const isKept = () => site.rows.data.get(page.id!) === `${saved}after|i:1;`;
        await until(() => isKept() || site.codes.includes('ERR_SESSION_CLOSED'), 'what came later is not reported');
        assert.ok(site.rows.data.get(page.id!)?.startsWith(saved));
      }));

    test(`${name} brings the new id of a login`, () =>
      Site.with(middleware, async (site) => {
        site.rows.data.set('old', 'cart|i:1;');
        const page = await site.ask(async ({ control, res }) => {
          res!.statusCode = 200;
          await control.regenerate();
          await answer(res!);
        }, 'old');
        assert.deepEqual([page.body, site.rows.data.get(page.id!)], ['ab', 'cart|i:1;']);
        assert.equal(site.rows.data.get('old'), '');
      }));

    test(`${name} is answered with 503 if there is no row for the cookie`, () =>
      Site.with(middleware, async (site) => {
        site.rows.failure = { commit: new PhpSessionError('ERR_SESSION_UNAVAILABLE', 'for the contract') };
        const page = await site.ask(async ({ session, res }) => {
          session.n = 1;
          await Promise.resolve(answer(res!)).catch(() => undefined);
        });
        assert.deepEqual([page.status, page.headers['retry-after'], page.cookies], [503, '1', []]);
        assert.notEqual(page.body, 'ab');
        await until(() => site.codes.includes('ERR_SESSION_UNAVAILABLE'), 'the failure is not reported');
      }));
  }

  test('the first byte waits for the row', () =>
    Site.with(middleware, async (site) => {
      const commit = signal();
      site.rows.beforeCommit = commit.happened;
      const sent = site
        .begin(({ session, res }) => {
          session.n = 1;
          res!.write('a');
          res!.end('b');
        })
        .end();
      let hasBegun = false;
      const response = begun(sent).then((response) => {
        hasBegun = true;
        return response;
      });
      response.catch(() => undefined);
      await until(() => site.rows.held === 1, 'no row is made');
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(hasBegun, false);
      commit.happen();
      (await response).resume();
      assert.equal([...site.rows.data.values()][0], 'n|i:1;');
    }));

  test('an existing session is saved', () =>
    Site.with(middleware, async (site) => {
      site.rows.data.set('known', 'n|i:1;');
      const page = await site.ask(({ session, res }) => {
        session.n = 2;
        res!.end('ab');
      }, 'known');
      assert.deepEqual([page.body, page.cookies], ['ab', []]);
      await until(() => site.rows.data.get('known') === 'n|i:2;', 'what was changed is not saved');
    }));

  test('a handler that throws when the answer is out: the session is saved, and the error is reported', () =>
    Site.with(middleware, async (site) => {
      const page = await site.ask(({ session, res }) => {
        session.n = 1;
        res!.end('ab');
        throw new Error('of the handler');
      });
      assert.equal(page.body, 'ab');
      await until(() => site.errors.length > 0, 'the error is not reported');
      assert.equal((site.errors[0] as Error).message, 'of the handler');
      assert.equal(site.rows.data.get(page.id!), 'n|i:1;');
    }));

  test('a session that begins after the headers is reported, and not stored', () =>
    Site.with(middleware, async (site) => {
      const page = await site.ask((visit) => {
        visit.res!.write('a');
        visit.session.n = 1;
        visit.res!.end('b');
      });
      assert.deepEqual([page.body, page.cookies], ['ab', []]);
      await until(() => site.errors.length > 0, 'that it is not stored is not reported');
      assert.match(String(site.codes[0]), /^ERR_SESSION_(HEADERS_SENT|CLOSED)$/);
      assert.equal(site.rows.data.size, 0);
    }));

  test('regenerate() after the headers fails', () =>
    Site.with(middleware, async (site) => {
      site.rows.data.set('known', 'n|i:1;');
      let failure: unknown;
      await site.ask(async ({ control, res }) => {
        res!.write('a');
        failure = await control.regenerate().catch((error: unknown) => error);
        res!.end('b');
      }, 'known');
      assert.match(String((failure as { code?: unknown }).code), /^ERR_SESSION_(HEADERS_SENT|CLOSED)$/);
      assert.equal(site.rows.data.get('known'), 'n|i:1;');
    }));

  test('destroy() after the headers deletes the row', () =>
    Site.with(middleware, async (site) => {
      site.rows.data.set('known', 'n|i:1;');
      await site.ask(async ({ control, res }) => {
        res!.flushHeaders();
        await control.destroy().catch(() => control.id); // where the session is saved with the headers, that is reported
        res!.end();
      }, 'known');
      assert.ok(site.rows.data.size === 0 || site.codes.includes('ERR_SESSION_CLOSED'));
    }));
}
