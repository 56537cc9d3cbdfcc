const CHECK_EVERY_MS = 500;

/** Calls back, once, when the process that started this one is gone, however it ended. */
export function endWithParent(onGone: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onGone();
  }, CHECK_EVERY_MS);
  timer.unref();
}
