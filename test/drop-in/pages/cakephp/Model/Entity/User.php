<?php

declare(strict_types=1);

namespace App\Model\Entity;

/** A row of the application's table `users`. A login stores it in the session as it is, with the columns that are hidden elsewhere. */
class User extends \Cake\ORM\Entity
{
    protected array $_hidden = ['password'];
}
