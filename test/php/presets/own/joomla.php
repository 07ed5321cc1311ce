<?php

declare(strict_types=1);

// Joomla's Registry, in a session that is stored by the statements of its handler.

return static function (string $own, Database $database): Side {
    autoload('Joomla\\Registry\\', "$own/src");
    return new Statements(applications()['joomla'], $database);
};
