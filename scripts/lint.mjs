// `npm run lint`.
import { lint } from './suites/lint.mjs';
import { conclude } from './suites/report.mjs';

conclude(await lint());
