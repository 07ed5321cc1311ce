<?php

declare(strict_types=1);

// MediaWiki as a whole, set up by its own installer (test/applications/mediawiki.mjs). The page is one of its entry points.

require __DIR__ . '/page.php';

define('MW_CONFIG_FILE', getenv('PSB_DROP_IN_FOLDER') . '/LocalSettings.php');
define('MW_INSTALL_PATH', getenv('PSB_DROP_IN_SHARE') . '/mediawiki');
chdir(MW_INSTALL_PATH);
require MW_INSTALL_PATH . '/includes/WebStart.php';

use MediaWiki\MediaWikiServices;
use MediaWiki\Session\Session as MediaWikiSession;

$session = new class (RequestContext::getMain()->getRequest()->getSession()) implements Session, Login {
    private $session;

    public function __construct(MediaWikiSession $session)
    {
        $this->session = $session;
    }

    public function get(string $key)
    {
        $user = $this->session->getUser();
        return $key === 'user' ? ($user->isRegistered() ? strtolower($user->getName()) : null) : $this->session->get($key);
    }

    public function set(string $key, $value): void
    {
        $this->session->persist();
        $this->session->set($key, $value);
    }

    public function flash(string $text): void
    {
        $this->set('flash', $text);
    }

    public function flashed(): ?string
    {
        $text = $this->session->get('flash');
        $this->session->remove('flash');
        return $text;
    }

    public function regenerate(): void
    {
        $this->session->resetId();
    }

    /** As AuthManager does. */
    public function login(): void
    {
        $user = MediaWikiServices::getInstance()->getUserFactory()->newFromName('Alice');
        $delay = $this->session->delaySave();
        $this->session->resetId();
        $this->session->resetAllTokens();
        $this->session->setUser($user);
        $this->session->setRememberUser(true);
        $this->session->persist();
    }

    public function logout(): void
    {
        $this->session->getUser()->doLogout();
    }
};
$answer = json_encode(act($session));
header('Content-Type: application/json');
MediaWiki\Session\SessionManager::singleton()->shutdown();
echo $answer;
