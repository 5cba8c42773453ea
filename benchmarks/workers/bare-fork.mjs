// What a pool over child_process.fork costs at least.
import { work } from './tasks.mjs';

process.on('message', ([id, x]) => process.send([id, work(x)]));
process.on('disconnect', () => process.exit());
