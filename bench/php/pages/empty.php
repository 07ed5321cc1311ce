<?php

declare(strict_types=1);

// No session, so the visitor's browser counts.
$answer = (string) (($_COOKIE['COUNT'] ?? 0) + 1);
header("Set-Cookie: COUNT=$answer");
