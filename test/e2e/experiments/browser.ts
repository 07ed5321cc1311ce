import { mkdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BrowserContext, type CDPSession, chromium, type Page, type Response } from 'playwright-core';
import { unwatch, watch } from '../../../tools/services/lifeline.mjs';
import { program } from '../../../tools/services/packages.mjs';
import type { Certificate } from './certificate.ts';

/** What the browser itself says of a page that it got. */
export interface Visit {
  status: number;
  /** The address that the browser used. */
  address: string;
  /** Which of its connections. */
  connection: number;
  /** Milliseconds from the wish until the page was read. */
  took: number;
}

/** A headless Chromium that asks our resolver for addresses, and trusts our certificate. */
export class Browser {
  readonly #context: BrowserContext;
  readonly #page: Page;
  readonly #devTools: CDPSession;
  readonly #group: number;

  private constructor(context: BrowserContext, page: Page, devTools: CDPSession, group: number) {
    this.#context = context;
    this.#page = page;
    this.#devTools = devTools;
    this.#group = group;
  }

  static async start(directory: string, { resolver, tls }: { resolver: string; tls: Certificate }): Promise<Browser> {
    const profile = join(directory, 'profile');
    mkdirSync(profile);
    // "Use secure DNS" in Chromium's settings. `secure`: and nothing but that.
    const settings = { dns_over_https: { mode: 'secure', templates: resolver } };
    writeFileSync(join(profile, 'Local State'), JSON.stringify(settings));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: program('chromium'),
      headless: true,
      // Its other files are deleted with the directory as well.
      artifactsDir: directory,
      env: { ...(process.env as Record<string, string>), HOME: directory, TMPDIR: directory },
      args: [
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        `--ignore-certificate-errors-spki-list=${tls.spki}`,
      ],
    });
    // Playwright does not tell which process it is, Chromium does: a link to HOST-PID keeps others from its profile. When it
    // is killed with us, it leaves no files; when it notices by itself that we are gone, it writes on for a moment.
    const group = Number(readlinkSync(join(profile, 'SingletonLock')).split('-').at(-1));
    watch('group', group);
    const page = context.pages()[0] ?? (await context.newPage());
    const devTools = await context.newCDPSession(page);
    await devTools.send('Network.enable');
    return new Browser(context, page, devTools, group);
  }

  /** The page that was opened last. */
  get page(): Page {
    return this.#page;
  }

  /** Opens a page. `read` says what is on it, and waits for that if need be. */
  async visit<T>(url: string, read: (page: Page, response: Response) => Promise<T>): Promise<T & Visit> {
    const received = new Promise<{ remoteIPAddress?: string; connectionId: number }>((resolve) => {
      const listen = (event: { type: string; response: { remoteIPAddress?: string; connectionId: number } }) => {
        if (event.type !== 'Document') return;
        this.#devTools.off('Network.responseReceived', listen);
        resolve(event.response);
      };
      this.#devTools.on('Network.responseReceived', listen);
    });
    const start = performance.now();
    const response = (await this.#page.goto(url))!;
    const content = await read(this.#page, response);
    const took = performance.now() - start;
    const { remoteIPAddress, connectionId } = await received;
    return { ...content, status: response.status(), address: remoteIPAddress ?? '', connection: connectionId, took };
  }

  async close(): Promise<void> {
    await this.#context.close();
    unwatch('group', this.#group);
  }
}
