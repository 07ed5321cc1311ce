import { type Answer, needed, optional, type Seen, type Signature } from '../signature.ts';
import { columnOf } from '../tables.ts';

/** `TYPO3\CMS\Core\Session\Backend\DatabaseSessionBackend`: one table for the site's visitors, and one for editors. */
export const typo3: Signature = {
  application: 'TYPO3',
  preset: 'typo3',
  columns: { ses_id: 'key', ses_iplock: 'key', ses_userid: 'int', ses_tstamp: 'int', ses_data: 'data' },
  ...{ id: 'ses_id', data: 'ses_data', time: 'ses_tstamp', meaning: 'lastUsed' },
  table: /^(fe|be)_sessions$/,
  usualTable: 'fe_sessions',
  shownBy: 'columns',
  formats: ['php_serialize'],
  setsFormat: true,
  key: /^[0-9a-f]{32,64}$/,
  marks: [],
  read,
};

/** Before 11 an id is stored as it is, or as another hash; TYPO3 6 to 8 have columns beside. */
function read({ table, rows }: Seen): Answer | undefined {
  const hasOldColumns = ['ses_name', 'ses_hashlock'].some((name) => columnOf(table, name) !== undefined);
  const isOld = hasOldColumns || (rows.length > 0 && rows.every(({ key }) => key.length !== 64));
  if (isOld)
    return {
      versions: hasOldColumns ? 'up to 8' : 'up to 10',
      hasPreset: false,
      todo: ['There is no preset for a TYPO3 before 12'],
    };
  const loginType = table.name.startsWith('be') ? 'BE' : 'FE';
  const settings = `$GLOBALS['TYPO3_CONF_VARS']['${loginType}']`;
  return {
    versions: '12 and later; 11 has another cookie',
    options: { loginType },
    sure: [`the table is that of ${loginType === 'BE' ? 'editors' : "the site's visitors"}`],
    unknown: [
      needed(
        'encryptionKey',
        'TYPO3_ENCRYPTION_KEY',
        'ids and cookies are hashed with it',
        "$GLOBALS['TYPO3_CONF_VARS']['SYS']['encryptionKey'] of settings.php",
      ),
      needed(
        'scope.domain',
        'TYPO3_DOMAIN',
        'a cookie names its site',
        'the host of the site, or cookieDomain of settings.php',
      ),
      optional('cookieName', 'preset', 'it is in no row', `cookieName of ${settings}`),
      optional('sessionTimeout', 'preset', 'a row has only when it was used', `sessionTimeout of ${settings}`),
    ],
  };
}
