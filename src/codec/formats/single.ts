import { syntaxError } from '../php/errors.ts';
import type { Framing } from './framing.ts';

/** One value, as `serialize()` writes it. For the codec it is the only variable of a session, and has no name. Nothing may follow it. */
export const singleValue: Framing = {
  name: 'serialize',
  isArray: false,

  read(tokens, value) {
    value('', 0);
    if (tokens.at !== tokens.bytes.length) throw syntaxError(tokens.at);
  },

  writeKey: () => undefined,
};
