import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A running Horde with IMP and its table in MariaDB, made by a script that leaves its files in the folder that PHP_SESSION_BRIDGE_HORDE_LAB names:
 * `www/horde`, `etc/nginx.conf`, `etc/horde-horde/conf.php`, `run/mysql.sock`. Its users are alice (secret) and bob (hunter2).
 */
export interface HordeLab {
  readonly url: string;
  readonly origin: string;
  /** Options for mysql2. */
  readonly admin: { socketPath: string; user: string; database: string };
  readonly port: number;
  readonly secretKey: string;
}

export function hordeLab(): HordeLab | undefined {
  const { PHP_SESSION_BRIDGE_HORDE_LAB: lab } = process.env;
  if (lab === undefined) return undefined;
  const read = (file: string, pattern: RegExp): string => pattern.exec(readFileSync(join(lab, file), 'utf8'))![1]!;
  const origin = `http://127.0.0.1:${read('etc/nginx.conf', /listen 127\.0\.0\.1:(\d+)/)}`;
  const conf = 'etc/horde-horde/conf.php';
  const socketPath = join(lab, 'run/mysql.sock');
  if (!existsSync(socketPath)) throw new Error(`The lab in ${lab} does not run`);
  writeFileSync(join(lab, 'www/horde/bridge.php'), page);
  return {
    origin,
    url: `${origin}/horde/login.php`,
    admin: { socketPath, user: 'root', database: 'horde' },
    port: Number(read(conf, /\['sql'\]\['port'\] = (\d+)/)),
    secretKey: read(conf, /\['secret_key'\] = '([^']+)'/),
  };
}

/** A page of Horde that writes a variable of its own, takes a new id, or reads what Node has set. */
const page = `<?php
require_once __DIR__ . '/lib/Application.php';
Horde_Registry::appInit('horde', ['nologintasks' => true]);
$vars = $injector->getInstance('Horde_Variables');
if ($vars->sleep) usleep(1000 * (int) $vars->sleep);
if ($vars->set) $session->set('hordelab', $vars->set, 1);
if ($vars->regenerate) $session->regenerate();
if ($vars->token) echo $session->getToken();
elseif ($vars->get) echo json_encode($session->get('nodelab', $vars->get));
else echo 'ok ', $registry->getAuth();
`;
