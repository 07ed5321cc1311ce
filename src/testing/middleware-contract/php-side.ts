import assert from 'node:assert/strict';
import type { SessionOptions } from '../../session/options.ts';
import type { ContractRunner } from '../under-test.ts';
import { Site } from './site.ts';
import type { MiddlewareUnderTest } from './under-test.ts';

/** What PHP's side may have beside a plain session: a packed cookie, cookies that log in again, a clock inside the session. */
export function phpSideContract(test: ContractRunner['test'], middleware: MiddlewareUnderTest): void {
  const packed: Partial<SessionOptions> = {
    cookieLifetime: 60,
    cookieRefresh: true,
    cookieEncoding: {
      decode: (value, name) => (value.startsWith(`${name}:`) ? value.slice(name.length + 1) : undefined),
      encode: (id, name) => `${name}:${id}`,
    },
  };

  test('the id of a packed cookie is read, and a new one is packed', () =>
    Site.with(
      middleware,
      async (site) => {
        site.rows.data.set('known', 'n|i:1;');
        const page = await site.ask((visit) => `${visit.control.id} ${visit.session.n}`, 'PHPSESSID:known');
        assert.deepEqual([page.body, page.id], ['known 1', 'PHPSESSID:known']); // sent again by cookieRefresh
        const next = await site.ask(async (visit) => {
          await visit.control.regenerate();
          return visit.control.id;
        }, 'PHPSESSID:known');
        assert.deepEqual([next.id, site.rows.data.get(next.body)], [`PHPSESSID:${next.body}`, 'n|i:1;']);
        const first = await site.ask((visit) => {
          visit.session.user = 'ann';
        });
        assert.equal(site.rows.data.get(first.id!.slice('PHPSESSID:'.length)), 'user|s:3:"ann";');
      },
      [packed],
    ));

  test('an id that is not packed, or for another cookie, is as no cookie', () =>
    Site.with(
      middleware,
      async (site) => {
        site.rows.data.set('known', 'user|s:3:"ann";');
        for (const cookie of ['known', 'OTHER:known', 'PHPSESSID:', 'PHPSESSID']) {
          const page = await site.ask((visit) => String(visit.session.user), cookie);
          assert.deepEqual([page.status, page.body, page.cookies], [200, 'undefined', []], cookie);
        }
        assert.deepEqual([...site.rows.data], [['known', 'user|s:3:"ann";']]);
      },
      [packed],
    ));

  test('a logout removes the cookies of logoutCookies too', () =>
    Site.with(
      middleware,
      async (site) => {
        site.rows.data.set('known', 'user|s:3:"ann";');
        const named = (cookies: readonly string[]) => cookies.map((cookie) => cookie.split(';')[0]).sort();
        const all = ['PHPSESSID=deleted', 'auth=deleted', 'remember=deleted'];
        const page = await site.ask((visit) => visit.control.destroy(), 'known');
        assert.deepEqual([named(page.cookies), site.rows.data.size], [all, 0]);
        assert.ok(page.cookies.every((cookie) => cookie.includes('Max-Age=0; path=/app')));
        // The session has gone already; these would still log in.
        const again = await site.ask((visit) => visit.control.destroy(), 'known');
        assert.deepEqual(named(again.cookies), all.slice(1));
        const without = await site.ask((visit) => visit.control.destroy());
        assert.deepEqual(named(without.cookies), all.slice(1));
        // What a login of another request has left of the old id: its cookies stay.
        site.rows.data.set('left', '');
        const left = await site.ask((visit) => visit.control.destroy(), 'left');
        assert.deepEqual(left.cookies, []);
      },
      [{ logoutCookies: ['remember', 'auth'], cookiePath: '/app' }],
    ));

  test('idleClock moves the clock of a session that is there, and of no other', () => {
    const clock: Partial<SessionOptions> = {
      idleClock: (data, now) => {
        if (data.meta) data.meta.used = now;
      },
    };
    return Site.with(
      middleware,
      async (site) => {
        const begun = Math.floor(Date.now() / 1000);
        site.rows.data.set('known', 'meta|a:1:{s:4:"used";i:5;}');
        await site.ask(undefined, 'known');
        const [, used] = /i:(\d+)/.exec(site.rows.data.get('known')!) ?? [];
        assert.ok(Number(used) >= begun && Number(used) <= begun + 5, used);
        const page = await site.ask((visit) => {
          visit.session.meta = { used: 1 };
        });
        assert.equal(site.rows.data.get(page.id!), 'meta|a:1:{s:4:"used";i:1;}');
      },
      [clock],
    );
  });
}
