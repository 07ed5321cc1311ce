<?php

// What Composer's autoloader does with php/composer.json: the class map first, then PSR-4. Loads one class, then the handler.

[, $class] = $argv;
$package = dirname(__DIR__, 2) . '/php';
$autoload = json_decode(file_get_contents("$package/composer.json"), true)['autoload'];
$map = [];
foreach ($autoload['classmap'] as $file) {
    $namespace = '';
    foreach (file("$package/$file") as $line) {
        if (preg_match('/^namespace (.+) \{$/', $line, $found)) {
            $namespace = $found[1];
        } elseif (preg_match('/^(?:final |abstract )?(?:class|interface|trait) (\w+)/', $line, $found)) {
            $map["$namespace\\$found[1]"] = "$package/$file";
        }
    }
}
spl_autoload_register(static function (string $class) use ($map, $package, $autoload) {
    foreach ($autoload['psr-4'] as $prefix => $directory) {
        $file = $map[$class] ?? "$package/$directory" . strtr(substr($class, strlen($prefix)), '\\', '/') . '.php';
        if (strpos($class, $prefix) === 0 && is_file($file)) {
            include $file;
        }
    }
});
class_exists($class) || interface_exists($class);
new PhpSessionBridge\SessionHandler(['user' => 'nobody'], ['lock' => 'merge']);
echo class_exists($class) || interface_exists($class) || trait_exists($class) ? 'loaded' : "no $class";
