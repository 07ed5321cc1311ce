import { PhpSessionError } from '../errors.ts';
import type { HttpExchange } from './http-exchange.ts';
import type { Settings } from './options.ts';

type Linked = Pick<HttpExchange, 'headersSent' | 'setHeader' | 'url' | 'form'>;

/** Pages on a host that no link leads to: what stays there stays on the host of its page. `http:/x` does so on one of the two only. */
const pages = ['http://here.invalid/', 'https://here.invalid/'];

/**
 * The id of a session in links and forms, for browsers without cookies (PHP's `session.use_only_cookies=0`). A page that has the id, or came
 * with it in its URL, is kept out of caches, and no `Referer` leaves it: `protect()`.
 */
export class IdInLinks {
  /** The id that the URL or the form has; the last of several, as in PHP. */
  readonly id: string | undefined;
  readonly #name: string;
  readonly #http: Linked;
  readonly #hasCookie: boolean;
  /** Whether the id is in the URL of the page, or in the page. */
  #isShown: boolean;

  /** @param hasCookie whether the browser sent a cookie: then it needs no id anywhere else */
  constructor({ name }: Settings, http: Linked, hasCookie: boolean) {
    this.#name = name;
    this.#http = http;
    this.#hasCookie = hasCookie;
    const inUrl = new URLSearchParams(/\?([^#]*)/.exec(http.url ?? '')?.[1]).getAll(name).at(-1);
    const inForm = (http.form as Record<string, unknown> | undefined)?.[name];
    this.id = inUrl ?? (typeof inForm === 'string' ? inForm : undefined);
    this.#isShown = inUrl !== undefined;
    this.protect();
  }

  /** Whether a browser without a cookie sent this id. */
  brought(id: string | undefined): boolean {
    return !this.#hasCookie && id !== undefined && id === this.id;
  }

  /** Sets the headers that keep the id where it is, if it is anywhere. */
  protect(): void {
    if (!this.#isShown || this.#http.headersSent) return;
    this.#http.setHeader('Referrer-Policy', 'no-referrer', true);
    this.#http.setHeader('Cache-Control', 'no-store', true);
  }

  /**
   * A link with the id in it, if the browser sends no cookie. One to another host stays as it is.
   *
   * @throws PhpSessionError `ERR_SESSION_HEADERS_SENT`: the page could not be protected any more
   */
  url(link: string, id: string | undefined): string {
    if (!this.#shows(id) || !staysHere(link)) return link;
    this.#show();
    const [, before, query, hash] = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(link)!;
    const own = `${encodeURIComponent(this.#name)}=${encodeURIComponent(id)}`;
    return `${before}${query === undefined || query === '?' ? '?' : `${query}&`}${own}${hash ?? ''}`;
  }

  /**
   * A hidden field with the id for a form, in HTML, if the browser sends no cookie; otherwise nothing.
   *
   * @throws PhpSessionError as `url()`
   */
  hiddenField(id: string | undefined): string {
    if (!this.#shows(id)) return '';
    this.#show();
    return `<input type="hidden" name="${inHtml(this.#name)}" value="${inHtml(id)}">`;
  }

  #shows(id: string | undefined): id is string {
    return !this.#hasCookie && id !== undefined;
  }

  #show(): void {
    if (this.#http.headersSent) {
      throw new PhpSessionError('ERR_SESSION_HEADERS_SENT', 'The headers are sent: a page with the id would be cached');
    }
    this.#isShown = true;
    this.protect();
  }
}

/** Whether a link leads to the host of its page, as browsers read it: `//other.example` and `/\other.example` do not. */
function staysHere(link: string): boolean {
  try {
    return pages.every((page) => new URL(link, page).origin === new URL(page).origin);
  } catch {
    return false;
  }
}

function inHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
