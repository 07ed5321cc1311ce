import type { Flag } from './command.ts';

/** For commands that can show what is in a session. Keys can be personal data, as Horde's `horde_prefs_cache/alice||horde`. */
export const revealFlag: Record<string, Flag> = {
  reveal: { type: 'boolean', says: 'show names and values: personal data, and perhaps secrets' },
};
