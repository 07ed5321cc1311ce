<?php

/**
 * php certificate.php CONFIGURATION NAME KEY CERTIFICATE: writes a new key, and a certificate for NAME that signs itself
 * and is valid for two days, with the extensions of the section "server" of an OpenSSL configuration file.
 */

declare(strict_types=1);

[, $configuration, $name, $keyFile, $certificateFile] = $argv;
$options = [
    'config' => $configuration,
    'digest_alg' => 'sha256',
    'x509_extensions' => 'server',
    'private_key_type' => OPENSSL_KEYTYPE_EC,
    'curve_name' => 'prime256v1',
    'private_key_bits' => 2048, // Of no use for a curve, but PHP wants a number that would do for RSA.
];
$key = openssl_pkey_new($options);
$certificate = openssl_csr_sign(openssl_csr_new(['commonName' => $name], $key, $options), null, $key, 2, $options);
openssl_pkey_export_to_file($key, $keyFile, null, $options) && openssl_x509_export_to_file($certificate, $certificateFile)
    || exit(1);
