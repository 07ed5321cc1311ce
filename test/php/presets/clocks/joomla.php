<?php

declare(strict_types=1);

// Joomla\Session\Session with the storage of the CMS, over the statements of its handler. Its timers are in the string of the session.

namespace Joomla\Session {
    /** What the classes of this namespace take for now. */
    function time(): int
    {
        return \JoomlaClock::$time;
    }
}

namespace {
    /** With the application's own classes. */
    final class JoomlaClock implements Clock
    {
        /** @var int Unix seconds */
        public static $time;
        private $session;

        /** @param object $handler of PHP */
        public function __construct(object $handler)
        {
            $input = new Joomla\Input\Input([], ['filter' => new stdClass()]);
            $storage = new Joomla\CMS\Session\Storage\JoomlaStorage($input, $handler);
            $this->session = new Joomla\Session\Session($storage, null, ['expire' => 900]);
        }

        public function open(?string $id): void
        {
            if ($id !== null) {
                $this->session->setId($id);
            }
            $this->session->start();
        }

        public function login(): void
        {
            $this->session->set('user', (object) ['id' => 42, 'username' => 'alice']);
        }

        public function visit(): bool
        {
            return $this->session->isActive();
        }

        public function user(): ?string
        {
            return $this->session->get('user')->username ?? null;
        }

        public function save(): void
        {
            $this->session->close();
        }
    }

    /** Session::setTimers(), and the rule of Session::validate(). */
    final class JoomlaRule implements Clock
    {
        private $side;
        private $registry;

        public function __construct(Side $side)
        {
            $this->side = $side;
        }

        public function open(?string $id): void
        {
            $this->side->open($id);
            $this->registry = isset($_SESSION['joomla'])
                ? unserialize(base64_decode($_SESSION['joomla']))
                : new Joomla\Registry\Registry();
        }

        public function login(): void
        {
            $this->registry->set('user', (object) ['id' => 42, 'username' => 'alice']);
        }

        public function visit(): bool
        {
            $now = JoomlaClock::$time;
            $timer = $this->registry->get('session')->timer ?? (object) ['start' => $now, 'last' => $now, 'now' => $now];
            $timer->last = $timer->now;
            $timer->now = $now;
            $this->registry->set('session', (object) ['timer' => $timer]);
            return $timer->last + 900 >= $timer->now;
        }

        public function user(): ?string
        {
            return $this->registry->get('user')->username ?? null;
        }

        public function save(): void
        {
            $_SESSION['joomla'] = base64_encode(serialize($this->registry));
            $this->side->save();
        }
    }

    return static function (string $name, array $request, Database $database): Clock {
        JoomlaClock::$time = $request['time'];
        $statements = applications()[$name];
        if (!isset($request['own'])) {
            autoload('Joomla\\Registry\\', dirname(__DIR__));
            return new JoomlaRule(new Statements($statements, $database));
        }
        define('_JEXEC', 1);
        autoload('Joomla\\Registry\\', $request['own'] . '/src');
        autoload('Joomla\\CMS\\', $request['own'] . '-cms/libraries/src');
        foreach (['Session', 'Input', 'Event'] as $package) {
            autoload("Joomla\\$package\\", $request['own'] . '-' . strtolower($package) . '/src');
        }
        return new JoomlaClock(handlerOf($statements, $database));
    };
}
