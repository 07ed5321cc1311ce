import { phpSession } from 'php-session-bridge/h3';

export default phpSession({ store, useStrictMode: true, cookieHttponly: true, cookieSamesite: 'Lax' });
