<?php

/** What a visitor has: a counter, and so many bytes besides. */
function counted(array $session, string $bytes): array
{
    $session['count'] = ($session['count'] ?? 0) + 1;
    for ($i = 0; !isset($session['items'][$i]) && $i < intdiv((int) $bytes, 64); ++$i) {
        $session['items'][$i] = str_pad((string) $i, 50, 'x');
    }
    return $session;
}

/** The page, with PHP's sessions. */
function answer(string $bytes): string
{
    $_SESSION = counted($_SESSION, $bytes);
    return (string) $_SESSION['count'];
}
