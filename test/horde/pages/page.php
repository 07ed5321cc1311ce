<?php

// Beside IMP's own pages: one of Horde's that does with its session what the test wants, and answers in JSON.

require_once __DIR__ . '/../lib/Application.php';

Horde_Registry::appInit('imp');

$name = $_GET['name'] ?? '';
$session = $GLOBALS['session'];
header('Content-Type: application/json');
usleep(1000 * (int) ($_GET['sleep'] ?? 0)); // The session is open meanwhile.
switch ($_GET['do'] ?? '') {
    case 'set':
        $session->set('hordelab', $name, (int) $_GET['value']);
        echo 'true';
        break;
    case 'get':
        echo json_encode($session->get($_GET['app'], $name));
        break;
    case 'user':
        echo json_encode($GLOBALS['registry']->getAuth());
        break;
    case 'unread':
        $status = $GLOBALS['injector']->getInstance('IMP_Factory_Imap')->create()
            ->status('INBOX', Horde_Imap_Client::STATUS_UNSEEN);
        echo json_encode($status['unseen']);
        break;
    case 'preference':
        echo json_encode($GLOBALS['prefs']->getValue($name));
        break;
    default:
        echo 'null';
}
