import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import { type Connection, createConnection } from 'mysql2/promise';
import { hordeSession } from '../../src/horde/index.ts';
import { type HordeBeside, hordeBeside, hordeLogin, postHordeLogin } from '../../src/horde/login.ts';
import { loggedIn, phpSession } from '../../src/middleware/koa.ts';
import { horde } from '../../src/presets/index.ts';
import { type SessionOpener, sessionOpener } from '../../src/session.ts';
import { createTableSql, mysqlStore } from '../../src/stores/mysql/index.ts';
import type { SessionStore } from '../../src/stores/store.ts';
import { hordeLab } from '../helpers/horde-lab.ts';

// A whole Horde, untouched, with Node beside it. Node's account cannot write `session_data`, so nothing of Horde's can be lost by it.
const lab = hordeLab();
const title = 'Node beside a whole Horde';
const count = Number(process.env.HORDE_REQUESTS ?? 200);
const userAgent = 'Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0';
const secret = 'a made-up text of 32 characters.';

interface Own {
  [name: string]: unknown;
}

/** A browser, as far as Horde sees it. */
class Browser {
  readonly jar = new Map<string, string>();
  forwardedFor: string | undefined;

  take(lines: readonly string[]): void {
    for (const line of lines) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line)!;
      if (value === 'deleted') this.jar.delete(name);
      else this.jar.set(name, value);
    }
  }

  get headers(): Record<string, string> {
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const forwarded = this.forwardedFor === undefined ? {} : { 'x-forwarded-for': this.forwardedFor };
    return { cookie, 'user-agent': userAgent, ...forwarded };
  }

  async get(path: string): Promise<Response & { body: string }> {
    const answer = await fetch(`${lab!.origin}/horde/${path}`, { headers: this.headers, redirect: 'manual' });
    this.take(answer.headers.getSetCookie());
    return { status: answer.status, location: answer.headers.get('location'), body: await answer.text() } as never;
  }

  async logIn(user = 'alice', password = 'secret'): Promise<this> {
    const { forwardedFor } = this;
    const form = { url: lab!.url, user, password, userAgent, ...(forwardedFor !== undefined && { forwardedFor }) };
    this.take((await postHordeLogin(form)).cookies);
    return this;
  }

  get id(): string {
    return this.jar.get('Horde')!;
  }
}

if (lab === undefined) {
  test.skip(`${title} was left out: PHP_SESSION_BRIDGE_HORDE_LAB names none`, () => undefined);
} else {
  describe(title, () => {
    const app = horde({ secretKey: lab.secretKey });
    let admin: Connection;
    let stores: SessionStore[];
    let openSession: SessionOpener;
    let beside: HordeBeside<Own>;

    beforeAll(async () => {
      admin = await createConnection({ ...lab.admin, multipleStatements: true });
      await admin.query(`DROP TABLE IF EXISTS node_session; ${createTableSql({ table: 'node_session' })};
        CREATE OR REPLACE USER node@127.0.0.1 IDENTIFIED BY 'made-up';
        GRANT SELECT, UPDATE (session_lastmodified) ON horde.horde_sessionhandler TO node@127.0.0.1;
        GRANT SELECT, INSERT, UPDATE, DELETE ON horde.node_session TO node@127.0.0.1`);
      const connection = { host: '127.0.0.1', port: lab.port, user: 'node', password: 'made-up', database: 'horde' };
      const hordeStore = mysqlStore({ connection, ...app.store });
      const store = mysqlStore({ connection, table: 'node_session', gcMaxlifetime: 72_000 });
      stores = [hordeStore, store];
      openSession = sessionOpener({ store: hordeStore, ...app.session });
      beside = hordeBeside({ store, login: app.login, secret });
    });

    afterAll(async () => {
      for (const store of stores ?? []) await store.close();
      await admin?.end();
    });

    /** A page of Node. Its visitor comes from the same address as Horde's. */
    async function onNode<T>(browser: Browser, run: (own: Own) => T): Promise<T | undefined> {
      const { headers } = browser;
      await using session = await openSession({ headers });
      await using own = await beside.open(session.data, { headers }, { address: '127.0.0.1' });
      const result = own && run(own.data);
      await own?.commit();
      await session.commit();
      return result;
    }

    async function hordeKeys(id: string): Promise<string[]> {
      const [rows] = await admin.query('SELECT session_data FROM horde_sessionhandler WHERE session_id = ?', [id]);
      const [row] = rows as { session_data: Buffer }[];
      return [...row!.session_data.toString('latin1').matchAll(/"(h\d+)";i:1;/g)].map(([, key]) => key!);
    }

    /** Runs jobs, so many at once. */
    async function atOnce(limit: number, jobs: (() => Promise<unknown>)[]): Promise<void> {
      await Promise.all(
        Array.from({ length: limit }, async () => {
          for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job();
        }),
      );
    }

    test.each([
      ['Horde alone, one at a time', 1],
      ['Horde six at a time', 6],
    ])(
      '%s, Node six at a time, all writing: nothing of Node is lost, nor of Horde by Node',
      async (_, hordes) => {
        const browser = await new Browser().logIn();
        const ofHorde = Array.from({ length: count }, (_, i) => () => browser.get(`bridge.php?set=h${i}`));
        const ofNode = Array.from(
          { length: count },
          (_, i) => () =>
            onNode(browser, (own) => {
              own[`n${i}`] = 1;
              own.count = ((own.count as number | undefined) ?? 0) + 1;
            }),
        );
        await Promise.all([atOnce(hordes, ofHorde), atOnce(6, ofNode)]);
        const own = await onNode(browser, (data) => ({ ...data }));
        const lostByHorde = count - new Set(await hordeKeys(browser.id)).size;
        console.log(
          `${hordes} of Horde at once: of ${count} of Horde's ${lostByHorde} lost, of ${count} of Node's ${count + 1 - Object.keys(own!).length}`,
        );
        expect([Object.keys(own!).length, own!.count]).toEqual([count + 1, count]);
        if (hordes === 1) expect(lostByHorde).toBe(0);
      },
      600_000,
    );

    test('the data follow a new id, and go with the login', async () => {
      const browser = await new Browser().logIn();
      await onNode(browser, (own) => {
        own.cart = ['apples'];
      });
      const before = browser.id;
      await browser.get('bridge.php?regenerate=1');
      expect(browser.id).not.toBe(before);
      expect(await onNode(browser, (own) => own.cart)).toEqual(['apples']);

      // The old id is nobody's, and after Horde's logout the id is an anonymous session's.
      const old = Object.assign(new Browser(), { jar: new Map([['Horde', before]]) });
      expect(await onNode(old, (own) => own)).toBeUndefined();
      const { body: token } = await browser.get('bridge.php?token=1');
      const { id } = browser;
      await browser.get(`login.php?logout_reason=4&horde_logout_token=${token}`);
      expect((await browser.get('bridge.php')).status).toBe(302);
      browser.jar.set('Horde', id);
      expect(await onNode(browser, (own) => own)).toBeUndefined();

      // Another login, in the same second too, and another user, have data of their own.
      const again = await browser.logIn();
      expect(await onNode(again, (own) => own.cart ?? null)).toBe(null);
      const bob = await new Browser().logIn('bob', 'hunter2');
      expect(await onNode(bob, (own) => own.cart ?? null)).toBe(null);
    }, 60_000);

    test('logout() by Node: a row that Horde would write again is nobody’s to Node', async () => {
      const browser = await new Browser().logIn('bob', 'hunter2');
      await onNode(browser, (own) => {
        own.cart = ['pears'];
      });
      const { headers } = browser;
      await using session = await openSession({ headers }, { mode: 'readonly' });
      expect(await beside.hasEnded(session.data, { headers })).toBe(false);
      await beside.logout(session.data, { headers });
      expect(await beside.hasEnded(session.data, { headers })).toBe(true);
      expect(await onNode(browser, (own) => own)).toBeUndefined();
      const [rows] = await admin.query("SELECT COUNT(*) AS n FROM node_session WHERE data LIKE '%pears%'");
      expect(rows).toEqual([{ n: 0 }]);
    }, 60_000);

    test('a page of Node that needs a login leads to Horde’s, and back', async () => {
      const site = new Koa();
      site.use(phpSession({ store: stores[0]!, ...app.session }));
      site.use(loggedIn({ ...app.login, trustRow: true, required: true, loginUrl: '/horde/login.php' }));
      site.use((ctx) => {
        ctx.body = ctx.state.user.id;
      });
      const server = site.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const browser = new Browser();
      // fetch() would say that it opens no page.
      const onSite = async (path: string) => {
        const headers = { ...browser.headers, accept: 'text/html' };
        const [answer] = (await once(get({ port, path, headers, agent: false }), 'response')) as [IncomingMessage];
        return { status: answer.statusCode, location: answer.headers.location, body: await text(answer) };
      };
      try {
        const sent = (await onSite('/shop/cart?step=2&x=%2F')).location!;
        expect(sent).toMatch(/^\/horde\/login\.php\?url=\/shop\/cart%3Fstep%3D2/);
        const { body } = await browser.get(sent.slice('/horde/'.length));
        const hidden = /name="url"[^>]*value="([^"]*)"/.exec(body)![1]!.replaceAll('&amp;', '&');
        const form = { login_post: '1', horde_user: 'alice', horde_pass: 'secret', app: '', url: hidden };
        const answer = await fetch(lab.url, {
          ...{ method: 'POST', redirect: 'manual', headers: browser.headers },
          body: new URLSearchParams({ ...form, anchor_string: '', horde_select_view: 'auto' }),
        });
        browser.take(answer.headers.getSetCookie());
        expect(answer.headers.get('location')).toBe(`${lab.origin}/shop/cart?step=2&x=%2F`);
        const back = await onSite('/shop/cart?step=2&x=%2F');
        expect(back).toMatchObject({ status: 200, body: 'alice' });
      } finally {
        server.close();
        server.closeAllConnections();
      }
    }, 60_000);

    test('a password that Horde refuses', async () => {
      const form = { url: lab.url, user: 'alice', password: 'planted', userAgent };
      await expect(postHordeLogin(form)).rejects.toMatchObject({ code: 'ERR_LOGIN_REFUSED' });
    }, 60_000);

    test('what Node sets in Horde’s own row: nothing of Horde is lost', async () => {
      const connection = `mysql://horde:hordepass@127.0.0.1:${lab.port}/horde`;
      const store = mysqlStore({ connection, ...app.store });
      stores.push(store);
      const open = sessionOpener<Own>({ store, ...app.session });
      const browser = await new Browser().logIn();
      const ofHorde = Array.from({ length: count }, (_, i) => () => browser.get(`bridge.php?set=h${i}`));
      const ofNode = Array.from({ length: count }, (_, i) => async () => {
        const session = await open({ headers: browser.headers });
        hordeSession(session.data).set('nodelab', `n${i}`, 1);
        await session.commit();
      });
      await Promise.all([atOnce(1, ofHorde), atOnce(3, ofNode)]);
      const session = await open({ headers: browser.headers }, { mode: 'readonly' });
      const kept = Object.keys((session.data.nodelab as object | undefined) ?? {}).length;
      await session.commit();
      console.log(`in Horde's row: of ${count} of Node's ${count - kept} lost`);
      expect(new Set(await hordeKeys(browser.id)).size).toBe(count);
    }, 600_000);

    test('hordeLogin() is what Horde accepts, and has the reason where it does not', async () => {
      const browser = new Browser();
      browser.forwardedFor = '192.0.2.7';
      await browser.logIn();
      await using session = await openSession({ headers: browser.headers }, { mode: 'readonly' });
      const ask = async (more: Record<string, string>) => {
        let why: string | undefined;
        const headers = { ...browser.headers, ...more };
        const login = hordeLogin(
          app.login,
          session.data,
          { headers },
          {
            address: '127.0.0.1',
            refused: (reason) => {
              why = reason;
            },
          },
        );
        const answer = await fetch(`${lab.origin}/horde/bridge.php`, { headers, redirect: 'manual' });
        expect([more, login !== undefined]).toEqual([more, answer.status !== 302]); // 302: to login.php
        return why ?? login;
      };
      expect(await ask({})).toMatchObject({
        user: 'alice',
        authId: 'alice',
        apps: ['imp'],
        remoteAddr: '192.0.2.7',
        browser: userAgent,
      });
      expect(await ask({ 'x-forwarded-for': '192.0.2.7, 198.51.100.1' })).toMatchObject({ user: 'alice' });
      expect(await ask({ 'x-forwarded-for': '192.0.2.8' })).toBe('address');
      expect(await ask({ 'x-forwarded-for': '' })).toBe('address');
      expect(await ask({ 'user-agent': 'other' })).toBe('browser');
      expect(hordeSession(session.data).get('horde', 'auth/userId')).toBe('alice');
    }, 60_000);
  });
}
