import { decodeSession, encodeSession } from '../codec/index.ts';
import { isEmptySession } from './empty-session.ts';
import type { Settings } from './options.ts';

/**
 * Moves the clock inside a session, by the option `idleClock`, as the last change before it is written: what two requests have merged has
 * one clock, and not two that are in conflict.
 *
 * @param stored what is replaced: a session that begins has no clock, and PHP's side gives it one
 */
export function moveClock(data: Uint8Array, stored: Uint8Array | undefined, settings: Settings): Uint8Array {
  const { idleClock, codec } = settings;
  if (idleClock === undefined || stored === undefined) return data;
  if (isEmptySession(stored, settings) || isEmptySession(data, settings)) return data;
  const session = decodeSession(data, codec);
  idleClock(session, Math.floor(Date.now() / 1000));
  return encodeSession(session, codec);
}
