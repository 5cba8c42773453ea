/** Calls `tell` with an error that ends this process or thread, as nothing of the user's handles it. */
export function onUncaught(tell: (error: unknown) => void): void {
  process.on('uncaughtExceptionMonitor', (error) => {
    if (process.listenerCount('uncaughtException') === 0 && !process.hasUncaughtExceptionCaptureCallback()) tell(error);
  });
}
