import type { OptionRule } from '../option-rules.ts';
import type { PhpOptions } from '../php-ini/options.ts';
import { type SessionOptions, sessionRules } from '../session/options.ts';
import type { OptionValue, OptionValues, Recognition } from './recognition.ts';

/** What php.ini says that is not the default of the option. */
export function phpIniPart(php: PhpOptions | undefined): Recognition['phpIni'] {
  if (php === undefined) return { store: {}, session: {} };
  const given = Object.entries(php.session) as [keyof typeof sessionRules, OptionValue][];
  const session = given.filter(([name, value]) => {
    const { default: usual, defaultFor } = sessionRules[name] as OptionRule<unknown, SessionOptions>;
    return value !== (defaultFor?.(php.session as SessionOptions) ?? usual);
  });
  const { gcMaxlifetime } = php.store;
  return {
    store: gcMaxlifetime === undefined ? {} : { gcMaxlifetime },
    session: Object.fromEntries(session) as OptionValues,
  };
}
