/** The script that a started process is started with. */
import { inheritCore } from '../native/inherited';
import { read } from '../process/command-line';
import type * as Child from './child';

const line = read(process.argv);
if (line.coreFile !== '') inheritCore(line.coreFile);
// Not imported: it loads the core.
(require('./child') as typeof Child).begin(line);
