import { textOf } from './lock-data.ts';

const VERBS =
  /^(SELECT|INSERT|UPDATE|DELETE|REPLACE|COMMIT|ROLLBACK|BEGIN|START|SET|SHOW|ALTER|CREATE|DROP|LOCK|CALL|DO|KILL|OPTIMIZE|ANALYZE|TRUNCATE)\b/i;

/** What kind of statement it is. Its text is never shown, as ids and sessions can stand in it. */
export function statementKind(text: string | null): string {
  if (text === null || text === '') return 'none: its application works';
  const verb = VERBS.exec(text.replace(/^(\s|\/\*[\s\S]*?\*\/|--[^\n]*\n|\()+/, ''))?.[1]?.toUpperCase();
  if (verb === undefined) return 'another statement';
  if (verb !== 'SELECT') return verb;
  if (/\bFOR\s+UPDATE\b/i.test(text)) return 'SELECT … FOR UPDATE';
  // Named locks, as Symfony, CodeIgniter and Drupal take them.
  return /\bGET_LOCK\s*\(/i.test(text) ? 'SELECT GET_LOCK()' : 'SELECT';
}

/** The name of `GET_LOCK('name', …)`; `undefined` where it is bound to a prepared statement, or is no plain text. */
export const lockNameIn = (text: string | null): string | undefined =>
  textOf(/\bGET_LOCK\s*\(\s*(.*)/is.exec(text ?? '')?.[1]);
