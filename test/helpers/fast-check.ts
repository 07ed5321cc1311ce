import fc from 'fast-check';

// FC_NUM_RUNS=5000 npx jest --selectProjects property: more cases than the everyday run has. A failure prints its seed.
if (process.env.FC_NUM_RUNS) fc.configureGlobal({ numRuns: Number(process.env.FC_NUM_RUNS) });
