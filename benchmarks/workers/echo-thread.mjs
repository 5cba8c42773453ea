// The other side of a MessagePort: echoes an item, or sends { item, times } back that often. With `words` both sides
// sleep in Atomics.wait.
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';

if (workerData?.words === undefined) {
  parentPort.on('message', (item) => {
    if (item.times === undefined) parentPort.postMessage(item);
    else for (let i = 0; i < item.times; i++) parentPort.postMessage(item.item);
  });
} else {
  const { port, words } = workerData;
  for (let seen = 0; ;) {
    Atomics.wait(words, 0, seen);
    seen = Atomics.load(words, 0);
    const received = receiveMessageOnPort(port);
    if (received === undefined) continue;
    port.postMessage(received.message);
    Atomics.add(words, 1, 1);
    Atomics.notify(words, 1);
  }
}
