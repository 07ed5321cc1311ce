import { type SessionOptions, settings } from '../session/options.ts';
import { finding, type PhpFinding, type PhpSeverity, sorted } from './finding.ts';
import type { PhpOptions, PhpSessionOptions } from './options.ts';

/** What it means when an option and its setting differ. Others are `info`. */
const consequences: Partial<Record<keyof PhpSessionOptions, [PhpSeverity, string]>> = {
  name: ['error', 'each side has a cookie of its own, so a login on one side is none on the other'],
  serializeHandler: ['error', 'PHP destroys a session that it cannot read, and Node answers with an error'],
  cookiePath: ['error', 'the browser keeps two cookies, and the visitor two sessions'],
  cookieDomain: ['error', 'the browser keeps two cookies, and the visitor two sessions'],
  cookiePartitioned: ['error', 'the browser keeps two cookies, and the visitor two sessions'],
  cookieSecure: ['warning', 'the side that sends the cookie last decides whether it goes over http'],
  cookieHttponly: ['warning', 'the side that sends the cookie last decides whether scripts see it'],
  cookieSamesite: ['warning', 'the side that sends the cookie last decides which sites send it'],
  cookieLifetime: ['warning', 'the side that sends the cookie last decides when it ends'],
  useStrictMode: ['warning', 'an id that one side replaces, the other one takes: so an attacker can choose it there'],
  useOnlyCookies: ['warning', 'an id in a link works on one side only'],
  serializePrecision: ['warning', 'floats that both sides write get another text each time'],
};

/** Compares the options of a session with those that PHP's settings are. @param where the file or address of the settings */
export function compare(options: SessionOptions, php: PhpOptions, where: string): PhpFinding[] {
  const node = settings(options) as unknown as Record<string, unknown>;
  const found = [...php.findings];
  for (const [name, theirs] of Object.entries(php.session) as [keyof PhpSessionOptions, unknown][]) {
    if (name === 'phpVersion' || name === 'maxDepth') continue;
    const ours = node[name] ?? (name === 'serializePrecision' ? -1 : undefined);
    // A format of one's own is known by its value only.
    if (ours === theirs || (name === 'serializeHandler' && typeof ours !== 'string')) continue;
    const [severity, consequence] = consequences[name] ?? ['info', 'each side works by its own'];
    const message = `${name} is ${shown(ours)} in Node and ${shown(theirs)} in PHP: ${consequence}`;
    found.push(finding('differs', severity, settingOf(name), where, message));
  }
  found.push(...lifetimes(options.store.gcMaxlifetime, php.store.gcMaxlifetime, where));
  return sorted(found);
}

function lifetimes(ours: number | undefined, theirs: number | undefined, where: string): PhpFinding[] {
  if (ours === undefined || theirs === undefined || ours === theirs) return [];
  const severity = ours < theirs ? 'error' : 'warning';
  const who = ours < theirs ? 'Node ends sessions that PHP keeps' : 'PHP ends sessions that Node keeps';
  const message = `gcMaxlifetime of the store is ${ours} in Node and ${theirs} in PHP: ${who}`;
  return [finding('differs', severity, 'session.gc_maxlifetime', where, message)];
}

function settingOf(name: string): string {
  const ini = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return ini === 'serialize_precision' ? ini : `session.${ini}`;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
