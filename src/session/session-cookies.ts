import type { HttpExchange } from './http-exchange.ts';

/** Where a session sets cookies. */
export interface CookieSetter {
  /** A later one takes the place of the one before of its name. @param header of `Set-Cookie` */
  set(name: string, header: string): void;
}

/** What a session sets in one answer: its own cookie, and at a logout the end of others. */
export class SessionCookies implements CookieSetter {
  readonly #answer: Pick<HttpExchange, 'cookies' | 'setCookies'>;
  readonly #headers: Map<string, string> = new Map();

  constructor(answer: Pick<HttpExchange, 'cookies' | 'setCookies'>) {
    this.#answer = answer;
  }

  set(name: string, header: string): void {
    this.#headers.set(name, header);
    const others = this.#answer.cookies().filter((cookie) => !cookie.startsWith(`${name}=`));
    this.#answer.setCookies([...others, header]);
  }

  /** Sets them again if the application has replaced them by cookies of its own, as by `writeHead()`. */
  restore(): void {
    for (const [name, header] of this.#headers) if (!this.#answer.cookies().includes(header)) this.set(name, header);
  }
}
