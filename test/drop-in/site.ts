import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { temporaryDirectory } from '../../tools/services/lifeline.mjs';
import { startPhpServer } from '../../tools/services/php.mjs';

/** What php.ini names as `auto_prepend_file`. */
export const prependFile = join(__dirname, '../../php/prepend.php');

export interface Site {
  /**
   * The configuration of the drop-in as PHP code: `$connection` is a function that connects to the test database, and `$root` has the
   * pages. `undefined`: there is no such file.
   */
  configuration?: string | undefined;
  /** Replaces the port of the database. */
  port?: number;
  ini?: Record<string, string | number>;
  /** Other files: names below the root, and what they contain. */
  files?: Record<string, string>;
  mode?: number;
  /** Where the configuration lies, below the root's parent. */
  place?: string;
}

export interface Question {
  id?: string;
  host?: string;
}

/** A page runs the PHP code that it is sent, and answers with what the code returns, as JSON. */
const page = '<?php echo json_encode(eval(file_get_contents("php://input")));';

/** Two applications, `mail` and `shop`, and pages of none, `plain`, on one PHP with the drop-in. */
export async function startSite({
  configuration,
  port,
  ini = {},
  files = {},
  mode = 0o640,
  place = 'config.php',
}: Site) {
  const directory = temporaryDirectory('drop-in');
  const at = (...names: string[]) => join(directory.path, ...names);
  const mysql = JSON.parse(process.env.PSB_TEST_MYSQL ?? 'null');
  for (const folder of ['root', 'sessions']) mkdirSync(at(folder));
  for (const folder of ['mail', 'shop', 'plain']) {
    mkdirSync(at('root', folder));
    writeFileSync(at('root', folder, 'page.php'), page);
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(at('root', name), text);
  if (configuration !== undefined) {
    writeFileSync(
      at(place),
      `<?php
$root = ${JSON.stringify(at('root'))};
$connection = static function () {
    return new PDO('mysql:host=${mysql.host};port=${port ?? mysql.port};dbname=test', '${mysql.user}', '${mysql.password}');
};
${configuration}`,
    );
    chmodSync(at(place), mode);
  }
  const settings: Record<string, string | number> = {
    auto_prepend_file: prependFile,
    'php_session_bridge.config': at(place),
    display_errors: 1,
    html_errors: 0,
    log_errors: 1,
    error_log: at('error.log'),
    'session.save_path': at('sessions'),
    'session.gc_probability': 0,
    ...ini,
  };
  const php = await startPhpServer({ documentRoot: at('root'), workers: 4, ini: settings });
  return {
    php,
    at,
    log: () => readFileSync(at('error.log'), { encoding: 'utf8', flag: 'a+' }),
    /** What PHP's own handler has stored. */
    files: () => readdirSync(at('sessions')),
    async ask(application: string, code: string, { id, host }: Question = {}) {
      const headers = { ...(id !== undefined && { cookie: `PHPSESSID=${id}` }), ...(host !== undefined && { host }) };
      const sent = request(`${php.url}/${application}/page.php`, { method: 'POST', headers }); // fetch() sends no host of ours.
      sent.end(code);
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      const body = await text(answer);
      return {
        status: answer.statusCode,
        headers: answer.headers,
        cookies: answer.headers['set-cookie'] ?? [],
        body,
        result: parsed(body),
      };
    },
    /** Runs a script of the site on the command line. */
    async run(script: string, more: Record<string, string | number> = {}) {
      const args = Object.entries({ ...settings, ...more }).flatMap(([name, value]) => ['-d', `${name}=${value}`]);
      return (await promisify(execFile)('php', [...args, at('root', script)])).stdout;
    },
    async stop() {
      await php.stop();
      directory.remove();
    },
  };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined; // Not what the code has returned.
  }
}
