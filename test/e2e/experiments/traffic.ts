import { setTimeout as sleep } from 'node:timers/promises';

/** A page that came with a count: an increment that the server has confirmed. */
interface Acknowledged {
  count: number;
  server: string;
  /** `performance.now()` */
  at: number;
}

/** One session, counted in by several windows at once, each at all servers in turn; again after an error. */
export class Traffic {
  readonly acknowledged: Acknowledged[] = [];
  /** 503s, and Node's 500s for a table that cannot be used: `performance.now()` of each. */
  readonly refused: number[] = [];
  /** Whatever is neither a counted page nor such an error. There must be none. */
  readonly failures: string[] = [];
  readonly #urls: readonly string[];
  #cookie = '';
  #windows: Promise<void>[] = [];
  #stopping = false;

  constructor(urls: readonly string[]) {
    this.#urls = urls;
  }

  /** The session's id. */
  get id(): string {
    return this.#cookie.split('=')[1] ?? '';
  }

  /** @param windows how many requests are under way at a time */
  async start(windows: number): Promise<void> {
    await this.count(this.#urls[0]!);
    this.#windows = Array.from({ length: windows }, async (_, window) => {
      for (let i = window; !this.#stopping; i++) await this.count(this.#urls[i % this.#urls.length]!);
    });
  }

  /** One request. */
  async count(url: string): Promise<void> {
    try {
      const response = await fetch(url, { headers: this.#cookie ? { cookie: this.#cookie } : {} });
      const page = await response.text();
      this.#cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? this.#cookie;
      const [, count] = /<b>(\d+)<\/b>/.exec(page) ?? [];
      const at = performance.now();
      if (response.status === 200 && count !== undefined) {
        this.acknowledged.push({ count: Number(count), server: response.headers.get('x-served-by') ?? '', at });
      } else if (response.status === 503 || response.status === 500) {
        this.refused.push(at);
        await sleep(50);
      } else {
        this.failures.push(`${response.status} ${page}`);
      }
    } catch (error) {
      this.failures.push(String((error as Error).cause ?? error));
    }
  }

  /** Waits for that many increments from now on; a failure ends it, and so does a test's time limit. */
  async further(increments: number): Promise<void> {
    const enough = this.acknowledged.length + increments;
    while (this.acknowledged.length < enough && this.failures.length === 0 && !this.#stopping) await sleep(5);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#windows);
  }
}
