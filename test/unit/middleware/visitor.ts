import { expect } from '@jest/globals';
import type { MemorySession } from '../../../src/stores/memory.ts';

/** A visitor's browser, as far as the tests of frameworks need one: it keeps the session's cookie. */
export class Visitor {
  /** What the store of the site holds. */
  readonly sessions: Map<string, MemorySession> = new Map();
  cookie = '';

  /** Keeps the cookie of an answer. @returns the answer */
  protected keepCookie(response: Response): Response {
    for (const line of response.headers.getSetCookie()) {
      if (line.startsWith('PHPSESSID=')) this.cookie = line.split(';')[0]!;
    }
    return response;
  }

  /** What is stored for the visitor's cookie. */
  get row(): string | undefined {
    const data = this.sessions.get(this.cookie.replace('PHPSESSID=', ''))?.data;
    return data && Buffer.from(data).toString();
  }
}

/**
 * Two logins at once: both are logged in, and the id that both had leads nowhere.
 *
 * @param ask a site whose `/login` logs Ann in, and whose other pages say who is logged in, or `nobody`
 */
export async function expectTwoLogins(
  ask: (path: string, cookie: string) => Response | Promise<Response>,
): Promise<void> {
  const planted = 'PHPSESSID=planted';
  const logins = await Promise.all([ask('/login', planted), ask('/login', planted)]);
  for (const { headers } of logins) {
    const cookie = headers.getSetCookie()[0]!.split(';')[0]!;
    expect(cookie).not.toBe(planted);
    expect(await (await ask('/', cookie)).text()).toBe('Ann');
  }
  expect(await (await ask('/', planted)).text()).toBe('nobody');
}
