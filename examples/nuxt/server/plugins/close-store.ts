// After SIGTERM, when Nitro has answered all requests.
export default defineNitroPlugin((nitro) => nitro.hooks.hook('close', () => store.close()));
