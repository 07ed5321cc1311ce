import { installNewestNode } from '../../tools/newest-node.mjs';
import { setUp } from '../../tools/setup.mjs';

/** Jest's globalSetup: a Node for frameworks that need a newer one, which the tests find in `PSB_NEWEST_NODE`. */
export default async function installNode() {
  await setUp(['libatomic1']);
  process.env.PSB_NEWEST_NODE = await installNewestNode();
}
