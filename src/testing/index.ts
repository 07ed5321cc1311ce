import '../node-version.ts';

export { middlewareContract } from './middleware-contract/index.ts';
export type { MiddlewareUnderTest, SiteOptions, Visit } from './middleware-contract/under-test.ts';
export { storeContract } from './store-contract.ts';
export type { ContractOptions, ContractRunner, StoreUnderTest } from './under-test.ts';
