// Who is compared: each has a page in pages/, which has its name.

/**
 * @typedef {object} Contestant
 * @property {string} page
 * @property {string} title
 * @property {'symfony' | 'laravel' | 'codeigniter' | 'redis'} [needs] what it is made of, besides this package and PHP
 */

/** @type {readonly Contestant[]} */
export const contestants = [
  { page: 'ours-pdo', title: '* our handler, PDO' },
  { page: 'ours-mysqli', title: '* our handler, mysqli' },
  { page: 'ours-persistent', title: '* our handler, persistent' },
  { page: 'symfony-transactional', title: 'Symfony, row', needs: 'symfony' },
  { page: 'symfony-transactional-persistent', title: 'Symfony, row, persistent', needs: 'symfony' },
  { page: 'symfony-advisory', title: 'Symfony, advisory', needs: 'symfony' },
  { page: 'symfony-advisory-persistent', title: 'Symfony, advisory, persistent', needs: 'symfony' },
  { page: 'symfony-none', title: 'Symfony, no lock', needs: 'symfony' },
  { page: 'symfony-none-persistent', title: 'Symfony, no lock, persistent', needs: 'symfony' },
  { page: 'laravel', title: 'Laravel, no lock', needs: 'laravel' },
  { page: 'laravel-persistent', title: 'Laravel, no lock, persistent', needs: 'laravel' },
  { page: 'codeigniter-named', title: 'CodeIgniter 4, named lock', needs: 'codeigniter' },
  {
    page: 'codeigniter-named-persistent',
    title: 'CodeIgniter 4, named lock, persistent',
    needs: 'codeigniter',
  },
  { page: 'floor', title: 'floor: three statements by hand' },
  { page: 'floor-persistent', title: 'floor, persistent' },
  { page: 'redis', title: 'phpredis with lock', needs: 'redis' },
  { page: 'files', title: "PHP's files" },
  { page: 'empty', title: 'an empty page' },
];
