// Changes an element of each array that it is sent, and answers with it.
import { parentPort } from 'node:worker_threads';

parentPort.on('message', (array) => parentPort.postMessage(++array[0]));
