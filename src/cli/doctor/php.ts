import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { compare } from '../../php-ini/check.ts';
import { type PhpIniFiles, settingsOfFiles } from '../../php-ini/files.ts';
import { optionsOf, type PhpOptions } from '../../php-ini/options.ts';
import { settingsOfJson } from '../../php-ini/settings.ts';
import type { SessionOptions } from '../../session/options.ts';
import type { Call, Flag } from '../command.ts';
import { UsageError } from '../exit-codes.ts';
import type { DoctorFinding } from './finding.ts';

export const phpFlags: Record<string, Flag> = {
  'php-ini': { type: 'string', value: 'FILE', says: "PHP's php.ini" },
  'php-scan': { type: 'string', value: 'DIRECTORY', says: 'the directory whose *.ini PHP reads after it' },
  'php-pool': { type: 'string', value: 'FILE', says: 'the file of the pool of PHP-FPM' },
  'ini-get-all': { type: 'string', value: 'FILE', says: 'what a page of PHP prints: json_encode(ini_get_all())' },
};

/** What PHP's side says of itself, in files on this host. */
export interface PhpSide {
  readonly findings: readonly DoctorFinding[];
  /** `pm.max_children`: requests of PHP at the same time, each with a connection. */
  readonly workers: number | undefined;
}

/** Seconds in which a session in a file counts as one of now. */
const RECENT = 3_600;

/**
 * Compares PHP's settings with the options of Node, and looks whether PHP goes past the shared table.
 *
 * @throws UsageError for a file that cannot be read
 */
export async function checkPhp({ flags }: Call, options: SessionOptions): Promise<PhpSide | undefined> {
  const named = {
    ...(flags['php-ini'] !== undefined && { ini: flags['php-ini'] as string }),
    ...(flags['php-scan'] !== undefined && { scanDirectory: flags['php-scan'] as string }),
    ...(flags['php-pool'] !== undefined && { pool: flags['php-pool'] as string }),
  } satisfies PhpIniFiles;
  const page = flags['ini-get-all'] as string | undefined;
  if (Object.keys(named).length === 0 && page === undefined) return undefined;
  try {
    const settings =
      page === undefined
        ? settingsOfFiles(named, process.env)
        : settingsOfJson(await readFile(page, 'utf8'), 'ini_get_all()');
    const where = page ?? named.pool ?? named.ini ?? named.scanDirectory!;
    return {
      findings: [
        ...differences(options, optionsOf(settings, options.phpVersion), where),
        ...(await bypasses(settings.all, where)),
      ],
      workers: Number(settings.pool.get('pm.max_children') ?? Number.NaN) || undefined,
    };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined && !(error instanceof TypeError || error instanceof SyntaxError)) throw error;
    throw new UsageError(`PHP's settings cannot be read: ${code ?? message}`);
  }
}

function differences(options: SessionOptions, php: PhpOptions, where: string): DoctorFinding[] {
  return compare(options, php, where).map(({ code, severity, servers, setting, message }) => ({
    ...{ code, severity, where: servers, sql: [] },
    message: setting === undefined ? message : `${setting}: ${message}`,
  }));
}

/** Ways in which PHP's sessions are elsewhere, although our handler is installed. */
async function bypasses(all: ReadonlyMap<string, string>, where: string): Promise<DoctorFinding[]> {
  const found: DoctorFinding[] = [];
  const say = (severity: DoctorFinding['severity'], message: string) =>
    found.push({ code: 'drop-in-bypassed', severity, where: [where], message, sql: [] });
  const prepend = all.get('auto_prepend_file');
  const isDropIn = prepend !== undefined && /php-session-bridge|prepend\.php$/.test(prepend);
  if (isDropIn && !(await isThere(prepend))) {
    say(
      'error',
      'auto_prepend_file names a file that is not on this host: each page of PHP fails, or it is another host',
    );
  }
  if (isDropIn && /^(redis|rediscluster|memcached?)$/.test(all.get('session.save_handler') ?? '')) {
    say(
      'warning',
      'session.save_handler is set beside the drop-in: a page that begins its session before it goes there',
    );
  }
  // `N;MODE;/path`
  const folder = (all.get('session.save_path') || '/var/lib/php/sessions').split(';').at(-1)!;
  if ((all.get('session.save_handler') ?? 'files') === 'files') {
    const recent = await recentFiles(folder);
    if (recent > 0) {
      const how = isDropIn
        ? 'the drop-in is bypassed there (its lines in the error log of PHP say by what)'
        : 'these visitors have no session in Node';
      say(
        'warning',
        `${recent} sessions in files of ${folder} were used in the last hour: ${how}. They may be of another application`,
      );
    }
  }
  return found;
}

const isThere = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

/** How many; 0 where the folder may not be read. Their names are ids, and are not kept. */
async function recentFiles(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  let recent = 0;
  for (const name of names.filter((one) => one.startsWith('sess_')).slice(0, 10_000)) {
    const file = await stat(join(folder, name)).catch(() => undefined);
    if (file !== undefined && Date.now() - file.mtimeMs < RECENT * 1000) recent++;
  }
  return recent;
}
