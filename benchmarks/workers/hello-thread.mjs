// Says one word and ends.
import { parentPort } from 'node:worker_threads';

parentPort.postMessage(1);
