import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page, Response } from 'playwright-core';
import type { HordeFarm } from '../../tools/horde/farm.mjs';
import { type Lab, mailPassword, startHordeLab } from '../../tools/horde/lab.mjs';
import { deliver } from '../../tools/horde/mail.mjs';
import { temporaryDirectory } from '../../tools/services/lifeline.mjs';
import { freePort } from '../../tools/services/ports.mjs';
import { hordeParts, missingPackages } from '../../tools/setup.mjs';
import { nodeServers, pages } from '../horde/run.mjs';
import { Visitor } from '../horde/visitor.mjs';
import { Browser } from './experiments/browser.ts';
import { type Certificate, selfSigned } from './experiments/certificate.ts';
import { print } from './experiments/report.ts';
import { type Resolver, startResolver } from './experiments/resolver.ts';

// The experiment of experiment-addresses.test.ts with IMP in place of a counter. On each address stand a Horde server, a
// Node server, and an HAProxy for TLS that knows only these two; nothing stands before the addresses. See docs/experiments.md.

const missing = missingPackages([...hordeParts, 'chromium']);
const withHorde = missing.length > 0 ? describe.skip : describe;
const leftOut = missing.length > 0 ? `, left out as these are not installed: ${missing.join(', ')}` : '';

const name = 'horde.test';
const addresses = ['127.0.0.2', '127.0.0.3', '127.0.0.4'];
const mailbox = '/horde/imp/dynamic.php?page=mailbox';

withHorde(`One name, three addresses, with Horde's IMP${leftOut}`, () => {
  const running = new Map<string, HordeFarm>();
  let directory: ReturnType<typeof temporaryDirectory>;
  let lab: Lab;
  let tls: Certificate;
  let port: number;
  let resolver: Resolver;
  let browser: Browser;

  beforeAll(async () => {
    execFileSync(process.execPath, ['tools/build.mjs'], { stdio: 'inherit' });
    directory = temporaryDirectory('experiment');
    tls = selfSigned(name, directory.path);
    lab = await startHordeLab({ pages });
    port = await freePort(addresses);
    for (const address of addresses) await run(address);
    resolver = await startResolver(name, addresses, { tls });
    browser = await Browser.start(directory.path, { resolver: resolver.url, tls });
  }, 240_000);

  afterAll(async () => {
    await browser?.close();
    await resolver?.stop();
    for (const farm of running.values()) await farm.stop();
    await lab?.stop();
    directory?.remove();
  }, 60_000);

  test('whichever server is killed, the login, the mailbox and the cart are there at the next address', async () => {
    const { page } = browser;
    const rows: (string | number)[][] = [];
    let [mails, things] = [0, 0];
    const open = (subject: string) =>
      browser.visit(url(mailbox), async () => {
        await mail(page, subject).waitFor();
        return {};
      });
    /** The page that is open asks for new mail. */
    const refresh = async (subject: string) => {
      const start = performance.now();
      const isNew = async (response: Response) =>
        response.url().includes('/ajax.php/imp/') && (await response.text()).includes(subject);
      const answer = page.waitForResponse(isNew);
      await page.locator('#checkmaillink').click();
      await mail(page, subject).waitFor();
      const took = performance.now() - start;
      return { address: (await (await answer).serverAddr())?.ipAddress ?? '', took };
    };
    /** Brings a mail, lets `see` find it in the browser, and has Horde and Node look into the session. */
    const look = async (
      event: string,
      what: string,
      see: (subject: string) => Promise<{ address: string; took: number }>,
    ) => {
      const subject = `Mail ${++mails}`;
      deliver(lab.mailbox('alice'), subject);
      const { address, took } = await see(subject);
      const shown = await page.locator('.msgSubject', { hasText: /^Mail / }).count();
      const horde = await ask(page, '/horde/lab/page.php?do=user');
      const cart = (await ask<string[] | null>(page, '/horde/lab/page.php?do=get&app=nodeapp&name=cart')) ?? [];
      const node = await ask(page, '/node/who');
      const next = await open(subject);
      rows.push([event, what, address, `${horde}, ${node}`, shown, cart.length, ms(took), ms(next.took)]);
      expect(next.address).toBe(address);
      expect({ horde, node, shown, cart: cart.length }).toEqual({
        horde: 'alice',
        node: 'alice',
        shown: mails,
        cart: things,
      });
      expect(await ask(page, `/node/cart?add=${++things}`)).toBe(true);
      return address;
    };

    const login = await browser.visit(url('/horde/login.php'), async () => {
      await page.locator('#horde_user').fill('alice');
      await page.locator('#horde_pass').fill(mailPassword);
      await page.locator('#login-button').click();
      await page.waitForURL(/\/horde\/(services\/portal|imp)\//);
      // The mail server makes a mailbox when it is first asked for.
      expect(await ask(page, '/horde/lab/page.php?do=unread')).toBe(0);
      return {};
    });
    rows.push(['at first', "Horde's login", login.address, '', '', '', ms(login.took), '']);
    const first = await look('', 'IMP', open);
    expect(first).toBe(login.address);
    await kill(first);
    const second = await look(`${first} killed`, 'IMP', open);
    await kill(second);
    const third = await look(`${second} killed`, 'IMP, open: Refresh', refresh);
    expect([first, second, third].sort()).toEqual(addresses);
    await run(first);
    await run(second);
    expect(await look('both are back', 'IMP', open)).toBe(third);

    const everywhere = await sameBrowser();
    expect(await known(everywhere)).toEqual(addresses.map((address) => ({ address, horde: true, node: 'alice' })));
    const logout = await browser.visit(url('/horde/services/portal/'), async () => {
      await page.locator('a[href*="horde_logout_token"]').first().dispatchEvent('click');
      await page.locator('#horde_user').waitFor();
      return {};
    });
    rows.push(['logout', "Horde's portal", logout.address, '', '', '', ms(logout.took), '']);
    expect(logout.address).toBe(third);
    expect(await known(everywhere)).toEqual(addresses.map((address) => ({ address, horde: false, node: null })));

    print(
      `https://${name} has the addresses ${addresses.join(', ')}, each with Horde and Node; a mail comes before each page`,
      ['event', 'page', 'address', 'logged in at Horde, Node', 'mails', 'cart', 'took', 'next page of IMP'],
      rows,
    );
  }, 240_000);

  const url = (path: string) => `https://${name}:${port}${path}`;

  async function run(address: string): Promise<void> {
    const https = { host: address, port, certificate: tls.both };
    const settings = { use_ssl: 1, server: { name }, cookie: { domain: name } };
    running.set(address, await lab.startFarm({ ways: ['merge'], settings, node: nodeServers(lab, 'merge', 1), https }));
  }

  async function kill(address: string): Promise<void> {
    await running.get(address)?.kill();
    running.delete(address);
  }

  /** Visitors with the browser's cookies, its name and its address, one for each server: past TLS and the resolver. */
  async function sameBrowser() {
    const userAgent = await browser.page.evaluate<string>('navigator.userAgent');
    const cookies = await browser.page.context().cookies();
    expect(cookies.filter(({ secure }) => !secure)).toEqual([]);
    const at = (base: string) => {
      const visitor = new Visitor(base, { userAgent });
      visitor.cookies = new Map(cookies.map(({ name, value }) => [name, value]));
      return visitor;
    };
    return addresses.map((address) => {
      const { servers, nodes } = running.get(address)!;
      return { address, horde: at(servers[0]!.url), node: at(nodes[0]!.url) };
    });
  }
});

const ms = (took: number) => `${Math.round(took)} ms`;

/** The line of a mail in IMP's list. */
const mail = (page: Page, subject: string) => page.locator('.msgSubject', { hasText: subject });

/** What a page of the test answers, JSON, asked for by the page that is open. */
const ask = <T = unknown>(page: Page, path: string): Promise<T> =>
  page.evaluate(async (path) => (await fetch(path)).json() as Promise<T>, path);

/** Whom the servers know. */
const known = (visitors: { address: string; horde: Visitor; node: Visitor }[]) =>
  Promise.all(
    visitors.map(async ({ address, horde, node }) => ({
      address,
      horde: await horde.isKnownToHorde(),
      node: await node.node('who'),
    })),
  );
