/**
 * The options that PHP's own configuration means, and whether both sides agree: `import { optionsFromPhpIni } from 'php-session-bridge/php-ini'`.
 */
import { unescape as percentDecoded } from 'node:querystring';
import './node-version.ts';
import type { PhpVersion } from './codec/index.ts';
import { compare } from './php-ini/check.ts';
import { type PhpIniFiles, settingsOfFiles } from './php-ini/files.ts';
import { finding, type PhpFinding } from './php-ini/finding.ts';
import { optionsOf, type PhpOptions } from './php-ini/options.ts';
import { type PhpSettings, SettingsReader, settingsOfJson } from './php-ini/settings.ts';
import type { SessionOptions } from './session/options.ts';

export type { PhpVersion } from './codec/index.ts';
export type { PhpIniFiles } from './php-ini/files.ts';
export type { PhpFinding, PhpFindingCode, PhpSeverity } from './php-ini/finding.ts';
export type { PhpOptions, PhpSessionOptions } from './php-ini/options.ts';
export type { SessionOptions } from './session/options.ts';

export interface ReadingOptions {
  /** The PHP whose configuration it is: where it says nothing, PHP's defaults count, and 8.6 has others. Default `'8.5'`. */
  phpVersion?: PhpVersion;
  /** What `${NAME}` means in an ini file. Default: the environment of this process. */
  env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads a php.ini, or all files that one PHP reads, and gives the options with the same meaning. What they do not say is as in PHP.
 *
 * @param source the text of a php.ini, or the paths of PHP's files
 * @throws TypeError for a source that is neither, such as a path alone
 * @throws what `node:fs` throws for a file that cannot be read
 * @example
 * const php = optionsFromPhpIni({ ini: '/etc/php/8.4/fpm/php.ini', scanDirectory: '/etc/php/8.4/fpm/conf.d' });
 * for (const { message, setting } of php.findings) console.warn(setting, message);
 * const store = mysqlStore({ connection, ...php.store });
 * app.use(phpSession({ store, ...php.session }));
 */
export function optionsFromPhpIni(source: string | PhpIniFiles, options: ReadingOptions = {}): PhpOptions {
  return optionsOf(settingsOf(source, options), options.phpVersion);
}

/**
 * The same from what PHP itself says: `json_encode(ini_get_all('session'))`, as text or parsed. `ini_get_all()` of everything also has
 * `serialize_precision`.
 *
 * @throws TypeError if it is something else
 */
export function optionsFromIniGetAll(json: string | object, { phpVersion }: ReadingOptions = {}): PhpOptions {
  return optionsOf(settingsOfJson(json, 'ini_get_all()'), phpVersion);
}

export interface CheckOptions extends ReadingOptions {
  /** Milliseconds to wait for a page. Default 5,000. */
  timeout?: number;
}

/**
 * Compares the options of `phpSession()` with what PHP's side has, so that the two do not drift apart unseen: to be called when the server
 * starts.
 *
 * @param options those of `phpSession()`, with its store
 * @param source the address of a page of your own that prints `json_encode(ini_get_all('session'))`; or PHP's files, or the text of a php.ini
 * @returns errors first. A page or a file that cannot be read is a finding too
 * @throws TypeError for an option that `phpSession()` does not take, and for an address that is none
 */
export async function checkPhpOptions(
  options: SessionOptions,
  source: string | URL | PhpIniFiles,
  how: CheckOptions = {},
): Promise<PhpFinding[]> {
  const reading: ReadingOptions = { phpVersion: options.phpVersion ?? '8.5', ...how };
  const page = pageOf(source);
  const where = page?.url ?? whereOf(source as string | PhpIniFiles);
  let found: PhpSettings;
  try {
    found = page
      ? await settingsOfPage(page, how.timeout ?? 5_000)
      : settingsOf(source as string | PhpIniFiles, reading);
  } catch (error) {
    const { cause, message } = error as Error;
    return [finding('ini-unreadable', 'error', undefined, where, cause instanceof Error ? cause.message : message)];
  }
  return compare(options, optionsOf(found, reading.phpVersion), where);
}

/** The address of a page, without the password that may be in it. */
interface Page {
  readonly url: string;
  readonly headers: Record<string, string>;
}

function pageOf(source: string | URL | PhpIniFiles): Page | undefined {
  const isPage = source instanceof URL || (typeof source === 'string' && /^https?:\/\//i.test(source));
  if (!isPage) return undefined;
  // Node's own error has the address, with its password.
  if (!URL.canParse(String(source))) throw new TypeError('checkPhpOptions() needs an address that is valid');
  const url = new URL(source);
  const login = Buffer.from(`${percentDecoded(url.username)}:${percentDecoded(url.password)}`);
  url.username = url.password = '';
  return { url: url.href, headers: login.length === 1 ? {} : { Authorization: `Basic ${login.toString('base64')}` } };
}

function whereOf(source: string | PhpIniFiles): string {
  if (typeof source === 'string') return 'php.ini';
  return source.ini ?? source.scanDirectory ?? source.pool ?? 'php.ini';
}

/** A single line that sets nothing is no text of a php.ini, but the path of one perhaps. */
const setsNothing = /^(?=.*\S)[^\r\n=;[]+$/;

function settingsOf(source: string | PhpIniFiles, { env = process.env }: ReadingOptions): PhpSettings {
  if (typeof source === 'object' && source !== null) return settingsOfFiles(source, env);
  if (typeof source !== 'string' || setsNothing.test(source))
    throw new TypeError(
      "optionsFromPhpIni() needs the text of a php.ini, or the paths of files: { ini: '/path/of/php.ini' }",
    );
  const reader = new SettingsReader(env);
  reader.readIni(source, 'php.ini');
  return reader;
}

async function settingsOfPage({ url, headers }: Page, timeout: number): Promise<PhpSettings> {
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(timeout) });
  if (!answer.ok) throw new TypeError(`the page answers with status ${answer.status}`);
  return settingsOfJson(await answer.text(), url);
}
