import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { Witness } from './mysql-store-helpers.ts';

/**
 * An empty database for each test of a file.
 *
 * @param use gets a witness in it, before the first test
 */
export function emptyDatabase(database: string, use: (witness: Witness) => void): void {
  let witness: Witness;
  beforeAll(async () => {
    witness = await Witness.connect();
    use(witness);
  });
  beforeEach(() => witness.query(`DROP DATABASE IF EXISTS ${database}; CREATE DATABASE ${database}; USE ${database}`));
  afterAll(async () => {
    await witness.query(`DROP DATABASE IF EXISTS ${database}`);
    await witness.end();
  });
}
