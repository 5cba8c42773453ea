// Sums the reports of earlier runs: node scripts/sum.mjs rust loom ... A suite named that has left no report has failed.
import { conclude, missing, readAll } from './suites/report.mjs';

console.log('\n== all suites');
conclude([...readAll(), ...missing(process.argv.slice(2))]);
