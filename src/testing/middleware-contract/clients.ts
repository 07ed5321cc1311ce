import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import type { ContractRunner } from '../under-test.ts';
import { begun, read, readBody, Site, signal, until } from './site.ts';
import type { MiddlewareUnderTest } from './under-test.ts';

/** Clients that go away or take their time, and answers that do. */
export function clientContract(test: ContractRunner['test'], middleware: MiddlewareUnderTest): void {
  test('a client that goes away while it waits for the lock: its handler does not run', () =>
    Site.with(middleware, async (site) => {
      const [running, end] = [signal(), signal()];
      site.rows.data.set('known', 'n|i:1;');
      const first = site.ask(async () => {
        running.happen();
        await end.happened;
      }, 'known');
      await running.happened;
      let runs = 0;
      const impatient = site.begin(() => runs++, 'PHPSESSID=known').end();
      await until(() => site.rows.waiting === 1, 'the second request does not wait for the lock of the first');
      impatient.destroy();
      await until(() => site.rows.waiting === 0, 'a client that has gone goes on waiting for the lock');
      end.happen();
      await first;
      assert.equal(runs, 0);
    }));

  test('a client that goes away while its handler runs: the session is saved when that has ended', () =>
    Site.with(middleware, async (site) => {
      const [running, end] = [signal(), signal()];
      site.rows.data.set('known', 'n|i:1;');
      const sent = site
        .begin(async (visit) => {
          visit.session.n = 2;
          running.happen();
          await end.happened;
          visit.session.n = 3;
        }, 'PHPSESSID=known')
        .end();
      await running.happened;
      sent.destroy();
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(site.rows.held, 1);
      end.happen();
      await until(() => site.rows.data.get('known') === 'n|i:3;', 'what the handler changed is not saved');
    }));

  test('a streamed answer begins when the session is saved, and holds no lock', () =>
    Site.with(middleware, async (site) => {
      const body = new PassThrough();
      body.write('a');
      const sent = site
        .begin((visit) => {
          visit.session.n = 1;
          return body;
        })
        .end();
      const response = await begun(sent);
      assert.deepEqual([[...site.rows.data.values()], site.rows.held], [['n|i:1;'], 0]);
      body.end('b');
      assert.equal((await readBody(response)).body, 'ab');
    }));

  if (middleware.waitsForBody === false) return;

  test('a body that is still coming: no lock is held, and the handler waits', () =>
    Site.with(middleware, async (site) => {
      site.rows.data.set('known', 'n|i:1;');
      let runs = 0;
      const arrival = site.nextRequest();
      const sent = site.begin(() => runs++, 'PHPSESSID=known', 'POST');
      sent.setHeader('Content-Length', 2);
      sent.write('a');
      await arrival;
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.deepEqual([site.rows.asked, runs], [0, 0]);
      sent.end('b');
      assert.equal((await read(sent)).status, 200);
      assert.equal(runs, 1);
    }));
}
