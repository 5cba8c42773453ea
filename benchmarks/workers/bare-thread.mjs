// What a pool over worker_threads costs at least: an id, a value, an answer.
import { parentPort } from 'node:worker_threads';
import { work } from './tasks.mjs';

parentPort.on('message', ([id, x]) => parentPort.postMessage([id, work(x)]));
