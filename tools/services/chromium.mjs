import { chromium } from 'playwright-core';
import { temporaryDirectory } from './lifeline.mjs';
import { program } from './packages.mjs';

/**
 * Starts Debian's Chromium without a window, with an empty profile that goes with it. It asks nobody for updates.
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
      // What it keeps beside the profile.
      env: { ...process.env, HOME: profile.path, TMPDIR: profile.path },
      args: [...quiet, '--disable-gpu', '--no-first-run'],
      ...options,
    });
    return {
      context,
      async stop() {
        await context.close();
        profile.remove();
      },
    };
  } catch (error) {
    profile.remove();
    throw error;
  }
}
