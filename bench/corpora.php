<?php
// The sessions that are measured: made here, the same on every run, and close to what applications keep.

/** @return array<string, callable(): array> by the corpus's name */
function corpora(): array
{
    return [
        'login' => 'loginSession',
        'application' => 'applicationSession',
        'big' => 'bigSession',
        'references' => 'sessionWithReferences',
    ];
}

/** About 300 bytes: what is left of a login form. */
function loginSession(): array
{
    return [
        'user_id' => 48213,
        'name' => 'alice',
        'email' => 'alice.meyer@example.com',
        'roles' => ['user', 'editor'],
        'csrf_token' => '9f86d081884c7d659a2feaa0c55ad015',
        'logged_in_at' => 1795292019,
        'rate' => 0.75,
        'remember' => true,
        'flash' => [],
        'counter' => 5,
    ];
}

/** About 8 KB: many small maps, as Symfony's bags and Horde's preferences are; one value is serialized itself. */
function applicationSession(): array
{
    mt_srand(8);
    $preferences = [];
    for ($i = 0; $i < 60; $i++) {
        $preferences['pref_' . $i] = [
            'v' => mt_rand(0, 4) === 0 ? 'Größe ' . $i . ' – ' . words(1) : words(1),
            'l' => mt_rand(0, 1) === 1,
            'type' => ['implicit', 'enum', 'text'][$i % 3],
        ];
    }
    $tokens = [];
    foreach (['login', 'profile', 'search', 'upload', 'comment', 'settings'] as $form) $tokens[$form] = hex(43);
    $folders = [];
    foreach (['INBOX', 'Entwürfe', 'Sent', 'Trash', 'Spam', 'Поддержка'] as $i => $folder) {
        $folders[] = ['name' => $folder, 'unseen' => mt_rand(0, 90), 'flags' => ['\\HasNoChildren', '\\Marked'], 'acl' => []];
    }
    return [
        '_sf2_attributes' => [
            '_csrf' => $tokens,
            '_security.last_username' => 'zoë.müller',
            '_locale' => 'de_DE',
            'tracking' => ['score' => 0.8125, 'weights' => [0.5, 1.25, 3.0], 'seen' => range(101, 130)],
        ],
        '_security_main' => serialize(['provider' => 'main', 'user' => ['id' => 48213, 'roles' => ['ROLE_USER']], 'at' => [1, 2]]),
        'preferences' => $preferences,
        'folders' => $folders,
        'history' => array_map(fn ($i) => ['path' => '/' . words(1) . '/' . $i, 'at' => 1795292019 + 31 * $i], range(1, 25)),
        '_sf2_meta' => ['u' => 1795292019, 'c' => 1795291019, 'l' => 0],
        'counter' => 5,
    ];
}

/** About 1 MB: a large cart and a cache of mails. About a tenth of the strings are not ASCII. */
function bigSession(): array
{
    mt_srand(1000);
    $cart = [];
    for ($i = 0; $i < 800; $i++) {
        $cart[] = [
            'sku' => strtoupper(hex(10)),
            'title' => mt_rand(0, 2) === 0 ? 'Büro-Stuhl „' . words(2) . '“' : words(4),
            'qty' => mt_rand(1, 9),
            'price' => mt_rand(100, 99999) / 100,
            'options' => ['color' => mt_rand(0, 2) === 0 ? 'grün' : 'black', 'size' => 'XL', 'gift' => false],
            'tags' => ['new', words(1)],
        ];
    }
    $mails = [];
    for ($i = 0; $i < 1800; $i++) {
        $german = mt_rand(0, 1) === 0;
        $mails[] = [
            'uid' => 20000 + $i,
            'subject' => $german ? 'Re: Rückfrage zur Bestellung ' . words(2) . ' ✓' : 'Re: ' . words(6),
            'from' => ['name' => mt_rand(0, 2) === 0 ? 'Jürgen Köß' : 'Bob Miller', 'address' => words(1) . '@example.org'],
            'to' => [words(1) . '@example.com'],
            'date' => '2026-0' . mt_rand(1, 9) . '-1' . mt_rand(0, 9) . ' 12:' . mt_rand(10, 59) . ':00',
            'message_id' => '<' . hex(32) . '@mail.example.org>',
            'preview' => mt_rand(0, 3) === 0 ? 'Schöne Grüße: ' . words(5) : words(8),
            'size' => mt_rand(900, 900000),
            'flags' => mt_rand(0, 1) === 0 ? ['\\Seen'] : [],
            'thread' => mt_rand(1, 600),
        ];
    }
    return ['user' => ['id' => 48213, 'name' => 'Zoë'], 'cart' => $cart, 'mails' => $mails, 'counter' => 5];
}

/** About 30 KB: a tree of objects that know their parent (`r:`), and values that places share (`R:`). */
function sessionWithReferences(): array
{
    mt_srand(30);
    $root = new stdClass;
    $root->name = 'root';
    $root->children = [];
    $all = [];
    for ($i = 0; $i < 120; $i++) {
        $node = new stdClass;
        $node->name = words(1);
        $node->parent = $i < 10 ? $root : $all[mt_rand(0, $i - 1)];
        $node->size = mt_rand(1, 5000);
        $root->children[] = $node;
        $all[] = $node;
    }
    $session = ['user_id' => 48213, 'tree' => $root, 'selected' => $all[17], 'items' => [], 'total' => 0];
    for ($i = 0; $i < 120; $i++) {
        $options = ['color' => words(1), 'sizes' => [mt_rand(1, 9), mt_rand(1, 9)]];
        $session['items'][$i] = ['id' => $i, 'options' => &$options];
        $session['recent'][] = &$options;
        $session['rows'][] = ['node' => $all[mt_rand(0, 119)], 'total' => &$session['total']];
        unset($options);
    }
    $session['counter'] = 5;
    return $session;
}

function words(int $count): string
{
    static $words = ['ad', 'basket', 'confirm', 'delivery', 'entry', 'folder', 'global', 'header', 'invoice', 'journal'];
    $text = [];
    for ($i = 0; $i < $count; $i++) $text[] = $words[mt_rand(0, 9)];
    return implode(' ', $text);
}

function hex(int $length): string
{
    $text = '';
    while (strlen($text) < $length) $text .= sprintf('%08x', mt_rand());
    return substr($text, 0, $length);
}
