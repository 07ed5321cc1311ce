import { base64 } from '../../stores/base64.ts';
import { optional, type Signature } from '../signature.ts';

/** `core\session\database`. The table is there with every session handler. */
export const moodle: Signature = {
  application: 'Moodle',
  preset: 'moodle',
  columns: {
    ...{ id: 'int', state: 'int', sid: 'key', userid: 'int', timecreated: 'int', timemodified: 'int' },
    ...{ sessdata: 'data', firstip: 'key', lastip: 'key' },
  },
  ...{ id: 'sid', data: 'sessdata', time: 'timemodified', meaning: 'lastUsed' },
  usualTable: 'sessions',
  prefix: 'prefix',
  shownBy: 'columns',
  encoding: base64,
  marks: ['USER', 'SESSION'],
  hasRawIds: true,
  read(seen) {
    if (seen.rows.length > 0 && seen.contents.length === 0)
      return {
        hasPreset: false,
        todo: ["Moodle keeps its sessions elsewhere: $CFG->session_handler_class is not '\\core\\session\\database'"],
      };
    return {
      versions: '3.9 and later; up to 4.5 was looked at',
      options: { dbname: seen.database },
      unknown: [
        optional(
          'sessioncookie',
          'preset',
          'the name of the cookie is in no row',
          "$CFG->sessioncookie, or mdl_config's",
        ),
        optional('sessiontimeout', 'preset', 'a row has only when it was used', '$CFG->sessiontimeout, in seconds'),
      ],
    };
  },
};
