import { PhpSessionError } from '../errors.ts';
import { localPath } from '../login/local-path.ts';
import { anyFunction, type OptionRules, optional, readByRules } from '../option-rules.ts';

export interface HordeLoginForm {
  /** Of Horde's login page, as the browser would open it: `https://mail.example.com/horde/login.php`. */
  url: string | URL;
  /** What the visitor has typed. Both are sent to `url`, and to nowhere else. */
  user: string;
  password: string;
  /** The visitor's header `User-Agent`: Horde compares it at each of his requests. */
  userAgent: string;
  /**
   * The visitor's address. It is sent as `X-Forwarded-For`, which Horde takes for his, and compares later. Default: none, so that Horde has the address
   * of this server.
   */
  forwardedFor?: string;
  /** `$conf['session']['name']`. Default `'Horde'`. */
  name?: string;
  /** Gives up waiting. Default: after 30 seconds. */
  signal?: AbortSignal;
}

/** What Horde has answered. */
export interface HordeLoginAnswer {
  /** The headers `Set-Cookie` for the visitor's browser, as they are: the session's, and the one with its key. */
  readonly cookies: readonly string[];
  /** Where Horde would lead him now: a path of its own site. */
  readonly location: string;
}

const headerText = /^[\t\x20-\x7e\x80-\xff]*$/;
const isText = (it: unknown): boolean => typeof it === 'string' && it !== '';

const rules: OptionRules<HordeLoginForm> = {
  url: {
    accepts: isAddress,
    mustBe: "that of Horde's login page, with http: or https:, and no user or password in it",
  },
  user: { accepts: isText, mustBe: 'a text' },
  password: { accepts: isText, mustBe: 'a text' },
  userAgent: { accepts: (it) => isText(it) && headerText.test(it), mustBe: "the visitor's header, in one line" },
  forwardedFor: optional((it) => /^[0-9A-Fa-f.:]{2,45}$/.test(it!), 'an IP address'),
  name: { default: 'Horde', accepts: (it) => /^[\w-]+$/.test(it!), mustBe: "the name of Horde's cookie" },
  signal: optional((it) => anyFunction.accepts(it?.throwIfAborted), 'an AbortSignal'),
};

/**
 * Logs a visitor in to Horde by Horde's own form, from this server: Horde checks the password and makes the session. No row is forged. It
 * asks for the form first, as a browser does: without its cookie Horde would encrypt the visitor's password with the session's id. Redirects are not
 * followed, so the password goes to `url` alone.
 *
 * @throws TypeError for a wrong option
 * @throws PhpSessionError `ERR_LOGIN_REFUSED` if Horde shows its form again; `ERR_LOGIN_FAILED` if Horde does not answer, or otherwise than its form
 *   does. Neither has the user or the password anywhere
 * @example
 * const { cookies, location } = await postHordeLogin({
 *   url: 'https://mail.example.com/horde/login.php',
 *   user, password, userAgent: ctx.get('user-agent'), forwardedFor: ctx.ip,
 * });
 * ctx.append('Set-Cookie', [...cookies]);
 * ctx.redirect('/shop');
 */
export async function postHordeLogin(options: HordeLoginForm): Promise<HordeLoginAnswer> {
  const form = readByRules(rules, options, 'postHordeLogin()');
  const url = new URL(form.url);
  const headers: Record<string, string> = {
    'User-Agent': form.userAgent,
    Accept: 'text/html',
    ...(form.forwardedFor !== undefined && { 'X-Forwarded-For': form.forwardedFor }),
  };
  const page = await ask(url, { headers }, form.signal);
  if (page.status !== 200) throw failed(`answers with ${page.status} where its form should be`);
  const cookies = new Map(page.headers.getSetCookie().map(named));
  const before = cookies.get(form.name!);
  if (before === undefined) throw failed('sets no cookie for its session: name must be $conf[session][name]');
  headers.Cookie = [...cookies.values()].map(pairOf).join('; ');
  const body = new URLSearchParams({
    ...{ login_post: '1', app: '', url: '', anchor_string: '', horde_select_view: 'auto' },
    horde_user: form.user,
    horde_pass: form.password,
  });
  const answer = await ask(url, { method: 'POST', headers, body }, form.signal);
  if (answer.status === 200 || answer.status === 401) {
    throw new PhpSessionError('ERR_LOGIN_REFUSED', 'Horde has refused the login: it shows its form again');
  }
  if (answer.status !== 302 && answer.status !== 303) throw failed(`answers the form with ${answer.status}`);
  const location = pathAt(url, answer.headers.get('location'));
  if (location === undefined)
    throw failed('leads to another site: url must have the address that Horde has for itself');
  for (const line of answer.headers.getSetCookie()) cookies.set(...named(line));
  // Where Horde redirects without a login, to a login page of another application, say, the session keeps its id.
  const after = cookies.get(form.name!)!;
  if (pairOf(after) === pairOf(before) || isRemoved(after)) throw failed('redirects, and has logged nobody in');
  return Object.freeze({ cookies: Object.freeze([...cookies.values()]), location });
}

async function ask(url: URL, init: RequestInit, signal: AbortSignal | undefined): Promise<Response> {
  try {
    const answer = await fetch(url.href, {
      ...init,
      signal: signal ?? AbortSignal.timeout(30_000),
      redirect: 'manual',
    });
    await answer.body?.cancel();
    return answer;
  } catch (error) {
    signal?.throwIfAborted();
    throw new PhpSessionError('ERR_LOGIN_FAILED', 'Horde does not answer', { cause: (error as Error).cause ?? {} });
  }
}

function failed(what: string): PhpSessionError {
  return new PhpSessionError('ERR_LOGIN_FAILED', `Horde ${what}`);
}

function pathAt(url: URL, location: string | null): string | undefined {
  if (location === null || !URL.canParse(location, url.href)) return undefined;
  const { origin, pathname, search } = new URL(location, url);
  return origin === url.origin ? localPath(pathname + search) : undefined;
}

/** A header Set-Cookie, and its name. */
function named(line: string): [name: string, line: string] {
  return [line.slice(0, Math.max(0, line.indexOf('='))), line];
}

/** What a browser sends back of it. */
function pairOf(line: string): string {
  return line.split(';', 1)[0]!;
}

/** PHP's way to remove a cookie. */
function isRemoved(line: string): boolean {
  return /=deleted$/.test(pairOf(line)) || /;\s*max-age=0(;|$)/i.test(line);
}

function isAddress(url: unknown): boolean {
  if (!(url instanceof URL) && !(typeof url === 'string' && URL.canParse(url))) return false;
  const { protocol, username, password } = new URL(url.toString());
  return ['http:', 'https:'].includes(protocol) && username === '' && password === '';
}
