import type { Answer, Seen, Signature } from '../signature.ts';

/** A table of id, data and time, as `createTableSql()` and php/README.md make it. */
export const own: Signature = {
  application: 'php-session-bridge',
  needsNoPreset: true,
  columns: { id: 'key', data: 'data', usetime: 'time' },
  ...{ id: 'id', data: 'data', time: 'usetime', meaning: 'lastUsed' },
  usualTable: 'session',
  shownBy: 'rows',
  emptyTable: /session/i,
  marks: [],
  hasRawIds: true,
  cookie: "php.ini's session.name",
  read,
};

function read({ contents }: Seen): Answer {
  return { sure: contents.length > 0 ? ["ids are PHP's, and data are sessions"] : [] };
}
