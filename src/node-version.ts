// Entries import this before all else, so that an older Node says this, and not what it misses first. The same rule is in
// tools/node-version.cjs.

/** Whether a Node is older than what `engines` in package.json names. */
export function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < 20 || (major === 20 && minor < 19) || major === 21 || (major === 22 && minor < 13);
}

// Bun and Deno name the Node that they are like.
const version: string | undefined = globalThis.process?.versions?.node;
if (version !== undefined && isTooOld(version)) {
  throw new Error(`php-session-bridge needs Node 20.19, 22.13, 24 or later, and this is ${version}`);
}
