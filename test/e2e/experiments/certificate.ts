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

/** Makes a certificate that signs itself, with PHP: its OpenSSL is there, and the command need not be. */
export function selfSigned(name: string, directory: string): Certificate {
  const at = (file: string) => join(directory, file);
  const [key, certificate, both] = [at('key.pem'), at('certificate.pem'), at('both.pem')] as const;
  // In place of the machine's openssl.cnf, which may be missing.
  const configuration = at('openssl.cnf');
  writeFileSync(
    configuration,
    `[req]\ndistinguished_name = subject\n[subject]\n[server]\nsubjectAltName = DNS:${name}, IP:127.0.0.1\n`,
  );
  execFileSync(program('php'), [
    '-r',
    `$options = ['config' => $argv[1], 'digest_alg' => 'sha256', 'x509_extensions' => 'server',
       'private_key_type' => OPENSSL_KEYTYPE_EC, 'curve_name' => 'prime256v1'];
     $key = openssl_pkey_new($options);
     $request = openssl_csr_new(['commonName' => $argv[2]], $key, $options);
     $certificate = openssl_csr_sign($request, null, $key, 2, $options);
     openssl_pkey_export($key, $keyText, null, $options) && openssl_x509_export($certificate, $text) || exit(1);
     file_put_contents($argv[3], $keyText);
     file_put_contents($argv[4], $text);
     file_put_contents($argv[5], $text . $keyText);`,
    ...[configuration, name, key, certificate, both],
  ]);
  const publicKey = new X509Certificate(readFileSync(certificate)).publicKey.export({ type: 'spki', format: 'der' });
  return { key, certificate, both, spki: createHash('sha256').update(publicKey).digest('base64') };
}
