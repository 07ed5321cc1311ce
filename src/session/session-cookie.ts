import type { HttpExchange } from './http-exchange.ts';

/** The session's `Set-Cookie` in one answer. The answer has at most one; a later one takes the place of the one before. */
export class SessionCookie {
  readonly #name: string;
  readonly #answer: Pick<HttpExchange, 'cookies' | 'setCookies'>;
  #header: string | undefined;

  constructor(name: string, answer: Pick<HttpExchange, 'cookies' | 'setCookies'>) {
    this.#name = name;
    this.#answer = answer;
  }

  set(header: string): void {
    this.#header = header;
    const others = this.#answer.cookies().filter((cookie) => !cookie.startsWith(`${this.#name}=`));
    this.#answer.setCookies([...others, header]);
  }

  /** Sets it again if the application has replaced it by cookies of its own, as by `writeHead()`. */
  restore(): void {
    if (this.#header !== undefined && !this.#answer.cookies().includes(this.#header)) this.set(this.#header);
  }
}
