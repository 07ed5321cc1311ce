import type { SessionData } from '../codec/index.ts';
import type { LoginClaim, LoginRefusal } from '../login/login-rules.ts';
import type { RowColumns } from '../stores/store.ts';
import { CommandError } from './exit-codes.ts';
import type { SessionTable } from './session-table.ts';

/** Whose session it is, as far as its row tells. */
export interface Login {
  /** Nobody's: the session has no user, or the application would refuse him. */
  readonly claim: LoginClaim | undefined;
  readonly refused: LoginRefusal | undefined;
}

/**
 * Who is logged in, by the rules of the application. There is no visitor, so nothing is compared with one: an address, a browser, a second cookie.
 *
 * @throws CommandError where the application has no such rules
 */
export function loginsOf({ place: { preset } }: SessionTable): (session: SessionData, columns: RowColumns) => Login {
  const login = preset?.login;
  if (login === undefined) {
    const what = preset === undefined ? 'it is not known which application this is' : `${preset.name} has no login`;
    throw new CommandError(
      `nobody can tell who is logged in: ${what}. A configuration can have a preset with login.claim`,
    );
  }
  return (session, columns) => {
    let why: LoginRefusal | undefined;
    const claim = login.claim(session, {
      isNobody: true,
      columns,
      time: Math.floor(Date.now() / 1000),
      cookie: () => undefined,
      refused: (reason) => {
        why = reason;
      },
    });
    return { claim, refused: claim === undefined ? why : undefined };
  };
}

/** Whether a user is called so: by his name, or by his id. */
export const isUser = ({ id, name }: LoginClaim, given: string): boolean => String(id) === given || name === given;
