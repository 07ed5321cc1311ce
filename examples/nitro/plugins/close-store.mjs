import { store } from '../lib/store.mjs';

// After SIGTERM, when Nitro has answered all requests.
export default (nitro) => nitro.hooks.hook('close', () => store.close());
