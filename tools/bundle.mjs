import { join, relative } from 'node:path';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';

/** The entries of the package by their names in `exports`, and the modules they are made from. */
const entries = {
  index: 'index',
  codec: 'codec/index',
  formats: 'formats',
  igbinary: 'igbinary',
  msgpack: 'codec/msgpack/index',
  mysql: 'mysql',
  memory: 'stores/memory',
  encoded: 'encoded',
  express: 'middleware/express',
  fastify: 'middleware/fastify',
  h3: 'middleware/h3',
  hono: 'middleware/hono',
  horde: 'horde/index',
  'horde/credentials': 'horde/credentials',
  'horde/login': 'horde/login',
  http: 'middleware/http',
  koa: 'middleware/koa',
  'koa-session': 'middleware/koa-session',
  laravel: 'forms/laravel',
  'php-ini': 'php-ini',
  presets: 'presets/index',
  recognize: 'recognize',
  session: 'session',
  symfony: 'forms/symfony',
  testing: 'testing/index',
};

/** The files that entries share, and their modules. No entry loads more than three of them, or four: `php-ini`. @type {[string, RegExp][]} */
const chunks = [
  // What `mysql` takes of sessions stands on the codec alone, and must not load all of them.
  [
    'core',
    /^(codec\/(?!igbinary\/|msgpack\/)|session\/(neighbours|unreadable)\.js$|horde\/(cipher|variables)\.|[\w-]+\.)/,
  ],
  // What presets take of one store, values and types, must not load all of it.
  [
    'stores',
    /^(stores\/([\w-]+|mysql\/(now|locks))|presets\/matomo-encoding)\.|^stores\/mysql\/(options|row-options|connection-options)\.d\.|^presets\/laravel-(classes|encrypter)\.d\./,
  ],
  // What `mysql` and `recognize` share: connections.
  ['database', /^stores\/mysql\/(?!index\.)[\w-]+\.js$/],
  // What presets take of logins is theirs alone.
  [
    'requests',
    /^(session|middleware)\/|^login\/(?!php-values|claim|same-secret)|^php-ini\/.*\.d\.|^horde\/(accepted-login|beside|post-login)\.d\./,
  ],
  // What presets and forms have in common. Its types are in the one above.
  ['forms', /^(forms\/(arrays|checks)|presets\/(laravel-(classes|cookie|encrypter)|version)|login\/same-secret)\.js$/],
  // What `php-ini` and the command share.
  ['php-settings', /^php-ini\/[\w-]+\.js$/],
  // Two entries use each: one for its format, one for Horde's packs.
  ['igbinary-format', /^codec\/igbinary\//],
  ['msgpack-format', /^codec\/msgpack\//],
];

/**
 * Makes a few files of many modules: they load in a third of the time. Each is there as ES module (`.js`), and as CommonJS (`.cjs`)
 * for tools that cannot load ES modules; both have types.
 *
 * @param {string} modules directory of the compiled modules and their declarations
 * @param {string} target directory
 * @throws Error for all that Rollup warns of: files that import each other, types that no entry exports
 */
export async function bundle(modules, target) {
  // The command is run and not imported: an ES module alone, without types.
  const code = await read(modules, { ...entries, cli: 'cli/main' }, '.js');
  await write(code, modules, target, '.js');
  await code.close();
  const common = await read(modules, entries, '.js');
  await write(common, modules, target, '.cjs');
  await common.close();
  const types = await read(modules, entries, '.d.ts', dts());
  await write(types, modules, target, '.d.ts');
  await write(types, modules, target, '.d.cts');
  await types.close();
  // For tools/ alone: package.json leaves it out of the tarball. It stands on its own, as it would split the files above.
  const internals = await read(modules, { internals: 'internals' }, '.js');
  await internals.write({ dir: target, format: 'esm' });
  await internals.close();
}

/**
 * @param {string} modules
 * @param {Record<string, string>} input
 * @param {string} ending
 * @param {import('rollup').Plugin[]} plugins
 */
function read(modules, input, ending, ...plugins) {
  const files = Object.entries(input).map(([name, module]) => [name, join(modules, module + ending)]);
  return rollup({
    input: Object.fromEntries(files),
    external: (id) => !/^[./]/.test(id),
    plugins,
    onLog(_, { code, message }) {
      // TypeScript's helper for `import()` of a name that is known later begins with `this &&`.
      if (code !== 'THIS_IS_UNDEFINED') throw new Error(message);
    },
  });
}

/**
 * @param {import('rollup').RollupBuild} build
 * @param {string} modules
 * @param {string} target
 * @param {string} ending
 */
async function write(build, modules, target, ending) {
  await build.write({
    dir: target,
    format: ending === '.cjs' ? 'cjs' : 'esm',
    entryFileNames: `[name]${ending}`,
    chunkFileNames: `[name]${ending}`,
    minifyInternalExports: false,
    manualChunks(id, { getModuleInfo }) {
      if (getModuleInfo(id)?.isEntry) return undefined;
      return chunks.find(([, pattern]) => pattern.test(relative(modules, id)))?.[0];
    },
  });
}
