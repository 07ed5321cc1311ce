<?php

declare(strict_types=1);

namespace Joomla\Registry;

/** What the statements need of Joomla's class: its properties, which are serialized. */
final class Registry
{
    protected $data;
    protected $initialized = true;
    protected $separator = '.';

    public function __construct()
    {
        $this->data = new \stdClass();
    }

    public function get(string $name)
    {
        return $this->data->$name ?? null;
    }

    public function set(string $name, $value): void
    {
        $this->data->$name = $value;
    }
}
