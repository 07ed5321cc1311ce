import { phpSession } from 'php-session-bridge/h3';
import { store } from '../lib/store.mjs';

export default phpSession({ store, useStrictMode: true, cookieHttponly: true, cookieSamesite: 'Lax' });
