import { createHmac } from 'node:crypto';
import { claimOf } from '../login/claim.ts';
import type { LoginRefusal, LoginRules, LoginSession, LoginVisitor } from '../login/login-rules.ts';
import { textAt, timeAt } from '../login/php-values.ts';

interface Checks {
  readonly checkip: boolean;
  readonly checkbrowser: boolean;
  /** Seconds; 0: none. */
  readonly maxTime: number;
  readonly secretKey: string | undefined;
}

/** Horde's logins, and what it checks at each request (`Horde_Registry::checkExistingAuth()`). The user is not asked for again. */
export function hordeLogin(checks: Checks): LoginRules {
  return {
    claim(session, visitor) {
      const id = stringAt(session, 'auth/userId');
      if (id === undefined || id === '') return undefined;
      const why = refusal(session, visitor, checks);
      if (why !== undefined) {
        visitor.refused?.(why);
        return undefined;
      }
      const since = timeAt(session, 'horde', 'auth/timestamp');
      return claimOf({ id, name: stringAt(session, 'auth/authId') ?? id, since, unchecked: [] });
    },
    ...(checks.secretKey !== undefined && {
      returnParameter: 'url',
      signReturn: (path, time) => signed(path, time, checks.secretKey!),
    }),
  };
}

/** `Horde::signUrl()`: login.php leads back to no other address. */
function signed(path: string, time: number, secretKey: string): string {
  const text = `${path}${path.includes('?') ? '&' : '?'}_t=${time}&_h=`;
  return text + createHmac('sha1', secretKey).update(text).digest('base64url');
}

function refusal(session: LoginSession, visitor: LoginVisitor, checks: Checks): LoginRefusal | undefined {
  const { address, userAgent = '', forwardedFor, time, isNobody = false } = visitor;
  const addressThen = stringAt(session, 'auth/remoteAddr');
  // Whoever sends this header chooses it. Horde compares it all the same, so it is compared here, and used for nothing else.
  const addressNow = forwardedFor === undefined ? address : forwardedFor.split(',')[0];
  if (!isNobody && checks.checkip && addressThen && addressThen !== addressNow) return 'address';
  if (!isNobody && checks.checkbrowser && stringAt(session, 'auth/browser') !== trimmed(userAgent)) return 'browser';
  if (checks.maxTime > 0 && (timeAt(session, '_b') ?? 0) + checks.maxTime < time) return 'age';
  return undefined;
}

/** A string of `Horde_Session`, which has a NUL in front; without it, Horde reads none. */
function stringAt(session: LoginSession, key: string): string | undefined {
  const text = textAt(session, 'horde', key);
  return text?.startsWith('\0') ? text.slice(1) : undefined;
}

/** As PHP's `trim()`. */
function trimmed(text: string): string {
  return text.replace(/^[ \t\n\r\0\v]+|[ \t\n\r\0\v]+$/g, '');
}
