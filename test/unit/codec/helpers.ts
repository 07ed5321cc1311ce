import { decodeSession, encodeSession, PhpSessionError, type SessionData } from '../../../src/codec/index.ts';

/** A byte string: each character is a byte. */
export const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
export const text = (data: Uint8Array): string => Buffer.from(data).toString('latin1');

export const session = (data: string): SessionData => decodeSession(bytes(data));
export const encoded = (data: object): string => text(encodeSession(data));

/** Reads a session, lets it be changed, and writes it. */
export function changed(data: string, change: (session: SessionData) => void): string {
  const read = session(data);
  change(read);
  return encoded(read);
}

/** Looks at everything, so that nothing is copied only because nobody looked. */
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
