import { optional, type Signature } from '../signature.ts';

/** `Horde_SessionHandler_Storage_Sql`, and `SqlBackend` of Horde 6. */
export const horde: Signature = {
  application: 'Horde',
  preset: 'horde',
  columns: { session_id: 'key', session_lastmodified: 'int', session_data: 'data' },
  ...{ id: 'session_id', data: 'session_data', time: 'session_lastmodified', meaning: 'lastUsed' },
  usualTable: 'horde_sessionhandler',
  shownBy: 'columns',
  marks: ['_b', 'horde'],
  hasRawIds: true,
  read: () => ({
    versions: '5 and 6',
    unknown: [
      optional('name', 'preset', 'the name of the cookie is in no row', "$conf['session']['name'] of Horde's conf.php"),
    ],
  }),
};
