import { needed, optional, type Seen, type Signature } from '../signature.ts';
import { columnOf } from '../tables.ts';

/** `#__session` of `Joomla\Session\Handler\DatabaseHandler`. It is there with every session handler, for who is logged in. */
export const joomla: Signature = {
  application: 'Joomla',
  preset: 'joomla',
  columns: {
    ...{ session_id: 'key', client_id: 'int', guest: 'int', time: 'any' },
    ...{ data: 'data', userid: 'int', username: 'key' },
  },
  ...{ id: 'session_id', data: 'data', time: 'time', meaning: 'lastUsed' },
  usualTable: 'session',
  prefix: 'prefix',
  shownBy: 'columns',
  marks: ['joomla'],
  read(seen: Seen) {
    if (columnOf(seen.table, 'time')!.type !== 'int')
      return { versions: '3', hasPreset: false, todo: ['There is no preset for a Joomla whose column time is a text'] };
    if (seen.rows.length > 0 && seen.contents.length === 0)
      return {
        hasPreset: false,
        todo: ["Joomla keeps its sessions elsewhere: $session_handler of configuration.php is not 'database'"],
      };
    return {
      versions: '4 and 5; 3.9 and 3.10 have the same table',
      unknown: [
        needed(
          'secret',
          'JOOMLA_SECRET',
          'the name of the cookie is a hash of it',
          "$secret of Joomla's configuration.php",
        ),
        optional('application', 'preset', 'one table has the visitors of both', "'Administrator' for the back end"),
        optional('sessionName', 'preset', 'it is in no row', '$session_name of configuration.php, if it is there'),
        optional('lifetime', 'preset', 'a row has only when it was used', '$lifetime of configuration.php, in minutes'),
      ],
    };
  },
};
