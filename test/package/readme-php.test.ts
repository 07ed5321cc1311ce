import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import { createTableSql } from '../../src/stores/mysql/index.ts';
import { startMariadb } from '../../tools/services/mariadb.mjs';
import { startPhpServer } from '../../tools/services/php.mjs';
import { Consumer, clone } from './consumer.ts';

// README.md's two parts, pasted: Node and PHP count in one session, on each table that the pages name. Only the ports are ours.

const readme = readFileSync(join(clone, 'README.md'), 'utf8');
const phpReadme = readFileSync(join(clone, 'php/README.md'), 'utf8');
const uri = /mysql:\/\/(\w+):(\w+)@127\.0\.0\.1\/(\w+)/;
const [, user, password, name] = uri.exec(readme)!;

const tables: Record<string, string> = {
  'createTableSql()': createTableSql(),
  'the table of php/README.md': /^```sql\n(CREATE TABLE session .*?)^```/ms.exec(phpReadme)![1]!,
};
const [, old] = /`(id CHAR\(32\) PRIMARY KEY, data TEXT,\s+usetime TIMESTAMP)`/.exec(phpReadme)!;
tables['the old table of php/README.md'] = `CREATE TABLE session (${old})`;

const fence = (text: string, language: string, what: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].find(([, code]) =>
    code!.includes(what),
  )![1]!;

/** Each place must be there. */
function replaced(text: string, ...pairs: [string | RegExp, string][]): string {
  for (const [from, to] of pairs) {
    const next = text.replace(from, to);
    if (next === text) throw new Error(`there is no ${from} any more`);
    text = next;
  }
  return text;
}

let consumer: Consumer;
let database: Awaited<ReturnType<typeof startMariadb>>;
let php: Awaited<ReturnType<typeof startPhpServer>>;
let node: ChildProcess;
let nodeUrl: string;
let sql: (text: string) => Promise<unknown>;

beforeAll(async () => {
  [consumer, database] = await Promise.all([Consumer.create(), startMariadb()]);
  const { host, port, user: root, password: rootPassword } = database;
  const connection = await createConnection({ host, port, user: root, password: rootPassword });
  sql = (text) => connection.query(text);
  await sql(`CREATE DATABASE ${name}`);
  await sql(`USE ${name}`);
  await sql(`CREATE USER ${user}@'%' IDENTIFIED BY '${password}'`);
  await sql(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${name}.* TO ${user}@'%'`);

  consumer.install('koa', 'mysql2');
  const koa = fence(readme, 'js', 'phpSession({');
  consumer.write(
    'app.mjs',
    replaced(
      koa,
      [uri, `mysql://${user}:${password}@127.0.0.1:${port}/${name}`],
      [/app\.listen\(.*?\)/, 'app.listen(0, function () { console.log(this.address().port); })'],
    ),
  );
  node = spawn(process.execPath, ['app.mjs'], { cwd: consumer.path(), stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface(node.stdout!)) {
    nodeUrl = `http://127.0.0.1:${line}`;
    break;
  }

  const places: [string, string, string, [string, string]][] = [
    ['readme.php', readme, 'node_modules/php-session-bridge/php/src', ['127.0.0.1;', `127.0.0.1;port=${port};`]],
    ['php-readme.php', phpReadme, 'php-session-bridge/php/src', ["'127.0.0.1',", `'127.0.0.1', 'port' => ${port},`]],
  ];
  for (const [file, text, place, server] of places) {
    const code = fence(text, 'php', 'SessionHandler(').replace(/^<\?php/, '');
    const found = replaced(code, [place, join(consumer.package, 'php/src')], server);
    consumer.write(`www/${file}`, `<?php ${found}\necho 'Visit ', $_SESSION['count'];`);
  }
  const ini = {
    'session.use_strict_mode': 1,
    'session.serialize_handler': 'php',
    'session.upload_progress.enabled': 'Off',
    display_errors: 1,
    html_errors: 0,
  };
  php = await startPhpServer({ documentRoot: consumer.path('www'), ini });
}, 240_000);

afterAll(async () => {
  node?.kill();
  await php?.stop();
  await database?.stop();
  consumer?.remove();
});

describe.each(Object.entries(tables))('%s', (_, create) => {
  beforeAll(async () => {
    await sql('DROP TABLE IF EXISTS session');
    await sql(create);
  });

  test.each(['readme.php', 'php-readme.php'])('PHP begins (%s), and Node and PHP go on', async (page) => {
    const counts = await visits([`${php.url}/${page}`, nodeUrl, `${php.url}/${page}`, nodeUrl]);
    expect(counts).toEqual([1, 2, 3, 4]);
  });

  test('Node begins', async () => {
    expect(await visits([nodeUrl, `${php.url}/readme.php`, `${php.url}/php-readme.php`])).toEqual([1, 2, 3]);
  });
});

/** Visits these pages one after the other, as a browser does, and returns what each counted. */
async function visits(urls: string[]): Promise<(number | string)[]> {
  let cookie = '';
  const counts = [];
  for (const url of urls) {
    const answer = await fetch(url, { headers: { cookie } });
    cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? cookie;
    const text = await answer.text();
    const [, count] = /^Visit (\d+)/.exec(text) ?? [];
    counts.push(answer.status === 200 && count !== undefined ? Number(count) : `${answer.status} ${text}`);
  }
  return counts;
}
