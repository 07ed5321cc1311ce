import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { temporaryDirectory, unwatch, watch } from './lifeline.mjs';
import { program } from './packages.mjs';

/**
 * Starts Debian's Chromium without a window, with an empty profile that is deleted with it. It asks for no updates, and none
 * of its processes outlives this one.
 *
 * @param {import('playwright-core').BrowserContextOptions} [options] of its pages
 * @returns {Promise<{ context: import('playwright-core').BrowserContext, stop: () => Promise<void> }>}
 */
export async function startChromium(options = {}) {
  const profile = temporaryDirectory('chromium');
  const quiet = ['background-networking', 'component-update', 'quic', 'sync'].map((name) => `--disable-${name}`);
  try {
    const context = await chromium.launchPersistentContext(profile.path, {
      executablePath: program('chromium'),
      artifactsDir: join(profile.path, 'artifacts'),
      // What it keeps beside the profile.
      env: { ...process.env, HOME: profile.path, TMPDIR: profile.path },
      args: [...quiet, '--disable-gpu', '--no-first-run'],
      ...options,
    });
    // Its first process leads the group, and is named in the profile: HOST-PID.
    const group = Number(readlinkSync(join(profile.path, 'SingletonLock')).split('-').at(-1));
    watch('group', group);
    return {
      context,
      async stop() {
        await context.close();
        unwatch('group', group);
        profile.remove();
      },
    };
  } catch (error) {
    profile.remove();
    throw error;
  }
}
