import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { temporaryDirectory } from '../services/lifeline.mjs';
import { program } from '../services/packages.mjs';
import { freePort } from '../services/ports.mjs';
import { startProcess, tail, untilReady } from '../services/processes.mjs';

/**
 * Starts a mail server with an empty mailbox for each name, and one password for all: Roundcube's users are those of a mail server.
 *
 * @param {string} password
 * @returns {Promise<{ port: number, mail: string, log: () => string, stop: () => Promise<void> }>} the port of IMAP, and the folder with a
 *   Maildir for each user
 */
export async function startDovecot(password) {
  const directory = temporaryDirectory('dovecot');
  const at = (/** @type {string} */ name) => join(directory.path, name);
  const port = await freePort();
  const isRoot = process.getuid?.() === 0;
  const { username } = userInfo();
  // As root it wants users without rights for its processes.
  const [inner, login] = isRoot ? ['daemon', 'nobody'] : [username, username];
  mkdirSync(at('mail'));
  chmodSync(directory.path, 0o755);
  chmodSync(at('mail'), 0o777);
  writeFileSync(
    at('dovecot.conf'),
    `protocols = imap
listen = 127.0.0.1
base_dir = ${at('run')}
state_dir = ${at('state')}
auth_mechanisms = plain
log_path = ${at('log')}
ssl = no
disable_plaintext_auth = no
default_internal_user = ${inner}
default_internal_group = ${isRoot ? 'daemon' : '$GROUP'}
default_login_user = ${login}
first_valid_uid = 1
mail_location = maildir:${at('mail')}/%u
passdb {
  driver = static
  args = password=${password}
}
userdb {
  driver = static
  args = uid=${login} gid=${isRoot ? 'nogroup' : String(process.getgid?.())} home=${at('mail')}/%u
}
service imap-login {
  chroot =
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
`.replace('$GROUP', String(process.getgid?.())),
  );
  const server = startProcess(program('dovecot'), ['-F', '-c', at('dovecot.conf')], { log: at('log') });
  try {
    await untilReady(server, { name: 'Dovecot', port, log: at('log') });
  } catch (error) {
    await server.stop();
    directory.remove();
    throw error;
  }
  return {
    port,
    mail: at('mail'),
    log: () => tail(at('log')),
    async stop() {
      await server.stop();
      directory.remove();
    },
  };
}
