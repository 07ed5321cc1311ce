<?php

declare(strict_types=1);

namespace PhpSessionBridge;

/**
 * The row by which Node recognises that a later session under the same id is another session.
 *
 * @internal
 */
final class Tombstone
{
    /**
     * Its id: a hash, as long as the session's id, with a `<` in front, which PHP accepts in no cookie. Node's side has the same rule, in
     * stores/mysql/tombstone.ts.
     */
    public static function id(string $id): string
    {
        $hash = strtr(base64_encode(hash('sha256', $id, true)), ['+' => '-', '/' => ',', '=' => '']);
        return substr(str_pad('<' . $hash, strlen($id), '>'), 0, strlen($id));
    }
}
