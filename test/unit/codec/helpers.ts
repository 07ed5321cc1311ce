import { decodeSession, encodeSession, PhpSessionError, type SessionData } from '../../../src/codec/index.ts';
import { latin1Bytes, latin1Text } from '../../helpers/latin1.ts';

export const session = (data: string): SessionData => decodeSession(latin1Bytes(data));
export const encoded = (data: object): string => latin1Text(encodeSession(data));

/** Reads a session, lets it be changed, and writes it. */
export function changed(data: string, change: (session: SessionData) => void): string {
  const read = session(data);
  change(read);
  return encoded(read);
}

/** Reads everything, so that nothing is copied only because it was not read. */
export function touched(data: string): string {
  return changed(data, (read) => void Object.values(read));
}

/** The error of the package that this throws. */
export function failure(run: () => unknown): PhpSessionError {
  try {
    run();
  } catch (error) {
    if (error instanceof PhpSessionError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
