import { examples, project, releases } from './jest.config.mjs';

// What `npm run test:examples` runs. The packages come from the registry, and this one from its tarball.
export default {
  maxWorkers: 2,
  testTimeout: 60_000,
  projects: [
    examples('*'),
    project('package', { testMatch: releases.map((name) => `<rootDir>/test/package/${name}.test.ts`) }),
  ],
};
