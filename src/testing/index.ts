import '../node-version.ts';

export { storeContract } from './store-contract.ts';
export type { ContractOptions, ContractRunner, StoreUnderTest } from './under-test.ts';
