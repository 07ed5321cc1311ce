import { project } from './jest.config.mjs';

// What `npm run test:clusters` runs on each engine, which it names by PSB_TEST_ENGINE: tests of clusters, and those of
// the integration tests that need no MariaDB of their own.
const everywhere = [
  'mysql-check-grants',
  'mysql-store',
  'mysql-store-abort',
  'mysql-store-collector',
  'mysql-store-expires-at',
  'mysql-store-lost-lock',
  'mysql-store-table',
  'mysql-store-touch',
  'php-handler',
  'php-handler-time-type',
];

export default {
  maxWorkers: 2,
  testTimeout: 60_000,
  projects: [
    project('clusters', {
      testMatch: [
        '<rootDir>/test/clusters/**/*.test.ts',
        ...everywhere.map((name) => `<rootDir>/test/integration/${name}.test.ts`),
      ],
    }),
  ],
};
