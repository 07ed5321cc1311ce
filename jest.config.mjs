// Sources and tests are TypeScript with `.ts` specifiers; swc turns them into CommonJS for Jest's module loader. What
// `npm run build` makes is tested in test/package.
const swc = [
  '@swc/jest',
  {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  },
];

export const project = (name, more = {}) => ({
  displayName: name,
  testEnvironment: 'node',
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  moduleFileExtensions: ['ts', 'mjs', 'js', 'json'],
  transform: { '\\.(ts|mjs)$': swc },
  transformIgnorePatterns: ['/node_modules/(?!(h3|srvx|rou3|egoroof-blowfish)/)'], // which have ES modules alone
  cacheDirectory: '<rootDir>/.cache/jest',
  ...more,
});

const database = {
  globalSetup: '<rootDir>/test/helpers/start-database.mjs',
  globalTeardown: '<rootDir>/test/helpers/stop-database.mjs',
};

/**
 * Examples, each with packages of its own from the registry.
 *
 * @param {string[]} names
 */
export const examples = (...names) =>
  project('examples', {
    globalSetup: '<rootDir>/test/helpers/install-newest-node.mjs',
    testMatch: names.map((name) => `<rootDir>/test/examples/${name}.test.ts`),
  });

/** The example that `npm test` runs. The others install or build for a minute each, and are for `npm run test:examples`. */
export const quickExamples = ['trpc'];

/** Tests of the package with other releases than the clone's, from the registry. They too are for `npm run test:examples`. */
export const releases = ['lowest-peers', 'signals', 'too-old'];

export default {
  maxWorkers: 3, // on two cores: many tests wait for a lock or a server
  testTimeout: 30_000,
  coverageProvider: 'v8',
  collectCoverageFrom: ['src/**/*.ts'],
  projects: [
    project('unit'),
    project('property', { setupFiles: ['<rootDir>/test/helpers/fast-check.ts'] }),
    project('differential'),
    project('integration', database),
    project('e2e'),
    project('package', { testPathIgnorePatterns: releases.map((name) => `/package/${name}\\.test`) }),
    project('docs'),
    examples(...quickExamples),
  ],
};
