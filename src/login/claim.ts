import type { LoginClaim } from './login-rules.ts';
import { isEqual } from './same-secret.ts';

interface Facts extends Omit<LoginClaim, 'id' | 'name' | 'guard' | 'since' | 'confirms'> {
  readonly id: string | number | undefined;
  readonly name?: string | undefined;
  readonly guard?: string | undefined;
  readonly since?: number | undefined;
  /** Of the login, as `secretAt()` finds it. */
  readonly secret?: string | null | undefined;
  /** The forms that the application's secret may have in the session. Default: as it is. */
  readonly forms?: (current: string) => readonly string[];
}

/** @returns `undefined` without an id, or with a secret that can be none */
export function claimOf({ id, name, guard, since, unchecked, secret, forms = asItIs }: Facts): LoginClaim | undefined {
  if (id === undefined || secret === null) return undefined;
  return Object.freeze({
    id,
    ...(name !== undefined && { name }),
    ...(guard !== undefined && { guard }),
    ...(since !== undefined && { since }),
    unchecked: Object.freeze([...unchecked]),
    // The secret is in this function alone: no property has it.
    confirms(current: string) {
      if (secret === undefined) return true;
      return typeof current === 'string' && forms(current).some((form) => isEqual(form, secret));
    },
  });
}

const asItIs = (current: string): readonly string[] => [current];
