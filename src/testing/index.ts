import '../node-version.ts';

export type { SessionData } from '../codec/index.ts';
export type { PhpSessionControl } from '../session/http-session.ts';
export type { SessionOptions } from '../session/options.ts';
export type { SessionStore } from '../stores/store.ts';
export { middlewareContract } from './middleware-contract/index.ts';
export type { MiddlewareUnderTest, SiteOptions, Visit } from './middleware-contract/under-test.ts';
export { storeContract } from './store-contract.ts';
export type { ContractOptions, ContractRunner, StoreUnderTest } from './under-test.ts';
