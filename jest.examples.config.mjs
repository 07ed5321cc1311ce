import { project } from './jest.config.mjs';

// What `npm run test:examples` runs: each example is installed from the registry, with the package from its tarball.
export default {
  maxWorkers: 1, // they share the table `session`
  testTimeout: 60_000,
  projects: [
    project('examples', {
      globalSetup: '<rootDir>/test/helpers/start-database.mjs',
      globalTeardown: '<rootDir>/test/helpers/stop-database.mjs',
    }),
  ],
};
