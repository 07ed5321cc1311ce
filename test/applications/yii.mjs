/** @type {import('./shared/run.mjs').Application[]} */
export const applications = [
  {
    title: 'Yii 2',
    page: 'yii.php',
    /** framework/web/migrations/m160313_153426_session_init.php */
    schema: 'CREATE TABLE session (id VARCHAR(255) NOT NULL PRIMARY KEY, expire INT, data LONGBLOB)',
    preset: ({ yii }) => yii(),
    needs: 'yii2/framework/Yii.php',
    who: '42',
    logsIn: true,
    ini: { 'session.use_strict_mode': 1 },
  },
];
