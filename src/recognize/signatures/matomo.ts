import { matomoEncoding } from '../../presets/matomo-encoding.ts';
import { needed, optional, type Signature } from '../signature.ts';

/** `Piwik\Session\SaveHandler\DbTable`. */
export const matomo: Signature = {
  application: 'Matomo',
  preset: 'matomo',
  columns: { id: 'key', modified: 'int', lifetime: 'int', data: 'data' },
  ...{ id: 'id', data: 'data', time: 'modified', meaning: 'lastUsed' },
  without: ['name'],
  also: ['lifetime'],
  usualTable: 'session',
  prefix: 'prefix',
  shownBy: 'rows',
  emptyTable: /^(matomo|piwik)_session$/,
  encoding: matomoEncoding,
  formats: ['php_serialize'],
  setsFormat: true,
  key: /^[0-9a-f]{128}$/,
  marks: ['user.name', 'session.info', 'twofactorauth.verified'],
  read(seen) {
    const lifetimes = new Set(seen.values('lifetime'));
    const [lifetime = ''] = lifetimes;
    const isKnown = lifetimes.size === 1 && /^\d{1,9}$/.test(lifetime);
    return {
      versions: '4 and 5',
      ...(isKnown && { options: { loginCookieExpire: Number(lifetime) } }),
      unknown: [
        needed('salt', 'MATOMO_SALT', 'ids are hashed with it', 'salt of config/config.ini.php'),
        ...(isKnown
          ? []
          : [optional('loginCookieExpire', 'preset', 'the rows do not tell', 'login_cookie_expire of config.ini.php')]),
      ],
    };
  },
};
