const CHECK_INTERVAL_MS = 500;

/** Calls back once when the parent process has exited, for whatever reason. */
export function endWithParent(onExit: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onExit();
  }, CHECK_INTERVAL_MS);
  timer.unref();
}
