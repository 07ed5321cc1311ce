import { fileURLToPath } from 'node:url';
import { mailPassword, startHordeLab } from './lab.mjs';
import { deliver } from './mail.mjs';

const script = fileURLToPath(new URL('../../examples/horde/server.mjs', import.meta.url));

/**
 * Starts the example: three Horde servers with our handler, and two Node servers with examples/horde, behind one address.
 *
 * @returns {Promise<{ url: string, password: string, farm: import('./farm.mjs').HordeFarm, deliver: (subject: string) => void, stop: () => Promise<void> }>}
 *   `deliver` brings alice a message
 */
export async function startExample() {
  const lab = await startHordeLab();
  try {
    const { user, password, host, port, database } = lab.database;
    const env = { DATABASE: `mysql://${user}:${password}@${host}:${port}/${database}` };
    const farm = await lab.startFarm({ ways: ['merge', 'merge', 'merge'], node: { script, count: 2, env } });
    return {
      url: farm.url,
      password: mailPassword,
      farm,
      deliver: (subject) => deliver(lab.mailbox('alice'), subject),
      async stop() {
        await farm.stop();
        await lab.stop();
      },
    };
  } catch (error) {
    await lab.stop();
    throw error;
  }
}
