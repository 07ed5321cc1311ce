import { examples } from './jest.config.mjs';

// What `npm run test:examples` runs: each example is installed from the registry, with the package from its tarball.
export default {
  maxWorkers: 2,
  testTimeout: 60_000,
  projects: [examples('*')],
};
