import { optional, type Signature } from '../signature.ts';

/** `DatabaseSession`; config/schema/sessions.sql of the skeleton has `created` and `modified` since CakePHP 3. */
export const cakephp: Signature = {
  application: 'CakePHP',
  preset: 'cakephp',
  columns: { id: 'key', data: 'data', expires: 'int', created: 'date', modified: 'date' },
  ...{ id: 'id', data: 'data', time: 'expires', meaning: 'expiresAt' },
  usualTable: 'sessions',
  shownBy: 'rows',
  emptyTable: /sessions$/,
  marks: ['Config'],
  hasRawIds: true,
  cookie: "cookie of Session in config/app.php, or php.ini's session.name",
  read: () => ({
    versions: '3 and later',
    unknown: [
      optional(
        'version',
        'preset',
        'all versions have the same table',
        "composer.lock: only 3 has another cookie's name",
      ),
    ],
  }),
};
