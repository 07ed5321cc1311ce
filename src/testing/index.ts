import '../node-version.ts';

export { type ContractOptions, type ContractRunner, type StoreUnderTest, storeContract } from './store-contract.ts';
