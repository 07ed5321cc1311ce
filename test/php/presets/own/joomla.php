<?php

declare(strict_types=1);

// Joomla's Registry, in a session that is stored by the statements of its handler.

return static function (string $own, Database $database): Side {
    return new Statements(applications()['joomla'], $database);
};
