import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../tools/setup.mjs';

/** Of `maintenance/tables-generated.sql`. */
const schema = `CREATE TABLE objectcache (keyname VARBINARY(255) DEFAULT '' NOT NULL PRIMARY KEY, value MEDIUMBLOB DEFAULT NULL,
  exptime BINARY(14) NOT NULL, modtoken VARCHAR(17) DEFAULT '00000000000000000' NOT NULL, flags INT UNSIGNED DEFAULT NULL,
  INDEX exptime (exptime)) ENGINE = InnoDB, DEFAULT CHARSET = binary`;

/** @type {import('./shared/run.mjs').Application[]} */
export const applications = [
  {
    title: 'MediaWiki 1.39',
    page: 'mediawiki.php',
    schema,
    only: "keyname LIKE '%:MWSession:%'",
    preset: ({ mediaWiki }, dbname = 'wiki') => mediaWiki({ dbname }),
    async install({ connection: { host, port, user, password, database }, folder, share, env }) {
      const account = ['--dbuser', user, '--dbpass', password, '--installdbuser', user, '--installdbpass', password];
      const place = ['--dbserver', `${host}:${port}`, '--dbname', database, '--confpath', folder];
      const parts = ['--skins', '', '--extensions', '', '--scriptpath', '', '--server', 'http://127.0.0.1'];
      const wiki = ['--pass', 'a-long-password-1', 'Wiki', 'Alice'];
      const script = join(share, 'mediawiki/maintenance/install.php');
      const log = join(folder, 'install.log');
      const end = await run('php', [script, ...account, ...place, ...parts, ...wiki], { log, env });
      if (end !== 'exit 0') throw new Error(`MediaWiki's installer failed (${end})`);
      // Where PHP has APCu, the installer chooses that.
      appendFileSync(join(folder, 'LocalSettings.php'), '$wgSessionCacheType = CACHE_DB;\n');
    },
    bag: ['data'],
    makesAll: true,
    stays: /UserName$/,
    logsIn: true,
    who: '1',
    sends: 'wikiUserID=1',
  },
];
