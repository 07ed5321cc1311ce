export { newId, read, withLease, writeText } from '../../src/testing/leases.ts';
export { storeContract } from '../../src/testing/store-contract.ts';
