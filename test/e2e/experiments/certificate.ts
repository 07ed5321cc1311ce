import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { program } from '../../../tools/services/packages.mjs';

/** Files in PEM, and what a browser needs to trust this certificate and no other. */
export interface Certificate {
  key: string;
  certificate: string;
  /** Certificate and key in one file, as HAProxy wants it. */
  both: string;
  /** SHA-256 of the public key, in Base64. */
  spki: string;
}

/** Makes a certificate that signs itself, with PHP: its OpenSSL is there, and the command `openssl` need not be. */
export function selfSigned(name: string, directory: string): Certificate {
  const at = (file: string) => join(directory, file);
  const [key, certificate, both] = [at('key.pem'), at('certificate.pem'), at('both.pem')] as const;
  // In place of the machine's openssl.cnf, which comes with that command.
  const configuration = at('openssl.cnf');
  writeFileSync(
    configuration,
    `[req]\ndistinguished_name = subject\n[subject]\n[server]\nsubjectAltName = DNS:${name}, IP:127.0.0.1\n`,
  );
  execFileSync(program('php'), [join(__dirname, 'certificate.php'), configuration, name, key, certificate]);
  const text = readFileSync(certificate, 'utf8');
  writeFileSync(both, text + readFileSync(key, 'utf8'), { mode: 0o600 });
  const publicKey = new X509Certificate(text).publicKey.export({ type: 'spki', format: 'der' });
  return { key, certificate, both, spki: createHash('sha256').update(publicKey).digest('base64') };
}
