// Runs a case file with a debugger attached to its process, as an editor attaches one. It fails if the debugger sees a pause.
import { spawn } from 'node:child_process';

const child = spawn(process.execPath, ['--inspect-wait=0', process.argv[2]], { stdio: ['ignore', 'inherit', 'pipe'] });
let stderr = '';
child.stderr.setEncoding('utf8').on('data', (text) => {
  stderr += text;
  const url = /ws:\/\/\S+/.exec(stderr)?.[0];
  if (url !== undefined && !attached) attach(url);
});
let attached = false;
let pauses = 0;

function attach(url) {
  attached = true;
  const socket = new WebSocket(url);
  let id = 0;
  const send = (method) => socket.send(JSON.stringify({ id: ++id, method, params: {} }));
  socket.addEventListener('open', () => {
    for (const method of ['Runtime.enable', 'Debugger.enable', 'Runtime.runIfWaitingForDebugger']) send(method);
  });
  socket.addEventListener('message', ({ data }) => {
    const { method } = JSON.parse(data);
    if (method === 'Debugger.paused') {
      pauses++;
      send('Debugger.resume');
    }
    if (method === 'Runtime.executionContextDestroyed') socket.close();
  });
}
child.on('exit', (code) => {
  if (pauses > 0) console.error(`the debugger was stopped ${pauses} times`);
  process.exit(pauses > 0 ? 1 : (code ?? 1));
});
