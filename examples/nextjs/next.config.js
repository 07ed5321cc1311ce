/** @type {import('next').NextConfig} */
export default {
  // They stay outside of the bundle, as all of Node's drivers should: one copy for all pages.
  serverExternalPackages: ['mysql2', 'php-session-bridge'],
};
