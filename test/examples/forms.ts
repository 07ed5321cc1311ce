import { expect, test } from '@jest/globals';
import type { Harness } from '../php/harness.ts';
import { Browser, type Example, phpPage, table } from './example.ts';

type Send = (browser: Browser, what: 'count' | 'login' | 'logout', name: string) => ReturnType<Browser['ask']>;

/** What an example with a page and its forms promises: it shows `Visit COUNT of NAME`, counts, logs in and logs out. */
export function formsContract(site: () => { php: Harness; example: Example }, send: Send): void {
  const shown = async (browser: Browser) => {
    const { text } = await browser.ask(site().example.url);
    return /Visit (?:<!--.*?-->)?(\d+)(?:<!--.*?-->)? of (?:<!--.*?-->)?(\w+)/.exec(text)?.slice(1).join(' ');
  };
  const submit = async (browser: Browser, what: 'count' | 'login' | 'logout', name = 'Ann') => {
    const { status, text } = await send(browser, what, name);
    if (status >= 400) throw new Error(`${status} ${text}\n${site().example.log()}`);
  };

  test('a page that only reads writes nothing, and is kept by no cache', async () => {
    const { php, example } = site();
    const browser = new Browser();
    expect(await shown(browser)).toBe('0 somebody');
    expect([browser.id, await php.count(table)]).toEqual([undefined, 0]);
    await submit(browser, 'count');
    const { headers } = await browser.ask(example.url);
    expect(headers.get('cache-control')).toBe('no-store, no-cache, must-revalidate');
  });

  test('a form begins a session, which PHP has too', async () => {
    const { php } = site();
    const browser = new Browser();
    await submit(browser, 'count');
    expect(await phpPage(php, browser.id!, 'return ++$_SESSION["count"];')).toBe(2);
    await submit(browser, 'count');
    expect(await shown(browser)).toBe('3 somebody');
  });

  test('a login and a logout', async () => {
    const { php } = site();
    const browser = new Browser();
    await submit(browser, 'count');
    const before = browser.id!;
    await submit(browser, 'login');
    expect(browser.id).not.toBe(before);
    expect([await shown(browser), await php.row(table, before)]).toEqual(['1 Ann', '']);
    expect(await phpPage(php, browser.id!, 'return $_SESSION["user"]["name"];')).toBe('Ann');

    const loggedIn = browser.id!;
    await submit(browser, 'logout');
    expect([browser.id, await php.row(table, loggedIn)]).toEqual([undefined, undefined]);
  });

  test('a logout in PHP is one here', async () => {
    const { php } = site();
    const browser = new Browser();
    await submit(browser, 'login');
    await phpPage(php, browser.id!, 'return session_destroy();');
    expect(await shown(browser)).toBe('0 somebody');
  });

  test('20 forms here and 10 pages of PHP, each +1', async () => {
    const { php } = site();
    const browser = new Browser();
    await submit(browser, 'count');
    const id = browser.id!;
    const page = 'return ++$_SESSION["count"];';
    await Promise.all(
      Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? phpPage(php, id, page) : submit(browser, 'count'))),
    );
    expect(await shown(browser)).toBe('31 somebody');
  });

  test('SIGTERM: a request that waits for the lock is answered, and what it stored is there', async () => {
    const { php, example } = site();
    const browser = new Browser();
    await submit(browser, 'count');
    const release = await php.hold(table, browser.id!);
    const waiting = submit(browser, 'count');
    await new Promise((resolve) => setTimeout(resolve, 300));
    const over = example.end();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await release();
    await waiting;
    expect(await over).toMatch(/^(exit 0|exit 143|SIGTERM)$/);
    expect(await php.row(table, browser.id!)).toBe('count|i:2;');
  });
}
